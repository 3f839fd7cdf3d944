"""The leader: whatever happens to a run, it ends in bounded time with the verdict that says so."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from fixtures.environments import Environment
from loadtests.conductor.leader import DRAIN, DRAIN_AT_ONCE
from loadtests.conductor.messages import End, Go, Ready
from loadtests.report.model import LoadRun
from loadtests.report.series import series
from loadtests.said import MOST
from loadtests.soundness import Cause
from loadtests.verdict import Outcome, Verdict, judge
from tests.unit.load.conductor.simulated import BEGAN, ONE, OPERATION, OTHER, SEEN, Run, Simulated, profile, two
from tests.unit.load.told import PLATFORM

GREEN = SEEN.replace("blue", "green")


def test_a_sound_run_is_go_and_took_as_long_as_its_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every member begins at the same moment, and the sum of all is judged."""
    run = Run(two())
    ended = run.conduct(monkeypatch)
    assert ended.verdict.outcome is Outcome.GO, ended.verdict.reasons
    assert 19.9 < ended.ended - ended.began < 21
    assert ended.facts.arrivals_started == ended.facts.arrivals_asked == ended.counts.asked.total()
    assert ended.facts.arrivals_asked > 2 * 100 * 19
    assert ended.notes == ()
    assert [entry.drain for member in run.members.values() for entry in member.heard if isinstance(entry, End)] == [
        DRAIN,
        DRAIN,
    ]


def test_removing_people_is_no_part_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run has lasted until its last work had ended, however long its people took to be removed."""
    run = Run([Simulated(ONE, leaves_for=30.0)])
    ended = run.conduct(monkeypatch)
    assert 19.9 < ended.ended - ended.began < 21
    assert run.wall() > ended.ended + 25


def test_a_slow_world_has_as_much_longer_to_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is waited for takes longer there, and an end that somebody wants does not."""
    for drain, interrupted in ((3 * DRAIN, False), (DRAIN_AT_ONCE, True)):
        run = Run([Simulated(ONE)])
        run.leader.order = replace(run.leader.order, platform=replace(run.leader.order.platform, time_scale=3.0))
        if interrupted:
            run.after(5, lambda leader: leader.interrupt("Ctrl-C"))
        run.conduct(monkeypatch)
        assert [entry.drain for entry in run.members[ONE].heard if isinstance(entry, End)] == [drain]


def test_the_verdict_so_far_is_told_every_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """People see how it stands while it goes on."""
    run = Run(two())
    run.conduct(monkeypatch)
    assert len(run.told) in (19, 20)
    assert run.told[0].verdict.outcome is not Outcome.GO
    assert run.told[-1].facts.arrivals_asked > run.told[5].facts.arrivals_asked


def test_members_with_different_clocks_begin_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Offset 0 is told by each member's own clock; clocks that are too far apart make the run INVALID."""
    run = Run([Simulated(ONE), Simulated(OTHER, clock=3.0)])
    ended = run.conduct(monkeypatch)
    began = [entry.at for member in run.members.values() for entry in member.heard if isinstance(entry, Go)]
    assert began[1] - began[0] == pytest.approx(3.0)
    assert ended.verdict.exit_code == Cause.CLOCKS_DISAGREE.code


def test_what_comes_after_the_end_changes_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost worker may go on reporting while the counts are judged, in a thread of its own."""
    run = Run(two())
    run.after(5, lambda leader: leader.lose(ONE, "no answer"))

    def apart(compute: Callable[[], Verdict]) -> Verdict:
        before = run.leader.roster.counts.asked.total()
        if run.leader.roster.settled:
            run._report(run.members[ONE])
            assert run.leader.roster.counts.asked.total() == before
        return compute()

    run.leader._apart = apart
    assert run.conduct(monkeypatch).verdict.exit_code == Cause.WORKER_LOST.code


def test_what_comes_while_it_judges_is_counted_when_it_has_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts are read in a thread, under which nothing may change, and nothing that came is lost."""
    run = Run([Simulated(ONE)])

    def apart(compute: Callable[[], Verdict]) -> Verdict:
        before = run.leader.roster.counts.asked.total()
        if not run.leader.roster.settled:
            run._report(run.members[ONE])
        assert run.leader.roster.counts.asked.total() == before
        return compute()

    run.leader._apart = apart
    ended = run.conduct(monkeypatch)
    assert ended.facts.workers_lost == ()
    assert run.leader.roster.members[ONE].reports == run.members[ONE].reports


