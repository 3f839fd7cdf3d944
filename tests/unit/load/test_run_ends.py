"""The end of a long run: what it takes back, and nothing else."""

import math
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fixtures.statistics.tally import Tally
from loadtests.budgets.questions import limits
from loadtests.verdict import Outcome, judge
from tests.unit.load.judged import BOTH, SOUND, counted, plan


@pytest.mark.parametrize(
    ("lasting", "bad", "at_its_end", "outcome"),
    [
        (3600, 100, True, Outcome.INCONCLUSIVE),
        (3600, 60, True, Outcome.INCONCLUSIVE),
        (3600, 0, True, Outcome.GO),
        (3600, 100, False, Outcome.GO),
        (math.inf, 100, True, Outcome.GO),
    ],
)
def test_a_long_run_that_ends_broken_is_no_go_ahead(
    *, lasting: float, bad: int, at_its_end: bool, outcome: Outcome
) -> None:
    """As many slow answers as are allowed may all come at last, when something has run out for good."""
    tally = Tally(limits(BOTH.budget))
    start = 3600 - bad if at_its_end else 1000
    for second in range(3600):
        tally.add(second, [1.5 if start <= second < start + bad else 0.1] * 10)
    verdict = judge(replace(BOTH, lasting=lasting), {"chat sendMessage": tally}, SOUND)
    assert verdict.outcome is outcome
    if outcome is Outcome.INCONCLUSIVE:
        assert verdict.exit_code == 75
        (reason,) = verdict.reasons
        assert reason.text == (
            "it did not end as it ran: in its last 3 min, each: share over guide <= guide (chat sendMessage): "
            f"{10 * bad} of 1800"
        )


def test_of_all_that_did_not_end_as_it_ran_the_worst_is_named() -> None:
    """The others are counted, but for what would be proof only of a question that shares its level with none."""
    tallies = {
        name: counted((600 - bad, 100, 0), (bad, 100, 4))
        for name, bad in (("chat listMessages", 19), ("chat markRead", 30), ("chat sendMessage", 20))
    }
    for called, ends in (
        (tallies.keys(), "(chat markRead): 120 of 3000; and 1 question more"),
        ({"chat listMessages"}, "(chat listMessages): 76 of 3000"),
    ):
        judged = replace(plan("each: errors <= guide", frozenset(called)), lasting=600.0)
        (reason,) = judge(judged, tallies, SOUND).reasons
        assert reason.text.endswith(ends)


@given(st.lists(st.sampled_from((0.0, 0.0, 0.0, 0.02, 0.3)), min_size=20, max_size=20))
@example([0.0] * 19 + [0.3])
@example([0.3] + [0.0] * 19)
def test_its_end_takes_a_go_back_and_changes_nothing_else(slow: list[float]) -> None:
    """Only what was GO is judged by its last twentieth, which makes it INCONCLUSIVE, and only for what came there."""
    tally = Tally(limits(BOTH.budget))
    for second in range(600):
        late = int(50 * slow[second // 30])
        tally.add(second, [1.5] * late + [0.1] * (50 - late))
    counts = {"chat sendMessage": tally}
    short, long = (judge(replace(BOTH, lasting=lasting), counts, SOUND) for lasting in (599.0, 600.0))
    if short.outcome is Outcome.GO and long.outcome is not Outcome.GO:
        assert (long.outcome, slow[-1]) == (Outcome.INCONCLUSIVE, 0.3)
    else:
        assert long == short
    assert long.outcome is not Outcome.GO or slow[-1] < 0.3
