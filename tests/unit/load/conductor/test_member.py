"""A member: whatever it is told, it reports everything it counted, leaves nobody behind, and ends."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import gevent
import pytest

from fixtures.environments import load_environment
from loadtests import clock
from loadtests.conductor import member as membership
from loadtests.conductor.member import Member
from loadtests.conductor.messages import Done, End, FromMember, Go, Leaving, Ping, Pong, Prepare, Ready, Report, Unable
from loadtests.conductor.order import digest
from loadtests.counts import Counts
from loadtests.profiles.load import load_profile
from loadtests.session import Session

T = TypeVar("T")
ENVIRONMENT = """
name = "told"
api = "https://127.0.0.1:1"
reported_environment = "told"
strict = false
"""


@dataclass
class People:
    """A pool that knows whether it was removed."""

    people: tuple[int, ...] = (1, 2)
    notes: tuple[str, ...] = ()
    removed: int = 0
    stays: tuple[str, ...] = ()

    def remove(self) -> tuple[str, ...]:
        self.removed += 1
        return self.stays


@dataclass
class Work:
    """Work that needs some time to stop."""

    session: Session
    takes: float = 0.0
    stopped: list[float] = field(default_factory=list)

    def collect(self) -> None:
        self.session.recorder.asks(7)

    def stop(self, drain: float) -> int:
        self.stopped.append(drain)
        gevent.sleep(min(self.takes, drain))
        self.session.recorder.heard(request_type="GET", name="chat conversations", response_time=100.0)
        return int(self.takes > drain)


class Told:
    """A member whose letters are read by the test."""

    def __init__(self, tmp_path: Path, people: Callable[[Session], object] = lambda _: People()) -> None:
        self.letters: list[FromMember] = []
        self.run = "run"
        self.published: list[Session | None] = []
        self.environment = tmp_path / "told.toml"
        self.environment.write_text(ENVIRONMENT)
        self.folder = tmp_path / "run"
        self.member = Member(lambda **_: None, self, self.published.append, people)  # type: ignore[arg-type]

    def to_leader(self, message: FromMember) -> None:
        self.letters.append(message)

    def prepares(self, **changes: object) -> None:
        self.run = str(changes.get("run", "run"))
        told = {
            "run": "run",
            "folder": str(self.folder),
            "profile": "smoke",
            "digest": digest(load_profile("smoke"), load_environment(str(self.environment))),
            "environment": str(self.environment),
            "rate": 1.0,
            "lasting": None,
            "share": 0,
            "of": 1,
        }
        self.member.hear(Prepare(**{**told, **changes}))  # type: ignore[arg-type]
        gevent.sleep(0.05)

    def begins(self, *works: Callable[[Session], Work], run: str = "run") -> Session:
        self.prepares(run=run)
        session = self.published[-1]
        assert session is not None
        session.works.extend(work(session) for work in works)
        self.member.hear(Go(run, clock.wall()))
        return session

    def ends(self, drain: float = 1.0, *, early: bool = True) -> None:
        self.member.hear(End(self.run, drain, early))
        gevent.sleep(0)
        assert self.member.over.wait(5)

    def of(self, kind: type[T]) -> list[T]:
        return [letter for letter in self.letters if isinstance(letter, kind)]


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(tmp_path)


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
    assert [type(letter) for letter in told.letters] == [Ready, Done]
    told.prepares(run="next")
    assert told.letters[-1] == Ready("next", 2)
    told.ends()


def test_a_run_that_ends_before_it_was_prepared_is_done(told: Told) -> None:
    """Ctrl-C came before the letter was repeated; the leader does not wait a minute for nothing."""
    told.member.hear(End("run", 1.0))
    assert told.letters == [Done("run", 0, 0, "")]


def test_what_breaks_while_counts_are_taken_is_told_and_nobody_is_left(tmp_path: Path) -> None:
    """The thread of a work came to grief: the run proves nothing, and its people are removed all the same."""

    class Broken(Work):
        def collect(self) -> None:
            raise RuntimeError("the thread came to grief")

    people = People()
    told = Told(tmp_path, lambda _: people)
    told.begins(Broken)
    told.ends()
    assert [unable.why for unable in told.of(Unable)] == ["RuntimeError: the thread came to grief"]
    assert (people.removed, len(told.of(Report)), len(told.of(Done))) == (1, 1, 1)


def test_it_answers_what_time_it_is(tmp_path: Path) -> None:
    """At once, also while it makes people."""
    told = Told(tmp_path, lambda _: gevent.sleep(60))
    told.prepares()
    told.member.hear(Ping("run", 3.0))
    [pong] = told.of(Pong)
    assert (pong.run, pong.sent) == ("run", 3.0)
    assert abs(pong.wall - clock.wall()) < 1
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


def test_everything_is_stopped_at_once_and_people_are_removed_after(tmp_path: Path) -> None:
    """What was still under way is counted, and who could not be removed is told."""
    people = People(stays=("account a@b (status 503)",))
    told = Told(tmp_path, lambda _: people)
    works: list[Work] = []

    def slow(session: Session) -> Work:
        works.append(Work(session, takes=9.0))
        return works[-1]

    told.begins(slow, slow)
    told.ends(drain=0.1)
    assert [work.stopped for work in works] == [[0.1], [0.1]]
    assert people.removed == 1
    [done] = told.of(Done)
    assert (done.unfinished, done.left) == (2, "account a@b (status 503)")


def test_who_cannot_make_its_people_says_why_and_stays_to_be_ended(tmp_path: Path) -> None:
    """The leader decides what becomes of the run."""

    def nobody(_: Session) -> object:
        raise OSError("no space left on device")

    told = Told(tmp_path, nobody)
    told.prepares()
    assert told.letters == [Unable("run", "no space left on device")]
    told.ends()
    assert told.letters[-1] == Done("run", 0, 0, "")


def test_another_version_of_the_profile_or_environment_is_refused(told: Told) -> None:
    """Two processes that run two different profiles measure nothing."""
    told.prepares(digest="of another file")
    [unable] = told.of(Unable)
    assert "not say the same here as at the leader" in unable.why
    told.ends()


def test_an_end_while_people_are_made_stops_that(tmp_path: Path) -> None:
    """Making them removes whom it had made, as it does however it ends; nobody is waited for."""
    ended: list[str] = []

    def for_ever(session: Session) -> object:
        try:
            gevent.sleep(60)
        finally:
            ended.append("removed")
            session.left.append("account one (500)")
        return People()

    told = Told(tmp_path, for_ever)
    told.prepares()
    told.ends()
    assert ended == ["removed"]
    assert told.letters == [Done("run", 0, 0, "account one (500)")]
    told.prepares(run="next")
    told.ends()
    assert told.letters[-1] == Done("next", 0, 0, "account one (500)")


def test_making_people_that_does_not_end_in_time_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows by then who will stay: that is not the same as nobody."""
    monkeypatch.setattr(membership, "UNDER_WAY", 0.1)
    monkeypatch.setattr(membership, "enough_for", lambda _: 0.1)

    def slow(session: Session) -> object:
        try:
            gevent.sleep(60)
        finally:
            session.left.append("account one (500)")
            gevent.sleep(1)
        return People()

    told = Told(tmp_path, slow)
    told.prepares()
    told.ends()
    [done] = told.letters
    assert isinstance(done, Done)
    assert done.left.startswith("account one (500); people were still being made or removed")


