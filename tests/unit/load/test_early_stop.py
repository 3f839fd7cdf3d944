"""A load run that may end when it is decided: no more often wrongly NO-GO, and as often wrongly GO as is said."""

import math
import re
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.statistics.bounds import lower_bound, upper_bound
from fixtures.statistics.tally import Tally
from loadtests.judging import Finding
from loadtests.soundness import Facts
from loadtests.verdict import EarlyStop, Outcome, Plan, Verdict, judge
from tests.unit.load.judged import BOTH, ERRORS, SOUND, TWENTY, counted, plan, run
from tests.unit.statistics.bursts import blocks as bursts

PAGE = " ".join((Path(__file__).parents[3] / "docs" / "statistics.md").read_text("utf-8").split())


def follow(judged: Plan, tallies: dict[str, Tally], seconds: int, how: Facts = SOUND) -> tuple[int, Verdict]:
    """When the run could end, and its verdict then."""
    early = EarlyStop(judged)
    for second in range(1, seconds + 1):
        if early.advance(tallies, second):
            return second, early.verdict(tallies, how)
    return seconds, early.verdict(tallies, how)


@pytest.mark.parametrize(
    ("errors", "slow", "outcome", "within"),
    [
        (0.0, 0.0, Outcome.GO, 135),
        (0.001, 0.01, Outcome.GO, 135),
        (0.05, 0.0, Outcome.NO_GO, 15),
        (0.0, 0.2, Outcome.NO_GO, 15),
        (1.0, 0.0, Outcome.NO_GO, 10),
    ],
)
def test_a_run_may_end_when_it_is_decided(errors: float, slow: float, outcome: Outcome, within: int) -> None:
    """Clear cases end early, what is broken in seconds, with the verdict that the whole run has."""
    tallies = run(BOTH, seconds=150, errors=errors, slow=slow)
    second, verdict = follow(BOTH, tallies, 150)
    assert verdict.outcome is outcome is judge(BOTH, tallies, SOUND).outcome
    assert second <= within
    assert "Bounded at every look" in verdict.sharing


def test_an_undecided_run_goes_on_to_its_end() -> None:
    """At the limit itself nothing is decided early, and the report says that nothing would, or how many."""
    tallies = run(ERRORS, seconds=60, errors=0.01)
    second, verdict = follow(ERRORS, tallies, 60)
    assert (second, verdict.outcome) == (60, Outcome.INCONCLUSIVE)
    [answer] = verdict.answers
    assert answer.lower < 0.01 < answer.upper


@pytest.mark.parametrize(("failed", "ends"), [(0, 150), (60, 7)])
def test_good_news_waits_for_the_minimum_and_bad_news_does_not(failed: int, ends: int) -> None:
    """A run that holds everything goes on until its minimum of samples; a broken limit ends it at once."""
    early = EarlyStop(plan("*: errors <= guide\n*: samples >= 15000"))
    tallies, second = {"chat sendMessage": Tally()}, 0
    while not early.advance(tallies, second):
        tallies["chat sendMessage"].add(second, [0.1] * 100, failed)
        second += 1
    assert second == ends


@pytest.mark.parametrize(
    ("allowed", "rate", "ends"),
    [(1, 1000, 135), (1, 100, 135), (5, 100, 135), (11, 100, 60), (30, 100, 20), (1, 5, 270)],
)
def test_good_news_waits_for_as_many_blocks_as_would_show_that_some_fail_whole(
    allowed: int, rate: int, ends: int
) -> None:
    """As long as nothing is bad nobody knows how it clumps: a block in twenty is refuted, or as many as are allowed."""
    judged = plan(f"*: errors <= {allowed} %")
    second, verdict = follow(judged, {"chat sendMessage": counted((300, rate, 0))}, 300)
    assert (second, verdict.outcome) == (ends, Outcome.GO)


@pytest.mark.parametrize("bad", [0, 60, 134])
def test_a_second_that_failed_whole_is_no_early_go(bad: int) -> None:
    """One among those that are waited for and a run of ten minutes is not ended as GO, however many a second holds."""
    tally = counted((bad, 1000, 0), (1, 1000, 1000), (599 - bad, 1000, 0))
    second, verdict = follow(ERRORS, {"chat sendMessage": tally}, 600)
    assert (second, verdict.outcome) == (600, Outcome.INCONCLUSIVE)


