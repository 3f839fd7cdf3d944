"""A member: whatever it is told, it says what it is asked, and reports everything it counted."""

import time
from dataclasses import replace
from pathlib import Path

import gevent
import pytest

from fixtures.statistics.histogram import Histogram
from loadtests import clock
from loadtests.conductor import member as membership
from loadtests.conductor.messages import Done, Go, Ping, Pong, Ready, Report, Unable
from loadtests.counts import Counts
from loadtests.failure import Failure
from loadtests.people import PeopleError
from loadtests.said import MOST
from loadtests.session import Session
from tests.unit.load.conductor.correspondent import People, Told, Work


def test_it_is_ready_when_its_people_are_made(told: Told) -> None:
    """Users find the session then, and the schedule has no beginning yet."""
    told.prepares()
    assert told.letters == [Ready("run", 2)]
    session = told.published[-1]
    assert session is not None
    assert (session.run_id, session.share, session.of) == ("run", 0, 1)
    assert session.begins == float("inf")
    told.ends()


def test_a_run_is_prepared_once_however_often_it_is_told(told: Told) -> None:
    """The leader repeats itself, and what it said last may come when the run is over; the next run is another."""
    told.prepares()
    told.prepares()
    told.ends()
    told.prepares()
    assert [type(letter) for letter in told.letters] == [Ready, Report, Done]
    told.prepares(run="next")
    assert told.letters[-1] == Ready("next", 2)
    told.ends()


def test_it_answers_what_time_it_is(tmp_path: Path) -> None:
    """At once, also while it makes people."""
    told = Told(tmp_path, lambda _: gevent.sleep(60))
    told.prepares()
    before = clock.wall()
    told.member.hear(Ping("run", 3.0))
    [pong] = told.of(Pong)
    assert (pong.run, pong.sent) == ("run", 3.0)
    assert before <= pong.wall <= clock.wall()
    told.ends()


def test_it_begins_when_the_leader_says_and_not_when_it_hears_so(told: Told) -> None:
    """All members begin at one time, and its seconds are counted from then."""
    told.prepares()
    session, at = told.published[-1], clock.wall() + 30.0
    assert session is not None
    told.member.hear(Go("run", at))
    assert session.began == at
    assert 20.0 < session.begins - time.perf_counter() <= 30.0
    told.ends()


