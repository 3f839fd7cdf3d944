"""The leader and its members: who does not answer, is lost, or speaks of another run."""

import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from loadtests.conductor.clocks import Offset
from loadtests.conductor.leader import DRAIN, DRAIN_AT_ONCE, READY_WITHIN
from loadtests.conductor.messages import Done, End, FromMember, Go, Leaving, Pong, Prepare, Ready, Unable
from loadtests.soundness import Cause
from loadtests.verdict import Outcome, Verdict
from tests.unit.load.conductor.simulated import BEGAN, ONE, OTHER, Run, Simulated, profile, two


def test_whoever_does_not_answer_is_told_again_until_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its letter may have come before anybody listened; whoever is ready is left in peace."""
    deaf = Simulated(OTHER)
    answers = iter([None, None, Ready("run", 4)])
    deaf.ready = lambda: next(answers)
    run = Run([Simulated(ONE), deaf])
    assert run.conduct(monkeypatch).verdict.outcome is Outcome.GO
    told = [sum(isinstance(letter, Prepare) for letter in member.heard) for member in run.members.values()]
    assert told == [1, 3]


def test_an_end_is_told_again_to_whoever_was_never_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C before a worker listens: it is not waited for until nobody can be there any more, nor taken for lost."""
    deaf = Simulated(OTHER, ready=lambda: None, deaf_until=1003.0)
    run = Run([Simulated(ONE), deaf])
    run.after(0.5, lambda leader: leader.interrupt("Ctrl-C"))
    ended = run.conduct(monkeypatch)
    assert (ended.verdict.outcome, ended.facts.workers_lost) == (Outcome.INCONCLUSIVE, ())
    assert run.now < 1005
    assert sum(isinstance(letter, End) for letter in run.members[ONE].heard) == 1


@pytest.mark.parametrize(
    "letter",
    [
        Unable("earlier", "people of the earlier run could not be made"),
        Leaving("earlier", "Ctrl-C"),
        Done("earlier", 0, 0, "people of the earlier run"),
    ],
)
@pytest.mark.parametrize("seconds", [0.01, 3])
def test_the_word_of_an_earlier_run_is_none_to_this_one(
    monkeypatch: pytest.MonkeyPatch, seconds: float, letter: FromMember
) -> None:
    """A member that took too long to end says so while the next run begins, whose reports are still waited for."""
    run = Run(two())
    run.after(seconds, lambda leader: leader.hear(ONE, letter))
    ended = run.conduct(monkeypatch)
    assert ended.verdict.outcome is Outcome.GO, ended.verdict.reasons
    assert not any("earlier" in note for note in ended.notes)