def test_whole_seconds_that_fail_are_missed_as_often_as_is_said() -> None:
    """A run that ends early is GO if none of its first 135 seconds failed, one of ten minutes if none at all did."""
    once = {bad: judge(ERRORS, {"chat sendMessage": counted((600 - bad, 9, 0), (bad, 9, 9))}, SOUND) for bad in (0, 1)}
    assert [verdict.outcome for verdict in once.values()] == [Outcome.GO, Outcome.INCONCLUSIVE]
    for of, share in (("one second in 20, whole", 1 / 20), ("one in 50", 1 / 50), ("one in 100: the limit", 1 / 100)):
        early, late = (1000 * (1 - share) ** seconds for seconds in (135, 600))
        assert f"| {of} | {early:.0f} | {late:.0f} |" in PAGE


@pytest.mark.parametrize(
    ("share", "length", "ended"),
    [
        (0.01, 2, 27),
        (0.01, 5, 109),
        (0.01, 10, 293),
        (0.02, 5, 11),
        (0.02, 10, 82),
    ],
)
def test_bursts_that_an_early_end_does_not_live_to_see_are_as_many_as_is_said(
    share: float, length: int, ended: int
) -> None:
    """Of five requests a second, the rarest of `release`: so many of a thousand runs are ended as GO."""
    assert " in bursts of mean length 2, 5, 10 | 27, 109, 293 |" in PAGE
    assert "| 2 % of them | 0, 11, 82 |" in PAGE
    random, runs, held = Random(28), 100, 0
    for _ in range(runs):
        tally = Tally()
        for second, (n, bad) in enumerate(bursts(random, share=share, length=length, seconds=580, rate=5)):
            tally.add(second, [0.05] * n, bad)
        second, verdict = follow(ERRORS, {"chat sendMessage": tally}, 580)
        held += second < 580 and verdict.outcome is Outcome.GO
    assert lower_bound(held, runs, 0.001) <= ended / 1000 <= upper_bound(held, runs, 0.001)


def test_following_a_run_alarms_rarely_at_the_limit() -> None:
    """Looked at every second for a minute, 300 runs at exactly the limit are hardly ever stopped as broken."""
    alarms = 0
    for seed in range(300):
        tallies = run(ERRORS, seconds=60, rate=20, errors=0.01, seed=seed)
        alarms += follow(ERRORS, tallies, 60)[1].outcome is Outcome.NO_GO
    assert alarms <= 2


def test_what_one_question_alone_would_prove_twenty_do_not_either() -> None:
    """Followed questions share the level, too: of twenty it takes more seconds of the same to break one."""
    name = "chat operation7"
    tallies = {each: counted((40, 20, 2 if each == name else 0)) for each in TWENTY}
    second, verdict = follow(plan("each: errors <= guide", frozenset({name})), tallies, 40)
    later, of_twenty = follow(plan("each: errors <= guide", TWENTY), tallies, 40)
    assert verdict.outcome is of_twenty.outcome is Outcome.NO_GO
    assert second < later


def test_a_run_that_may_end_is_hardly_ever_go_at_its_limit() -> None:
    """Looked at every second for two minutes, 200 runs with errors of exactly 1 % are hardly ever taken for good."""
    wrong = 0
    for seed in range(200):
        wrong += follow(ERRORS, run(ERRORS, seconds=120, rate=50, errors=0.01, seed=seed), 120)[1].outcome is Outcome.GO
    assert wrong <= 2