def test_a_user_that_never_began_is_told(told: Told) -> None:
    """What it was to send is asked for by nobody, so that no count would show it."""
    session = told.begins()
    session.begins -= session.profile.duration
    told.ends(early=False)
    assert told.of(Unable) == [Unable("run", "1 users of the profile did not begin")]


def test_users_that_have_not_begun_are_counted_in_each_report(told: Told) -> None:
    """So that nothing is decided without them, also before it is certain that they never will."""
    for works, missing in (((), 1), ((Work,), 0)):
        told.begins(*works, run=f"{missing} missing")
        told.ends()
        assert told.of(Report)[-1].missing == missing
    assert not told.of(Unable)


def test_an_end_that_breaks_is_told_before_the_last_letter(tmp_path: Path) -> None:
    """Counts that were not reported, and people of whom nobody knows, are no healthy end."""

    class Stuck(People):
        def remove(self) -> tuple[str, ...]:
            raise OSError("no space left on device")

    told = Told(tmp_path, lambda _: Stuck())
    told.begins()
    with pytest.raises(OSError, match="no space"):
        told.member.end(0.1)
    unable, done = told.letters[-2:]
    assert isinstance(unable, Unable)
    assert "no space left on device" in unable.why
    assert isinstance(done, Done)


def test_an_end_that_breaks_leaves_nobody_on_the_platform(tmp_path: Path) -> None:
    """Whatever is wrong with what was counted, people are removed, and who stayed is told."""
    people = People(stays=("account one (500)",))
    told = Told(tmp_path, lambda _: people)
    session = told.begins()
    session.recorder.heard(request_type="GET", name="chat conversations", response_time=-100.0)
    with pytest.raises(ValueError, match="negative"):
        told.member.end(0.1)
    assert people.removed == 1
    assert told.letters[-1] == Done("run", 0, 0, "account one (500)")