@pytest.mark.parametrize("seconds", [0.01, 3])
def test_what_failed_in_an_earlier_run_has_not_failed_in_this_one(
    monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """A report that came late is no part of the sum, before the run begins or after."""
    run = Run(two())
    failed = replace(run.members[ONE], errors=1.0, began=BEGAN - 10.0)
    run.after(seconds, lambda leader: leader.hear(ONE, run.report(failed, "earlier")))
    ended = run.conduct(monkeypatch)
    assert ended.verdict.outcome is Outcome.GO, ended.verdict.reasons
    assert {tally.failed for tally in ended.counts.tallies.values()} == {0}


def test_a_member_whose_first_report_is_late_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until all have reported nothing is complete; then looking begins with the run, and not with the epoch."""
    slow = Simulated(OTHER, quiet_until=3.5)
    run = Run([Simulated(ONE), slow])
    began = time.process_time()
    ended = run.conduct(monkeypatch)
    assert ended.verdict.outcome is Outcome.GO, ended.verdict.reasons
    assert time.process_time() - began < 20


def test_a_lost_worker_ends_the_run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Locust lost, what fell silent and what left: none of them is waited for until the profile is over."""
    run = Run(two())
    run.after(5, lambda leader: leader.lose(ONE, "no heartbeat"))
    ended = run.conduct(monkeypatch)
    assert ended.verdict.exit_code == Cause.WORKER_LOST.code
    assert "host-aaaaaa (no heartbeat)" in str(ended.verdict.reasons[0])
    assert run.now < 1000 + 10

    run = Run([Simulated(ONE), Simulated(OTHER, silent_from=1005.0)])
    run.after(12, lambda leader: leader.lose(OTHER, "no heartbeat", gone=True))
    ended = run.conduct(monkeypatch)
    assert "host-bbbbbb (silent for" in str(ended.verdict.reasons[0])
    assert run.now < 1000 + 15 + DRAIN_AT_ONCE

    run = Run(two())
    run.after(5, lambda leader: leader.hear(ONE, Leaving("run", "Ctrl-C")))
    assert run.conduct(monkeypatch).verdict.exit_code == Cause.WORKER_LOST.code


def test_a_leader_that_was_away_blames_nobody_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine that stopped: what members said meanwhile is read only after it has looked who is silent."""
    run = Run(two())
    run.after(5, lambda _: setattr(run, "now", run.now + 10))
    assert run.conduct(monkeypatch).facts.workers_lost == ()
    # How it stood meanwhile is not told afterwards, once for each second.
    assert len(run.told) <= 20 - 10 + 1

    run = Run([Simulated(ONE), Simulated(OTHER, silent_from=1005.0)])
    run.after(6, lambda _: setattr(run, "now", run.now + 3))
    assert "host-bbbbbb (silent for" in str(run.conduct(monkeypatch).facts.workers_lost)


def test_a_leader_that_was_away_while_it_judged_blames_nobody_either(monkeypatch: pytest.MonkeyPatch) -> None:
    """It judges every second, and a machine may stop just then; who is silent otherwise is lost all the same."""

    def conducted(members: list[Simulated]) -> tuple[str, ...]:
        run = Run(members)

        def apart(compute: Callable[[], Verdict]) -> Verdict:
            run.now += 8 if 1006 < run.now < 1010 else 0.1
            return compute()

        run.leader._apart = apart
        return run.conduct(monkeypatch).facts.workers_lost

    assert conducted(two()) == ()
    assert "host-bbbbbb (silent for" in str(conducted([Simulated(ONE), Simulated(OTHER, silent_from=1005.0)]))


def test_a_lost_worker_that_lives_is_told_to_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its people are to be removed, and who stayed is told: what it says then is waited for, and changes no count."""
    silent = Simulated(OTHER, silent_from=1005.0)
    run = Run([Simulated(ONE), silent])
    run.after(13, lambda _: setattr(silent, "silent_from", 1e9))
    run.after(13, lambda leader: leader.hear(OTHER, Done("run", 4, 2, "account x", ["3 times no fresh token"])))
    ended = run.conduct(monkeypatch)
    assert ended.verdict.exit_code == Cause.WORKER_LOST.code
    assert End("run", DRAIN_AT_ONCE, early=True) in silent.heard
    assert ended.notes == (
        "2 were still under way when 3 s of draining were over",
        "people were left behind, or may have been: host-bbbbbb: account x",
        "host-bbbbbb: 3 times no fresh token",
    )
    assert run.now < 1000 + 20


def test_the_people_of_a_worker_that_is_gone_are_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """It cannot say any more who stayed, and its ledger does; also where it was killed while it made them."""
    for ready, people in ((Ready("run", 6), "6 people"), (None, "people")):
        gone = Simulated(OTHER, ready=lambda ready=ready: ready, silent_from=1005.0)  # type: ignore[misc]
        run = Run([Simulated(ONE), gone], replace(profile(), people=12))
        run.after(5, lambda leader: leader.lose(OTHER, "no heartbeat", gone=True))
        ended = run.conduct(monkeypatch)
        assert ended.notes == (
            f"{people} of host-bbbbbb may be there: its ledger names them (nowhere/ledger, where it ran)",
        )


def test_a_member_that_never_heard_of_the_beginning_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a run of a few seconds nobody notices its silence, and its share is missing from every count."""
    run = Run([Simulated(ONE), Simulated(OTHER, deaf_until=1002.0, ready=lambda: None)], profile(3))
    run.after(0.0, lambda leader: leader.hear(OTHER, Ready("run", 4)))
    run.after(0.1, lambda leader: leader.hear(OTHER, Pong("run", 1000.1, BEGAN + 0.1)))
    ended = run.conduct(monkeypatch)
    assert ended.verdict.exit_code == Cause.WORKER_LOST.code
    assert "it never heard that the run began" in str(ended.verdict.reasons)


def test_who_never_tells_the_time_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can say when it has to begin; whoever does tell is not blamed."""
    run = Run([Simulated(ONE), Simulated(OTHER, tells_the_time=False)])
    ended = run.conduct(monkeypatch)
    assert ended.facts.workers_lost == ("host-bbbbbb (no answer within 5 s)",)
    assert ended.verdict.exit_code == Cause.WORKER_LOST.code
    assert run.now < 1000 + 10


def test_a_stalled_network_makes_no_clock_a_wrong_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers that came late say little of a clock: it is asked again, and its process begins with the others."""
    run = Run([Simulated(ONE), Simulated(OTHER, stalled_until=1003.0)])
    ended = run.conduct(monkeypatch)
    began = [entry.at for member in run.members.values() for entry in member.heard if isinstance(entry, Go)]
    assert began[1] - began[0] == pytest.approx(0.0, abs=run.profile.plan.soundness.clocks)
    assert ended.verdict.outcome is Outcome.GO, ended.verdict.reasons


def test_a_way_that_stays_slow_is_waited_for_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that nobody can know well is taken as well as it is known."""
    monkeypatch.setattr(Offset, "uncertain", 0.2)
    run = Run(two())
    ended = run.conduct(monkeypatch)
    assert ended.verdict.outcome is Outcome.GO, ended.verdict.reasons
    assert run.now < 1000 + 40


def test_many_people_have_their_time_to_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as removing them may take is waited for the last word, and who takes it is not lost."""
    run = Run([Simulated(ONE, leaves_for=80)], replace(profile(), people=1000))
    assert run.conduct(monkeypatch).verdict.outcome is Outcome.GO
    run = Run([Simulated(ONE, leaves_for=80)])
    assert run.conduct(monkeypatch).verdict.exit_code == Cause.WORKER_LOST.code


def test_a_worker_that_never_came_is_a_lost_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it no load is made at all, and nobody is asked to make people."""
    run = Run([Simulated(ONE)], expected=2)
    ended = run.conduct(monkeypatch)
    assert ended.verdict.exit_code == Cause.WORKER_LOST.code
    assert "1 that never came" in str(ended.verdict.reasons[0])
    assert not any(isinstance(entry, Go) for entry in run.members[ONE].heard)


def test_who_cannot_make_its_people_makes_the_run_invalid(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the member's own words, before any load is made."""
    run = Run([Simulated(ONE), Simulated(OTHER, ready=lambda: Unable("run", "no people: status 503"))])
    ended = run.conduct(monkeypatch)
    assert ended.verdict.exit_code == Cause.NOT_PREPARED.code
    assert "host-bbbbbb: no people: status 503" in str(ended.verdict.reasons[0])
    assert ended.facts.arrivals_asked == 0


@pytest.mark.parametrize(("people", "slow"), [(0, ""), (12, ": its people are made by requests")])
def test_who_is_never_ready_is_not_waited_for_without_end(
    monkeypatch: pytest.MonkeyPatch, people: int, slow: str
) -> None:
    """Making people has a bound, whoever was ready in time is not told of, and what mostly takes so long is told."""
    run = Run([Simulated(ONE), Simulated(OTHER, ready=lambda: None)], replace(profile(), people=people))
    ended = run.conduct(monkeypatch)
    assert ended.verdict.exit_code == Cause.NOT_PREPARED.code
    (unable,) = ended.facts.unable
    assert unable.startswith(f"host-bbbbbb: not ready within {60 + people} s{slow}")
    assert bool(slow) == ("slow" in unable)
    assert run.now < 1000 + READY_WITHIN + people + 10


def test_who_never_ends_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draining and removing people have a bound; who says nothing more by then is lost."""
    run = Run([Simulated(ONE), Simulated(OTHER, silent_from=1020.5)])
    ended = run.conduct(monkeypatch)
    assert ended.verdict.exit_code == Cause.WORKER_LOST.code
    assert run.now < 1022 + DRAIN + run.leader.farewell
    # So long Locust waits before it ends the process.
    assert run.now < 1020 + run.leader.concludes_within