@pytest.mark.parametrize(
    ("breaks", "finding", "outcome"),
    [((102, 20, 2), Finding.BROKEN, Outcome.NO_GO), ((8, 20, 10), Finding.OPEN, Outcome.INCONCLUSIVE)],
)
def test_what_held_and_broke_since_holds_no_more(
    breaks: tuple[int, int, int], finding: Finding, outcome: Outcome
) -> None:
    """A line that held while another needed more samples keeps a run from GO when it breaks before the others hold."""
    judged = plan("chat sendMessage: errors <= 1 %\ndelivery: delivered >= 99 %")
    seconds = 300 + breaks[0]
    tallies = {"chat sendMessage": counted((300, 20, 0), breaks), "delivery": counted((seconds, 2, 0))}
    assert judge(judged, tallies, SOUND).outcome is outcome
    _, verdict = follow(judged, tallies, seconds)
    assert verdict.outcome is outcome
    assert verdict.answers[0].finding is finding


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(5, 40), st.integers(1, 30), st.integers(0, 3)), min_size=1, max_size=6))
def test_no_run_is_go_early_that_is_none_by_all_its_counts(parts: list[tuple[int, int, int]]) -> None:
    """Whatever became better or worse in between, whenever one asks: GO is only what one look at all counts is, too."""
    judged = plan("*: errors <= 5 %")
    seen, early = Tally(), EarlyStop(judged)
    for seconds, requests, failed in parts:
        for _ in range(seconds):
            seen.add(len(seen.seconds()), [0.05] * requests, min(requests, failed))
            early.advance({"chat sendMessage": seen}, len(seen.seconds()))
        verdict = early.verdict({"chat sendMessage": seen}, SOUND)
        if verdict.outcome is Outcome.GO:
            assert judge(judged, {"chat sendMessage": seen}, SOUND).outcome is Outcome.GO
            assert verdict.answers[0].upper <= verdict.answers[0].question.allowed


def test_what_is_watched_is_seen_to_the_end() -> None:
    """A run that watches is ended by what is broken only, though all be proven before: it is to last its time."""
    judged = replace(plan("*: errors <= guide\neach: errors <= 0.1 %, proven from 3 min"), lasting=60.0)
    for rate, errors, outcome in (
        (100, 0.0, Outcome.GO),
        (300, 0.0, Outcome.GO),
        (100, 0.002, Outcome.INCONCLUSIVE),
        (100, 0.2, Outcome.NO_GO),
    ):
        tallies, stop = run(judged, rate=rate, errors=errors), EarlyStop(judged)
        assert any(stop.advance(tallies, before) for before in range(1, 61)) == (outcome is Outcome.NO_GO)
        assert stop.verdict(tallies, SOUND).outcome is outcome


@pytest.mark.parametrize("began", [0.0, 1000.4])
def test_good_news_is_from_after_the_last_change_of_the_load(began: float) -> None:
    """However much was seen before, GO takes as much again from then on; bad news is taken from any time."""
    first, steady = math.ceil(began), replace(ERRORS, steady_from=40.0)
    for tail, ends, outcome in ((0, 136, Outcome.GO), (60, -30, Outcome.NO_GO)):
        tally, early = Tally(), EarlyStop(steady)
        for second in range(first, first + 300):
            tally.add(second, [0.05] * 100, tail)
            if early.advance({"chat sendMessage": tally}, second + 1, began):
                break
        assert early.verdict({"chat sendMessage": tally}, SOUND).outcome is outcome
        assert second + 1 - first <= 40 + ends
        assert outcome is Outcome.NO_GO or second + 1 >= began + 40 + 135


def test_what_the_peak_broke_is_not_forgotten() -> None:
    """Proof by what came since the load changed last is not enough either: all that was counted has to hold."""
    tally = counted((20, 100, 0), (5, 100, 20), (15, 100, 0))
    assert judge(ERRORS, {"chat sendMessage": tally}, SOUND).outcome is not Outcome.GO
    second, verdict = follow(replace(ERRORS, steady_from=25.0), {"chat sendMessage": tally}, 40)
    assert (second, verdict.outcome) == (40, Outcome.INCONCLUSIVE)


def test_what_is_missing_is_what_a_followed_run_takes() -> None:
    """One look would be content with 688 samples; to be asked every second it takes 804, and the report says so."""
    early, tallies = EarlyStop(ERRORS), {"chat sendMessage": counted((7, 100, 0))}
    early.advance(tallies, 7)
    [answer] = early.verdict(tallies, SOUND).answers
    assert (answer.finding, answer.more) == (Finding.OPEN, 104)
    tallies["chat sendMessage"].add(7, [0.05] * 104)
    early.advance(tallies, 8)
    assert early.verdict(tallies, SOUND).outcome is Outcome.GO


def test_nothing_followed_is_nothing_proven() -> None:
    """Before the first second, and with no tally, there is no answer and no end."""
    early = EarlyStop(ERRORS)
    assert not early.advance({}, 0)
    verdict = early.verdict({}, SOUND)
    assert verdict.outcome is Outcome.INVALID
    assert re.search(r"nothing was counted; [0-9]+ samples settle it if none is bad", str(verdict.reasons))
    assert verdict.answers[0].share is None


