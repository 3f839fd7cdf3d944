"""Fresh tokens, of which no budget speaks: NO-GO when they are proven broken, and never needed for GO."""

from dataclasses import replace

import pytest

from fixtures.statistics.tally import Tally
from loadtests.budgets.questions import limits
from loadtests.kinds import FRESH
from loadtests.soundness import Cause
from loadtests.verdict import EarlyStop, Outcome, judge
from tests.unit.load.judged import BOTH, SOUND, TWENTY, UNSOUND, plan, run


def _refreshed(failed: int) -> dict[str, Tally]:
    """A run in which all holds and 140 people got fresh tokens, one every two seconds, with so many failures."""
    tallies = run(BOTH, rate=500) | {FRESH: Tally(limits(BOTH.budget))}
    for person in range(140):
        tallies[FRESH].add(2 * person, [0.05], int((person + 1) * failed / 140) - int(person * failed / 140))
    return tallies


@pytest.mark.parametrize(
    ("failed", "outcome"),
    [(0, Outcome.GO), (1, Outcome.GO), (3, Outcome.GO), (14, Outcome.NO_GO), (140, Outcome.NO_GO)],
)
def test_tokens_that_cannot_be_renewed_are_no_go(failed: int, outcome: Outcome) -> None:
    """Whatever the budget says, people would be logged out; few that fail are no proof, and nobody asks for one."""
    judged, tallies = replace(BOTH, people=True), _refreshed(failed)
    early = EarlyStop(judged)
    early.advance(tallies, 300)
    for verdict in (judge(judged, tallies, SOUND), early.verdict(tallies, SOUND)):
        assert verdict.outcome is outcome
        assert [FRESH in str(reason) for reason in verdict.reasons] == [outcome is Outcome.NO_GO]
        assert [answer.question.name for answer in verdict.answers].count(FRESH) == (outcome is Outcome.NO_GO)


@pytest.mark.parametrize(
    ("parts", "outcome"),
    [
        ([(1, 4, 4)], Outcome.INCONCLUSIVE),
        ([(1, 4, 3)], Outcome.GO),
        ([(1, 40, 40)], Outcome.INCONCLUSIVE),
        ([(3, 4, 4), (1, 2, 2)], Outcome.NO_GO),
    ],
)
def test_tokens_that_failed_all_at_once_are_neither_proof_nor_nothing(
    parts: list[tuple[int, int, int]], outcome: Outcome
) -> None:
    """Four people whose tokens are renewed in one second say little of the platform, and too much for a GO."""
    fresh = Tally(limits(BOTH.budget))
    for second, (n, bad) in enumerate(part[1:] for part in parts for _ in range(part[0])):
        fresh.add(second, [0.05] * n, bad)
    verdict = judge(replace(BOTH, people=True), run(BOTH, rate=500) | {FRESH: fresh}, SOUND)
    assert verdict.outcome is outcome
    assert (FRESH in str(verdict.reasons[0])) == (outcome is not Outcome.GO)


def test_tokens_that_a_late_generator_could_not_renew_are_no_matter_of_the_platform() -> None:
    """What it was late by may be why; then nothing is said of them."""
    verdict = judge(BOTH, _refreshed(140), UNSOUND[Cause.GENERATOR_CPU])
    assert verdict.outcome is Outcome.INVALID
    assert FRESH not in str(verdict.reasons)


@pytest.mark.parametrize(("failed", "outcome"), [(8, Outcome.GO), (9, Outcome.NO_GO)])
def test_fresh_tokens_share_the_level_of_a_followed_run(failed: int, outcome: Outcome) -> None:
    """As many as one question alone would prove broken are no proof beside twenty others."""
    judged = replace(plan("each: errors <= 1 %", TWENTY), people=True)
    tallies = run(judged, rate=500) | {FRESH: _refreshed(failed)[FRESH]}
    early = EarlyStop(judged)
    early.advance(tallies, 300)
    assert early.verdict(tallies, SOUND).outcome is outcome
