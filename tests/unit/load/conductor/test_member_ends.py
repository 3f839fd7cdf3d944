"""The end of a member: however it comes, everything is reported, and nobody is left behind."""

import time
from pathlib import Path

import gevent
import pytest

from fixtures.runs import register_secret
from loadtests import clock
from loadtests.conductor import member as membership
from loadtests.conductor.contention import Contention
from loadtests.conductor.messages import Done, End, Go, Leaving, Ready, Report, Unable
from loadtests.session import Session
from tests.unit.load.conductor.correspondent import People, Told, Work


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


@pytest.mark.parametrize(
    ("error", "why"), [(AssertionError(), "AssertionError"), (OSError(5, "I/O"), "OSError: [Errno 5] I/O")]
)
def test_a_work_that_breaks_as_it_is_stopped_is_told(told: Told, error: Exception, why: str) -> None:
    """What it counted last is lost, also where its error says nothing but what it is."""

    class Broken(Work):
        def stop(self, drain: float) -> int:
            super().stop(drain)
            raise error

    told.begins(Broken)
    told.ends()
    assert [unable.why for unable in told.of(Unable)] == [why]


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


def test_of_many_who_stay_a_few_are_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A platform that is down keeps everybody, and the report's note of it has room for other things beside it."""
    told = Told(tmp_path, lambda _: People(stays=tuple(f"account {number}" for number in range(80))))
    told.begins()
    told.ends()
    [done] = told.of(Done)
    assert done.left == "account 0; account 1; account 2; and 77 more, which the ledger names"
    assert len(caplog.records) == 4


def test_what_is_logged_of_those_who_stay_holds_no_secret(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A platform may answer with the key that it was asked with."""
    register_secret("key-of-the-member-4711")
    told = Told(tmp_path, lambda _: People(stays=("account a@b (no key-of-the-member-4711)",)))
    told.begins()
    told.ends()
    assert caplog.messages == ["left behind: account a@b (no *****)"]


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
    assert told.of(Done) == [Done("run", 1, 0, "account one (500)")]
    told.prepares(run="next")
    told.ends()
    assert told.letters[-1] == Done("next", 1, 0, "account one (500)")


def test_making_people_that_does_not_end_in_time_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows by then who will stay: that is not the same as nobody."""
    monkeypatch.setattr(membership, "UNDER_WAY", 0.1)
    monkeypatch.setattr(membership, "enough_for", lambda _: 0.1)

    making: list[gevent.Greenlet] = []

    def slow(session: Session) -> object:
        making.append(gevent.getcurrent())
        try:
            gevent.sleep(60)
        finally:
            session.left.append("account one (500)")
            gevent.sleep(60)
        return People()

    told = Told(tmp_path, slow)
    told.prepares()
    told.ends()
    gevent.killall(making)
    [done] = told.of(Done)
    assert done.left.startswith("people were still being made or removed")
    assert done.left.endswith("; account one (500)")


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


def test_what_kept_it_from_a_processor_is_told_before_what_is_noted_of_its_people(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It explains a verdict; the rest is housekeeping."""
    monkeypatch.setattr(Contention, "told", lambda _: ("a processor was wanting",))
    told = Told(tmp_path, lambda _: People(notes=("of people",)))
    told.begins(Work)
    told.ends()
    [done] = told.of(Done)
    assert done.notes == ["a processor was wanting", "of people"]


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
    assert [type(letter) for letter in leaving.letters] == [Ready, Leaving, Report, Done]


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


def test_a_schedule_that_is_over_at_the_leader_is_carried_out_by_its_own_clock(told: Told) -> None:
    """Who began a little later ends a little later; an end before the time is one at once."""
    session = told.begins()
    session.begins -= session.profile.duration - 0.3
    over = session.begins + session.profile.duration
    told.ends(early=False)
    assert over <= time.perf_counter() < over + 15
