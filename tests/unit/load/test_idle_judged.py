"""Idle connections are judged one by one: what was lost, not when."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.statistics.tally import Tally
from loadtests.kinds import IDLE
from loadtests.verdict import EarlyStop, Outcome, judge
from tests.unit.load.judged import SOUND, plan

PLAN = plan(f"{IDLE}: succeeded >= 99 %", frozenset())
LASTS = 600


def held(count: int, lost: Sequence[int]) -> dict[str, Tally]:
    """So many connections, opened 200 a second, of which one was lost in each of these seconds."""
    tally = Tally()
    for second in range(count // 200):
        tally.add(second, [0.01] * 200)
    for second in lost:
        tally.add(second, [float("inf")], 1)
    return {IDLE: tally}


@pytest.mark.parametrize(
    ("lost", "outcome"),
    [
        pytest.param([], Outcome.GO, id="none"),
        pytest.param([60, 200, 400], Outcome.GO, id="a few, now and then"),
        pytest.param([300, 300, 300], Outcome.GO, id="a few at once"),
        pytest.param([300] * 20, Outcome.INCONCLUSIVE, id="as many as are allowed"),
        pytest.param([300] * 100, Outcome.NO_GO, id="a replica's"),
        pytest.param([300] * 2000, Outcome.NO_GO, id="all at once"),
        pytest.param([*range(100, 500)], Outcome.NO_GO, id="a fifth, one by one"),
    ],
)
def test_how_many_were_lost_is_the_verdict(lost: list[int], outcome: Outcome) -> None:
    """A second in which all are lost is no burst that could happen to anybody, and one loss an hour is none, either."""
    tallies = held(2000, lost)
    assert judge(replace(PLAN, lasting=LASTS), tallies, SOUND).outcome is outcome
    early = EarlyStop(replace(PLAN, lasting=LASTS, steady_from=LASTS))
    for second in range(1, LASTS + 1):
        early.advance({IDLE: Tally()} if second == 1 else _until(tallies, second), second)
    assert early.verdict(tallies, SOUND).outcome is outcome


def _until(tallies: dict[str, Tally], before: int) -> dict[str, Tally]:
    """What was counted by then."""
    known = Tally()
    for second, (n, bad) in tallies[IDLE].counts().items():
        if second < before:
            known.add(second, [0.01] * n, bad)
    return {IDLE: known}


@given(st.lists(st.integers(11, 500), max_size=200), st.integers(11, 500))
def test_when_they_were_lost_does_not_matter(lost: list[int], at: int) -> None:
    """Spread over the run or all in one second, the same number gives the same answer."""
    [one], [other] = (judge(PLAN, held(2000, when), SOUND).answers for when in (lost, [at] * len(lost)))
    assert one == other


def test_a_run_may_end_though_all_were_opened_before_its_load_was_steady() -> None:
    """Nothing is counted of who is only held: what was opened first speaks for the rest of the run."""
    judged = replace(plan(f"{IDLE}: succeeded >= 99 %\n*: errors <= guide"), lasting=LASTS, steady_from=20)
    tallies = {**held(2000, []), "chat sendMessage": Tally()}
    early, second = EarlyStop(judged), 0
    while not early.advance(tallies, second) and second < LASTS:
        tallies["chat sendMessage"].add(second, [0.05] * 100)
        second += 1
    assert second == 20 + 135


def test_few_that_all_fail_in_their_first_second_are_no_go() -> None:
    """A hundred are opened in less than a second: that is a hundred connections, and not one event."""
    tally = Tally()
    tally.add(0, [float("inf")] * 100, 100)
    assert judge(PLAN, {IDLE: tally}, SOUND).outcome is Outcome.NO_GO