def test_it_counts_by_what_its_machine_says_when_a_run_is_prepared(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker may have been started long before, and its clock been set meanwhile."""
    monkeypatch.setattr(clock, "_since", clock._since)
    monkeypatch.setattr(clock, "told", lambda: time.time() + 3600.0)
    told.prepares()
    assert 3000.0 < clock.wall() - time.time() < 4000.0
    told.ends()


def test_a_letter_about_another_run_is_not_obeyed(told: Told) -> None:
    """An earlier leader may have written it, and what this one counts is to be this one's."""
    told.prepares()
    told.member.hear(Go("earlier", clock.wall()))
    told.member.hear(Ping("earlier", 3.0))
    session = told.published[-1]
    assert session is not None
    assert session.begins == float("inf")
    assert told.letters == [Ready("run", 2)]
    told.ends()


def test_what_it_counts_is_reported_in_numbered_pieces_without_loss(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what ended while it drained, and the last letter says how many there were."""
    monkeypatch.setattr(membership, "REPORT_EVERY", 0.1)
    session = told.begins(Work)
    for _ in range(3):
        told.member.heard(request_type="GET", name="chat conversations", response_time=100.0)
        gevent.sleep(0.15)
    session.sighted("chat", "who")
    told.ends()
    reports, total = told.of(Report), Counts(session.recorder.take().limits)
    for report in reports:
        total.merge(Counts.decode(report.counts))
    assert [report.number for report in reports] == list(range(len(reports)))
    assert total.tallies["chat conversations"].requests == 4
    assert [seen for report in reports for seen in report.sightings] == [("chat", "who")]
    assert told.letters[-1] == Done("run", len(reports), 0, "")
    assert told.published[-1] is None


def test_who_answers_is_reported_once_and_of_many_a_few_hundred(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of a target that names another instance in each answer, whose reports would be as large as its answers."""
    monkeypatch.setattr(membership, "REPORT_EVERY", 0.1)
    session = told.begins(Work)
    for number in range(2_000):
        session.sighted("chat", f'chat;slot=blue;build="b1";instance="{number}"')
        if number == MOST // 2:
            gevent.sleep(0.15)
    told.ends()
    seen = [seen for report in told.of(Report) for seen in report.sightings]
    assert seen == [("chat", f'chat;slot=blue;build="b1";instance="{number}"') for number in range(MOST)]


def test_what_went_wrong_while_people_were_made_is_reported(tmp_path: Path) -> None:
    """Whoever is given what is somebody else's before the run begins is no less mixed up, even if it never does."""

    def given(_: Session) -> object:
        told.member.heard(request_type="LOGIN", name="fresh tokens", response_time=1.0, exception=Failure("others'"))
        return People()

    for begins in (Told.begins, Told.prepares):
        told = Told(tmp_path, given)
        begins(told)
        told.ends()
        assert Counts.decode(told.of(Report)[0].counts).causes == {("fresh tokens", "others'"): 1}
        assert told.letters[-1] == Done("run", 1, 0, "")


def test_what_went_wrong_is_reported_also_where_nobody_can_be_made(tmp_path: Path) -> None:
    """A platform that mixes all people up is no less broken than one that does so now and then."""

    def given(_: Session) -> object:
        told.member.heard(request_type="LOGIN", name="fresh tokens", response_time=1.0, exception=Failure("others'"))
        raise PeopleError("the people cannot be made", "look at the auth service")

    told = Told(tmp_path, given)
    told.prepares()
    told.ends()
    [report] = told.of(Report)
    assert Counts.decode(report.counts).causes == {("fresh tokens", "others'"): 1}
    assert (report.cpu, report.elapsed) == (0.0, 0.0)
    assert told.letters[-1] == Done("run", 1, 0, "")


def test_who_cannot_make_its_people_says_why_and_stays_to_be_ended(tmp_path: Path) -> None:
    """The leader decides what becomes of the run."""

    def nobody(_: Session) -> object:
        raise OSError("no space left on device")

    told = Told(tmp_path, nobody)
    told.prepares()
    assert told.letters == [Unable("run", "no space left on device")]
    told.ends()
    assert told.letters[-1] == Done("run", 1, 0, "")


def test_another_version_of_the_profile_or_environment_is_refused(told: Told) -> None:
    """Two processes that run two different profiles measure nothing."""
    told.prepares(digest="of another file")
    [unable] = told.of(Unable)
    assert "not say the same here as at the leader" in unable.why
    told.ends()
    assert told.letters == [unable, Done("run", 0, 0, "")]


def test_a_user_that_never_began_is_told(told: Told) -> None:
    """What it was to send is asked for by nobody, so that no count would show it."""
    session = told.begins()
    session.begins -= session.profile.duration
    told.ends(early=False)
    assert told.of(Unable) == [Unable("run", "1 users of the profile did not begin")]


def test_users_that_have_not_begun_are_counted_in_each_report(told: Told) -> None:
    """So that nothing is decided without them, also before it is certain that they never will."""
    for works, missing in (((), 1), ((Work,), 0)):
        told.begins(*works, run=f"{missing} missing").begins += 60
        told.ends()
        assert told.of(Report)[-1].missing == missing
    assert not told.of(Unable)


@pytest.mark.parametrize(("share", "users"), [(0, 2), (1, 1)])
def test_of_closed_users_it_misses_its_own_share(share: int, users: int, told: Told) -> None:
    """Those of other processes begin there."""
    session = told.begins()
    session.profile = replace(session.profile, arrivals="closed", users=3)
    session.share, session.of = share, 2
    told.ends()
    assert told.of(Report)[-1].missing == users


def test_a_processor_that_is_busy_is_reported(told: Told) -> None:
    """What the process's greenlets use of it is in its reports: by that a generator is found saturated."""
    told.begins()
    until = time.thread_time() + 0.3
    while time.thread_time() < until:
        pass
    told.ends()
    assert 0.3 <= sum(report.cpu for report in told.of(Report)) < 1.5


def test_one_process_takes_part_in_one_run_after_the_other(told: Told) -> None:
    """Locust's page starts a second run in the same processes; its numbers begin anew."""
    for run in ("one", "other"):
        told.begins(run=run)
        told.ends()
    assert [done.reports for done in told.of(Done)] == [1, 1]
    assert [report.number for report in told.of(Report)] == [0, 0]


def test_who_hears_too_late_of_the_beginning_blames_the_way(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it starts late then is no matter of its processors: the leader hears so at once."""
    monkeypatch.setattr(membership, "REPORT_EVERY", 0.1)
    told.prepares()
    told.member.hear(Go("run", clock.wall() - 2.2))
    gevent.sleep(0.2)
    [unable, *_] = told.of(Unable)
    assert "it heard 2.2 s late that the run had begun: look at the network" in unable.why
    told.ends()


@pytest.mark.parametrize(("late", "told_of"), [(0.09, 0), (0.11, 1)])
def test_a_tenth_of_a_second_is_what_a_beginning_may_be_heard_late(
    told: Told, monkeypatch: pytest.MonkeyPatch, late: float, told_of: int
) -> None:
    """Arrivals are late by as much, and only a budget that allows milliseconds would show it by itself."""
    told.prepares()
    now = clock.wall()
    with monkeypatch.context() as stands:
        stands.setattr(clock, "wall", lambda: now)
        told.member.hear(Go("run", now - late))
    told.ends()
    assert len(told.of(Unable)) == told_of


def test_how_far_the_target_is_is_noted(told: Told) -> None:
    """Of a distant one, so that a reader of its latencies sees what of them is the network's."""
    session = told.begins()
    session.ways.add([0.3] * 20)
    told.ends()
    [done] = told.of(Done)
    assert "took 300 ms (p50)" in str(done.notes)


def test_a_clock_that_is_set_is_reported(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that its seconds are believed by nobody."""
    told.begins()
    real = clock.told
    monkeypatch.setattr(clock, "told", lambda: real() + 5)
    told.ends()
    assert told.of(Report)[-1].drift == pytest.approx(5, abs=0.1)


def test_how_late_loops_of_its_works_were_is_reported_once(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine's loop is late where greenlets are not, and what was told is not told again."""
    monkeypatch.setattr(membership, "REPORT_EVERY", 0.1)
    session = told.begins()
    session.lag.add([0.2] * 3)
    gevent.sleep(0.15)
    told.ends()
    reported = [len(Histogram.decode(report.own_loops)) for report in told.of(Report)]
    assert (reported[:2], sum(reported)) == ([3, 0], 3)


def test_a_second_is_complete_only_if_it_was_over_before_it_was_collected(
    told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What ends while it collects is in the next report, and its second must not be judged before."""

    class Slow(Work):
        def collect(self) -> None:
            monkeypatch.setattr(clock, "second", lambda: 8)

    monkeypatch.setattr(clock, "second", lambda: 7)
    told.begins(Slow)
    told.ends()
    assert [report.before for report in told.of(Report)] == [7]


@pytest.mark.parametrize(("ago", "lasting", "early"), [(6.0, 60.0, True), (0.0, 0.1, False)], ids=["soon", "short"])
def test_a_user_that_never_began_is_told_within_seconds_or_at_the_end(
    told: Told, *, ago: float, lasting: float, early: bool
) -> None:
    """Of a long run before its end, and of one that is shorter than that."""
    session = told.begins()
    session.profile = session.profile.scaled(lasting=lasting)
    session.begins -= ago
    told.ends(early=early)
    assert told.of(Unable) == [Unable("run", "1 users of the profile did not begin")]
