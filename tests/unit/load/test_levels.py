"""Levels and counts that answers rest on: of the run or of the question, whole or shared, as seen or as they clump."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.statistics.bounds import exceeds, lower_bound, upper_bound
from fixtures.statistics.sequential import anytime_interval
from fixtures.statistics.tally import Tally
from loadtests.judging import Answer, Finding, Levels
from loadtests.kinds import IDLE
from loadtests.verdict import EarlyStop, Outcome, Plan, judge
from tests.unit.load.judged import SOUND, TWENTY, counted, plan

FIVE = sorted(TWENTY)[:5]
PAGE = (Path(__file__).parents[3] / "docs" / "load.md").read_text("utf-8")
LEVELS = Levels(alpha=1e-2, beta=1e-4)
UNEQUAL = replace(plan("each: errors <= 5 %", frozenset(FIVE)), levels=LEVELS)
ONE = plan("chat sendMessage: errors <= 1 %")


CLUMPS = ((9, 20, 0), (1, 20, 4)) * 6


def followed(judged: Plan, tallies: dict[str, Tally], *, steady_from: float = 0.0) -> tuple[EarlyStop, bool]:
    """The run as it stands after its last second, and whether it might end then; everything was reported."""
    early = EarlyStop(replace(judged, steady_from=steady_from))
    ends = False
    last = max(second for tally in tallies.values() for second in tally.seconds())
    for before in range(1, last + 2):
        ends = early.advance(tallies, before)
    return early, ends


def of(answers: tuple[Answer, ...], name: str) -> Answer:
    """The one about this subject."""
    [answer] = (each for each in answers if each.question.name == name)
    return answer


def test_bad_news_shares_its_level_and_good_news_has_its_own_whole() -> None:
    """At one look and at every look, of counts that are worth less the more they clump."""
    tallies = {name: counted(*CLUMPS) for name in FIVE}
    answer = of(judge(UNEQUAL, tallies, SOUND).answers, FIVE[0])
    assert answer.effect > 1.5
    n, bad = answer.samples / answer.effect, answer.bad / answer.effect
    assert (answer.lower, answer.upper) == (lower_bound(bad, n, 1e-2 / 5), upper_bound(bad, n, 1e-4))
    for people, questions in ((False, 5), (True, 6)):
        # Whether people get fresh tokens is a question of its own.
        early, _ = followed(replace(UNEQUAL, people=people), tallies)
        answer = of(early.verdict(tallies, SOUND).answers, FIVE[0])
        assert answer.finding is Finding.OPEN
        assert (answer.lower, answer.upper) == anytime_interval(n, bad, 1e-2 / questions, 1e-4)


@pytest.mark.parametrize("alpha", [1e-2, 1e-12])
def test_what_holds_does_not_depend_on_the_level_of_bad_news(alpha: float) -> None:
    """A GO is as certain as its own level says."""
    judged = replace(UNEQUAL, levels=Levels(alpha=alpha, beta=1e-4))
    for samples, holds in ((179, False), (180, True)):
        answers = judge(judged, {name: counted((samples, 1, 0)) for name in FIVE}, SOUND).answers
        assert {answer.finding is Finding.HOLDS for answer in answers} == {holds}


def test_what_clumps_takes_as_many_more_as_it_says() -> None:
    """The number is of samples as they came, of which each is worth less; it settles, and nine tenths of it do not."""
    parts = ((9, 100, 0), (1, 100, 4)) * 6
    [answer] = judge(ONE, {"chat sendMessage": counted(*parts)}, SOUND).answers
    assert answer.more is not None
    assert answer.more > 1500
    for times, finding in ((math.ceil(answer.more / 1000) + 1, Finding.HOLDS), (answer.more // 1200, Finding.OPEN)):
        [later] = judge(ONE, {"chat sendMessage": counted(*parts, *parts[:2] * times)}, SOUND).answers
        assert later.finding is finding


def test_clumped_failures_are_not_accepted_as_if_they_were_single_ones() -> None:
    """Of as many failures in a run that is followed, those that come in one burst prove less."""
    for parts, ends in ((((4, 50, 0), (1, 50, 1)) * 8, 52), (((1, 50, 8), (39, 50, 0)), 182)):
        tallies, early = {"chat sendMessage": counted(*parts, (200, 50, 0))}, EarlyStop(ONE)
        for before in range(1, ends + 1):
            early.advance(tallies, before)
            [answer] = early.verdict(tallies, SOUND).answers
            assert (answer.finding is Finding.HOLDS) == (before == ends)


def test_what_is_asked_rarely_is_bet_on_by_blocks_of_ten() -> None:
    """Seven blocks of an outage are proof, and fourteen requests are not: they may be one burst."""
    tally = counted((60, 2, 2))
    early = EarlyStop(ONE)
    ends = [before for before in range(1, 60) if early.advance({"chat sendMessage": tally}, before)]
    assert ends[0] == 35


def test_idle_connections_share_the_level_too() -> None:
    """As many lost as one line alone would prove broken are no proof beside nineteen others, at every look."""
    lost = next(n for n in range(21, 60) if _broken(n, frozenset()))
    assert not _broken(lost, frozenset(sorted(TWENTY)[:19]))
    assert _broken(lost + 8, frozenset(sorted(TWENTY)[:19]))


def _broken(lost: int, others: frozenset[str]) -> bool:
    text = f"{IDLE}: succeeded >= 99 %" + ("\neach: errors <= 5 %" if others else "")
    tallies = {name: counted((20, 1, 0)) for name in others} | {IDLE: counted((10, 200, 0), (lost, 1, 1))}
    early, _ = followed(plan(text, others), tallies)
    return of(early.verdict(tallies, SOUND).answers, IDLE).finding is Finding.BROKEN


def test_when_all_is_reported_the_ramp_is_no_evidence_of_what_came_after_it_either() -> None:
    """What came too late for its second is counted then, and still from when the load is steady on."""
    tallies = {"chat sendMessage": counted((190, 100, 0))}
    for steady_from, ends in ((50.0, True), (60.0, False)):
        early, _ = followed(ONE, tallies, steady_from=steady_from)
        assert early.advance(tallies, 190, reported=True) == ends


def test_the_second_in_which_the_load_changes_is_not_of_after_it() -> None:
    """Some of its requests met another load."""
    tallies = {"chat sendMessage": counted((145, 100, 0))}
    for steady_from, ends in ((10.0, True), (10.4, False)):
        assert followed(ONE, tallies, steady_from=steady_from)[1] == ends


def test_exactly_as_many_as_are_allowed_are_fine_where_a_line_is_watched() -> None:
    """The limit itself is inside."""
    watched = replace(plan("*: errors <= 5 %\nchat sendMessage: errors <= 1 %, proven from 3 min"), lasting=60.0)
    for bad, outcome in ((4, Outcome.GO), (5, Outcome.INCONCLUSIVE)):
        tallies = {"chat sendMessage": counted(*((3, 20, 0), (1, 20, 1)) * bad, (20 - 4 * bad, 20, 0))}
        assert judge(watched, tallies, SOUND).outcome is outcome


@pytest.mark.parametrize(("share", "outcome"), [(0.02, 0.106), (0.03, 0.015), (0.04, 0.002)])
def test_a_minute_of_release_is_go_beyond_a_watched_limit_as_often_as_is_said(share: float, outcome: float) -> None:
    """Of 260 samples at most two were bad, as 1 % allows."""
    said = "GO all the same for 2 in 1,000 where 4 % fail, 15 in 1,000 where 3 % do, and one in ten where 2 % do"
    assert said in PAGE
    assert 1 - exceeds(3, 260, share) == pytest.approx(outcome, abs=0.0006)


def test_a_minute_of_release_proves_what_is_said_broken() -> None:
    """8 % of 260, where 43 questions share the level."""
    assert "8 % fail is proven broken within the minute in 95 runs of 100" in PAGE
    enough = next(bad for bad in range(260) if exceeds(bad, 260, 0.01) <= 0.001 / 43)
    assert exceeds(enough, 260, 0.08) > 0.95


def test_a_ramp_that_held_leaves_what_comes_after_it_no_shorter_to_prove() -> None:
    """A load that is steady is judged as if the run began with it, looked at as often."""
    steady = [(39, 10, 0), (1, 10, 1)] * 6
    ends = [
        next(before for before in range(1, 600) if early.advance(tallies, before)) - at
        for at in (0, 300)
        for early, tallies in [
            (
                EarlyStop(replace(ONE, steady_from=float(at))),
                {"chat sendMessage": counted(*[(300, 100, 0)] * bool(at), *steady)},
            )
        ]
    ]
    assert ends[0] == ends[1] > 150


def test_what_came_too_late_for_its_second_is_judged_when_all_is_reported() -> None:
    """Nothing that was counted is left out of an answer."""
    tallies = {"chat sendMessage": counted((60, 100, 0))}
    early, _ = followed(ONE, tallies)
    tallies["chat sendMessage"].add(3, [0.05] * 200, 200)
    early.advance(tallies, 60, reported=True)
    [answer] = early.verdict(tallies, SOUND).answers
    assert (answer.samples, answer.bad) == (6200, 200)


def test_seconds_that_are_far_apart_are_all_counted() -> None:
    """Of hours in which nothing ended the first second and the last are no less than others."""
    tally = counted((1, 10, 0))
    tally.add(5000, [0.05] * 10)
    early = EarlyStop(ONE)
    early.advance({"chat sendMessage": tally}, 6000)
    assert [answer.samples for answer in early.verdict({"chat sendMessage": tally}, SOUND).answers] == [20]