def test_a_processor_that_is_busy_is_reported(told: Told) -> None:
    """What the process's greenlets use of it is in its reports: by that a generator is found saturated."""
    told.begins()
    until = time.thread_time() + 0.3
    while time.thread_time() < until:
        pass
    told.ends()
    assert 0.3 <= sum(report.cpu for report in told.of(Report)) < 1.5


def test_leaving_on_its_own_account_is_the_same_end_and_is_told(tmp_path: Path) -> None:
    """A worker that was told to stop, or has no leader any more, removes its people, too."""
    people = People()
    told = Told(tmp_path, lambda _: people)
    told.begins()
    told.member.leave("no master for 10 s", 0.1)
    assert told.of(Leaving) == [Leaving("run", "no master for 10 s")]
    assert people.removed == 1
    told.member.leave("again", 0.1)
    assert len(told.of(Leaving)) == len(told.of(Done)) == 1


def test_a_run_that_begins_while_its_member_leaves_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody would stop what began then, and reports would go on for ever."""
    monkeypatch.setattr(membership, "REPORT_EVERY", 0.05)

    class Slow(People):
        def remove(self) -> tuple[str, ...]:
            leaving.member.hear(Go("run", clock.wall()))
            return super().remove()

    leaving = Told(tmp_path, lambda _: Slow())
    leaving.prepares()
    session = leaving.published[-1]
    assert session is not None
    leaving.member.leave("it was stopped", 0.1)
    assert session.begins == float("inf")
    gevent.sleep(0.2)
    assert [type(letter) for letter in leaving.letters] == [Ready, Leaving, Done]


def test_nothing_begins_any_more_when_the_end_has_begun(told: Told) -> None:
    """A user that looks for its session only then would begin what nobody stops."""

    class Late(Work):
        def stop(self, drain: float) -> int:
            over.append(self.session.over)
            return super().stop(drain)

    over: list[bool] = []
    session = told.begins(Late)
    over.append(session.over)
    told.ends()
    assert over == [False, True]


def test_one_process_takes_part_in_one_run_after_the_other(told: Told) -> None:
    """Locust's page starts a second run in the same processes; its numbers begin anew."""
    for run in ("one", "other"):
        told.begins(run=run)
        told.ends()
    assert [done.reports for done in told.of(Done)] == [1, 1]
    assert [report.number for report in told.of(Report)] == [0, 0]


def test_a_schedule_that_is_over_at_the_leader_is_carried_out_by_its_own_clock(told: Told) -> None:
    """Who began a little later ends a little later; an end before the time is one at once."""
    session = told.begins()
    session.begins -= session.profile.duration - 0.3
    over = session.begins + session.profile.duration
    told.ends(early=False)
    assert over <= time.perf_counter() < over + 5


def test_a_clock_that_is_set_is_reported(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that its seconds are believed by nobody."""
    told.begins()
    real = clock.wall
    monkeypatch.setattr(clock, "wall", lambda: real() + 5)
    told.ends()
    assert told.of(Report)[-1].drift == pytest.approx(5, abs=0.1)