def test_a_leader_that_breaks_ends_its_members_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a verdict, and with nobody left behind."""
    run = Run([Simulated(ONE)])

    def tell(_: object) -> None:
        raise OSError("broken pipe")

    run.leader._tell = tell
    with pytest.raises(OSError, match="broken pipe"):
        run.conduct(monkeypatch)
    assert run.members[ONE].heard[-1] == End("run", DRAIN_AT_ONCE, early=True)


def test_a_target_that_changes_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer from another slot makes what was counted before and after two different things."""
    switching = Simulated(ONE, seen=lambda second: SEEN if second < BEGAN + 6 else GREEN)
    ended = Run([switching]).conduct(monkeypatch)
    assert ended.verdict.exit_code == Cause.TARGET_CHANGED.code
    assert "chat answered from slot green, not blue" in str(ended.verdict.reasons[0])
    assert ended.ended - ended.began < 10


@pytest.mark.parametrize("seconds", [MOST, 20])
def test_a_target_of_very_many_names_is_judged_and_noted(monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    """Replicas that are replaced by others of the same build are no change; what is not told apart any more is said."""
    renaming = Simulated(ONE, seen=lambda second: f'chat;slot=blue;build="b1";instance="{second}"')
    run = Run([renaming])
    run.leader.order = replace(run.leader.order, profile=profile(float(seconds + 5)))
    ended = run.conduct(monkeypatch)
    assert ended.verdict.outcome is Outcome.GO
    noted = [note for note in ended.notes if f"chat named {MOST} instances or more by X-Served-By" in note]
    assert len(noted) == (seconds == MOST)


def test_a_target_that_never_says_who_it_is_ends_the_run_where_that_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be any build; where the environment means none, or only errors came, the budget is judged."""

    def conducted(platform: Environment, errors: float = 0.0, good: str = "") -> LoadRun:
        run = Run([Simulated(ONE, errors=errors, seen=lambda _: None)])
        run.leader.roster.good.update(filter(None, [good]))
        run.leader.order = replace(run.leader.order, platform=platform)
        return run.conduct(monkeypatch)

    blue = replace(PLATFORM, slot="blue")
    ended = conducted(blue)
    assert ended.verdict.exit_code == Cause.TARGET_CHANGED.code
    assert "chat answered without ever sending X-Served-By" in str(ended.verdict.reasons[0])
    assert ended.ended - ended.began < 10
    unknown = conducted(PLATFORM)
    assert unknown.verdict.outcome is Outcome.GO
    assert any("would not be noticed" in note for note in unknown.notes)
    assert conducted(blue, errors=1.0).verdict.outcome is Outcome.NO_GO
    assert conducted(blue, errors=1.0, good="fresh tokens").verdict.outcome is Outcome.NO_GO


@pytest.mark.parametrize(("stop_when_decided", "lasts"), [(False, 20), (True, 6)])
def test_people_who_are_mixed_up_once_are_no_go(
    monkeypatch: pytest.MonkeyPatch, *, stop_when_decided: bool, lasts: int
) -> None:
    """One answer among thousands that is somebody else's is within every limit, and certainly no release."""
    watched = profile(budget="each: errors <= guide\neach: share over guide, proven from 1 h")
    run = Run(two(), watched, stop_when_decided=stop_when_decided)
    run.after(5, lambda leader: leader.roster.counts.add(OPERATION, BEGAN + 4, [0.05], ["somebody else's user_id"]))
    ended = run.conduct(monkeypatch)
    assert ended.verdict.outcome is Outcome.NO_GO
    assert f"{OPERATION}: somebody else's user_id (1 time)" in str(ended.verdict.reasons[0])
    assert ended.facts.interrupted == ""
    assert ended.ended - ended.began == pytest.approx(lasts, abs=1.5)


@pytest.mark.parametrize(
    ("member", "cause"),
    [
        (Simulated(ONE, cpu=0.97), Cause.GENERATOR_CPU),
        (Simulated(ONE, lag=0.2), Cause.GENERATOR_LAG),
        (Simulated(ONE, refused=1), Cause.NOT_STARTED),
        (Simulated(ONE, drift=lambda second: 5.0 * (second == BEGAN + 8)), Cause.CLOCKS_DISAGREE),
        (Simulated(ONE, drift=lambda second: -5.0 * (second == BEGAN + 8)), Cause.CLOCKS_DISAGREE),
    ],
    ids=["busy", "late", "refused", "set forward for a moment", "set back for a moment"],
)
def test_an_unsound_generator_is_named(monkeypatch: pytest.MonkeyPatch, member: Simulated, cause: Cause) -> None:
    """What one member says of itself reaches the verdict."""
    assert Run([Simulated(OTHER), member]).conduct(monkeypatch).verdict.exit_code == cause.code


@pytest.mark.parametrize(
    ("line", "outcome"), [("each: share over guide", Outcome.GO), ("*: p99.9 <= 500 ms", Outcome.INVALID)]
)
def test_a_generator_that_stood_still_for_a_second_is_sound_by_what_is_asked(
    monkeypatch: pytest.MonkeyPatch, line: str, outcome: Outcome
) -> None:
    """Two thirds of a per cent were late: nothing beside one in twenty, and enough to break one in a thousand."""
    member = Simulated(ONE)
    run = Run([member], profile(150, line))
    run.after(60, lambda _: setattr(member, "lag", 0.6))
    run.after(61, lambda _: setattr(member, "lag", 0.001))
    ended = run.conduct(monkeypatch)
    assert ended.verdict.outcome is outcome, ended.verdict.reasons
    assert outcome is Outcome.GO or "late (p99.95)" in str(ended.verdict.reasons)


def test_a_schedule_that_asks_for_too_little_is_no_sound_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was started is held against the profile, and not only against what the members themselves asked for."""
    half = Run([Simulated(ONE, each=50)])
    ended = half.conduct(monkeypatch)
    assert ended.verdict.exit_code == Cause.RATE.code
    assert "of 2,000 arrivals were started" in str(ended.verdict.reasons[0])

    half = Run([Simulated(ONE, each=50)])
    half.after(8, lambda leader: leader.interrupt("Ctrl-C"))
    assert half.conduct(monkeypatch).verdict.outcome is Outcome.INCONCLUSIVE


def test_an_interrupted_run_is_inconclusive_and_drains_briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who ended it is told, at whatever time: while people were made, or while load was."""
    run = Run(two())
    run.after(8, lambda leader: leader.interrupt("SIGTERM"))
    ended = run.conduct(monkeypatch)
    assert ended.verdict.outcome is Outcome.INCONCLUSIVE
    assert "SIGTERM" in str(ended.verdict.reasons)
    assert [entry.drain for entry in run.members[ONE].heard if isinstance(entry, End)] == [DRAIN_AT_ONCE]

    run = Run([Simulated(ONE, ready=lambda: None)])
    run.after(2, lambda leader: leader.interrupt("Ctrl-C"))
    ended = run.conduct(monkeypatch)
    assert ended.verdict.outcome is Outcome.INCONCLUSIVE
    assert run.now < 1005


@pytest.mark.parametrize("after", [22, 30])
def test_a_signal_after_the_whole_time_takes_no_verdict_back(monkeypatch: pytest.MonkeyPatch, after: float) -> None:
    """All was asked by then, and only what is under way is waited for, and people are removed."""
    run = Run([Simulated(ONE, leaves_for=12)])
    run.after(after, lambda leader: leader.interrupt("Ctrl-C"))
    ended = run.conduct(monkeypatch)
    assert run.now > 1000 + after
    assert (ended.verdict.outcome, ended.facts.interrupted) == (Outcome.GO, "")
    assert [entry.drain for entry in run.members[ONE].heard if isinstance(entry, End)] == [DRAIN]


def test_what_is_waited_for_is_said_when_the_last_arrival_was_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who sees nothing move for a minute would end it: it says for what, and how many people are to be removed."""
    run = Run(two())
    run.conduct(monkeypatch)
    waiting = "nothing more is started: waiting up to 15 seconds for what is under way, then removing 8 people"
    assert run.said == [waiting]
    nobody = Run([Simulated(ONE, ready=lambda: Ready("run", 0))])
    nobody.conduct(monkeypatch)
    assert nobody.said == [waiting.removesuffix(", then removing 8 people")]


def test_what_somebody_ended_is_judged_as_it_was_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who ends it has seen how it stood: a few bad seconds are no NO-GO, which they are for one look, and many are."""
    for after, outcome in ((5, Outcome.INCONCLUSIVE), (18, Outcome.NO_GO)):
        run = Run([Simulated(ONE, errors=0.5)])
        run.after(after, lambda leader: leader.interrupt("Ctrl-C"))
        ended = run.conduct(monkeypatch)
        assert ended.verdict.outcome is outcome, ended.verdict.reasons
        assert judge(ended.profile.plan, ended.counts.tallies, ended.facts).outcome is Outcome.NO_GO


@pytest.mark.parametrize("clock", [-86_400.0, -3.0, 3.0, 86_400.0])
def test_the_leaders_own_clock_hides_no_seconds(monkeypatch: pytest.MonkeyPatch, clock: float) -> None:
    """Seconds are those of the members' clocks, which agree: all that they counted is judged."""
    run = Run([Simulated(ONE, clock=clock), Simulated(OTHER, clock=clock)], stop_when_decided=True)
    ended = run.conduct(monkeypatch)
    (tally,) = ended.counts.tallies.values()
    assert {answer.samples for answer in ended.verdict.answers} == {tally.requests}
    # And reports are of the time that these tell.
    assert ended.began == pytest.approx(BEGAN + clock + 1, abs=1)
    assert ended.ended - ended.began < 21
    assert len(series(ended)) < 23


@pytest.mark.parametrize("by", [-3600.0, 3600.0])
def test_the_leaders_own_clock_may_be_set(monkeypatch: pytest.MonkeyPatch, by: float) -> None:
    """A step of the master's clock is nothing to a run whose seconds are counted by its members."""
    run = Run(two())
    run.set_by = lambda: by if run.now > 1010 else 0.0
    ended = run.conduct(monkeypatch)
    assert ended.verdict.outcome is Outcome.GO, ended.verdict.reasons
    assert 19.9 < ended.ended - ended.began < 21
    assert len(series(ended)) < 23


def test_an_address_that_refuses_is_a_note_of_a_run_that_is_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """People were served by another, and somebody has to learn of it all the same."""
    run = Run(two())
    run.after(5, lambda leader: leader.roster.counts.passed_over.add(("refused", "10.0.0.7 (one of 2 addresses)"), 40))
    ended = run.conduct(monkeypatch)
    assert ended.verdict.outcome is Outcome.GO
    (note,) = ended.notes
    assert note.startswith("at 10.0.0.7 (one of 2 addresses) the target did not let in 40 connections (refused): ")


@pytest.mark.parametrize(("lag", "loop"), [(0.2, 0.001), (0.001, 0.2)], ids=["arrivals", "event loop"])
def test_one_in_fifty_that_was_late_is_too_much_by_itself(
    monkeypatch: pytest.MonkeyPatch, lag: float, loop: float
) -> None:
    """Arrivals and the event loop are each judged beyond a hundredth, and neither excuses the other."""
    member = Simulated(ONE, loop=0.001)
    run = Run([member], profile(150))
    for after, late in ((60, (lag, loop)), (63, (0.001, 0.001))):
        for name, value in zip(("lag", "loop"), late, strict=True):
            run.after(after, lambda _, name=name, value=value: setattr(member, name, value))  # type: ignore[misc]
    assert run.conduct(monkeypatch).verdict.exit_code == Cause.GENERATOR_LAG.code


@pytest.mark.parametrize(("after", "outcome"), [(6, Outcome.INCONCLUSIVE), (7, Outcome.NO_GO)])
def test_the_last_second_of_what_somebody_ended_is_bet_on_too(
    monkeypatch: pytest.MonkeyPatch, after: float, outcome: Outcome
) -> None:
    """A total outage is proven by seven blocks, whichever of them was reported at the end."""
    run = Run([Simulated(ONE, errors=1.0)])
    run.after(after, lambda leader: leader.interrupt("Ctrl-C"))
    assert run.conduct(monkeypatch).verdict.outcome is outcome