def test_a_second_is_bet_on_once() -> None:
    """Looking at the same seconds again adds no evidence."""
    tallies = run(ERRORS, seconds=5, errors=1.0)
    early = EarlyStop(ERRORS)
    assert not any(early.advance(tallies, 5) for _ in range(50))


@pytest.mark.parametrize(
    ("parts", "more", "like_it"),
    [
        ([(9, 1, 1)], 72, (1, 1, 1)),
        ([(3, 3, 1)], 72, None),
        ([(40, 1, 1)], 32, (1, 1, 1)),
        ([(6, 100, 100)], 111, (1, 100, 100)),
        ([(5, 20, 1)], 43, (1, 20, 1)),
        ([(30, 10, 0), (10, 10, 10)], 644, None),
        ([(4, 100, 0), (1, 100, 100)] * 4, None, None),
    ],
)
def test_what_breaks_says_how_many_more_prove_it(
    parts: list[tuple[int, int, int]], more: int | None, like_it: tuple[int, int, int] | None
) -> None:
    """The bets are asked, and one look is not: it would say that nothing is missing."""
    tally, early = counted(*parts), EarlyStop(ERRORS)
    early.advance({"chat sendMessage": tally}, len(tally.seconds()))
    [answer] = early.verdict({"chat sendMessage": tally}, SOUND).answers
    assert (answer.finding, answer.more) == (Finding.OPEN, more)
    assert answer.lower <= answer.question.allowed
    if like_it is not None and more is not None:
        seconds = math.ceil(more / like_it[1])
        whole = counted(*parts, (seconds, *like_it[1:]))
        assert early.advance({"chat sendMessage": whole}, len(whole.seconds()))
        [answer] = early.verdict({"chat sendMessage": whole}, SOUND).answers
        assert (answer.finding, answer.more, answer.passed) == (Finding.BROKEN, 0, False)
        assert answer.lower >= answer.question.allowed


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ([(10, 1000, 0), (1, 1000, 1000), (9, 1000, 0)] * 10, "what is bad fills whole seconds: only one look"),
        ([(60, 1000, 10)], "no number of samples settles it"),
    ],
)
def test_what_is_far_beyond_its_limit_is_not_said_to_lie_at_it(parts: list[tuple[int, int, int]], says: str) -> None:
    """The bets never prove a second of twenty that fails whole, however long they go on, and one look does."""
    tallies = {"chat sendMessage": counted(*parts)}
    _, verdict = follow(ERRORS, tallies, 200)
    [answer] = verdict.answers
    assert (answer.finding, answer.more) == (Finding.OPEN, None)
    assert f"; {says}" in str(answer)
    assert answer.whole_seconds == (judge(ERRORS, tallies, SOUND).outcome is Outcome.NO_GO)


def test_what_was_broken_for_a_while_says_so() -> None:
    """Proven broken stays so, and a line whose counts are within the limit again tells why."""
    tally, early = counted((7, 100, 4), (200, 100, 0)), EarlyStop(ERRORS)
    for second in range(1, 208):
        early.advance({"chat sendMessage": tally}, second)
    verdict = early.verdict({"chat sendMessage": tally}, SOUND)
    assert verdict.outcome is Outcome.NO_GO
    assert verdict.answers[0].upper < verdict.answers[0].question.allowed
    assert ": broken for a while" in str(verdict.reasons[0])
    assert judge(ERRORS, {"chat sendMessage": tally}, SOUND).outcome is Outcome.GO


@pytest.mark.parametrize(("lasts", "share", "once"), [(3600, "0.194 %", "GO"), (600, "1.167 %", "INCONCLUSIVE")])
def test_an_outage_that_was_over_soon_is_judged_as_is_said(lasts: int, share: str, once: str) -> None:
    """Of seven seconds a followed run is NO-GO at once, whatever comes; one look at the end asks how much that was."""
    tallies = {"chat sendMessage": counted((7, 100, 100), (lasts - 7, 100, 0))}
    second, verdict = follow(ERRORS, tallies, lasts)
    assert (second, verdict.outcome) == (7, Outcome.NO_GO)
    assert judge(ERRORS, tallies, SOUND).outcome.name == once
    assert f"{7 / lasts:.3%}" == share.replace(" ", "")
    assert f"{share}, far below 1 %: a followed" in PAGE or f"{share}, and one look is {once}" in PAGE
