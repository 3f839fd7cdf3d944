"""Open arrivals of people: each begins when it is due, or is refused, and every one of them is counted."""

import itertools
import time
from types import SimpleNamespace

import gevent
import pytest

from fixtures.checks import eventually
from fixtures.checks.match import at_least, equals
from fixtures.runs import register_secret
from loadtests.arrivals import Arrival
from loadtests.session import Session
from loadtests.visits import UNFINISHED, Visits
from tests.unit.load.working import GREENLETS, Journey, Pool, session


class Endless(Pool):
    """There is always somebody."""

    def borrow(self) -> object:
        return SimpleNamespace(trace="5c4e")


def visits(made: Session, pool: Pool, journey: Journey, offsets: list[float]) -> Visits:
    arrivals = [Arrival(offset, "browsing") for offset in offsets]
    return Visits(made, pool, {"browsing": journey}, arrivals)  # type: ignore[arg-type]


def begun(journey: Journey, number: int) -> None:
    """Wait until so many have begun it."""
    eventually(lambda: len(journey.since), equals(number), within=20, subject="journeys", clock=GREENLETS)


def test_people_arrive_whether_or_not_others_are_done() -> None:
    """Ten who take their time are all under way at once, and each counts from when it was due."""
    made = session()
    journey = Journey(made.fire, takes=60)
    following = visits(made, Pool(10), journey, [index / 100 for index in range(10)])
    following.begin()
    begun(journey, 10)
    assert journey.since == [made.begins + index / 100 for index in range(10)]
    journey.enough.set()
    assert following.stop(20) == 0
    counts = made.recorder.take()
    assert counts.asked.total() == counts.started.total() == counts.tallies["browsing"].requests == 10
    assert counts.tallies["browsing"].failed == 0
    assert len(counts.lag) == 10


def test_who_finds_no_place_is_refused_and_counted() -> None:
    """Nothing is dropped silently: asked is started and refused together."""
    made = session()
    journey = Journey(made.fire, takes=60)
    following = visits(made, Pool(2), journey, [0.0, 0.01, 0.02, 0.03])
    following.begin()
    counts = made.recorder.take()

    def refused() -> int:
        counts.merge(made.recorder.take())
        return counts.refused.total()

    eventually(refused, equals(2), within=20, clock=GREENLETS)
    journey.enough.set()
    assert following.stop(20) == 0
    counts.merge(made.recorder.take())
    assert (counts.asked.total(), counts.started.total(), counts.refused.total()) == (4, 2, 2)


def test_who_is_still_under_way_when_draining_ends_has_failed() -> None:
    """It is counted, over every limit, and its people are there again to be removed."""
    made, pool = session(), Pool(3)
    journey = Journey(made.fire, takes=60)
    following = visits(made, pool, journey, [0.0, 0.0])
    following.begin()
    begun(journey, 2)
    began = time.perf_counter()
    assert following.stop(0.1) == 2
    assert time.perf_counter() - began < 10
    counts = made.recorder.take()
    assert counts.causes == {("browsing", UNFINISHED): 2}
    assert [trace for _, trace in counts.traces.values()] == ["5c4e"]
    assert len(pool.free) == 3


def test_who_only_tidies_up_when_draining_ends_is_counted_already() -> None:
    """A journey is one sample, however it is ended."""
    made, pool = session(), Pool(1)
    journey = Journey(made.fire, tidies=60)
    following = visits(made, pool, journey, [0.0])
    following.begin()
    eventually(lambda: journey.counted, equals(1), within=20, clock=GREENLETS)
    assert following.stop(0.1) == 0
    tally = made.recorder.take().tallies["browsing"]
    assert (tally.requests, tally.failed) == (1, 0)
    assert len(pool.free) == 1


def test_nobody_begins_after_the_end_but_everybody_who_was_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the schedule asked for up to the end belongs to the run, and what it asks for later does not."""
    monkeypatch.setattr("loadtests.visits.CATCHING_UP", 60.0)
    made = session()
    following = visits(made, Pool(9), Journey(made.fire), [0.0, 0.01, 60.0])
    following.begin()
    # Whoever is due while the loop is busy is late, and not forgotten.
    gevent.sleep(0.01)
    while time.perf_counter() < made.begins + 0.02:
        pass
    assert following.stop(20) == 0
    counts = made.recorder.take()
    assert counts.asked.total() == counts.started.total() == 2
    # Whoever was due at 0.01 began when that was over at the earliest.
    assert (counts.lag.quantile(1.0) or 0.0) >= 0.0099


def test_a_schedule_that_nobody_can_keep_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """While all are overdue others have their turns, the end comes, and that not all were begun can be seen."""
    monkeypatch.setattr("loadtests.visits.CATCHING_UP", 0.2)
    made = session(0.0)
    following = visits(made, Endless(0), Journey(made.fire), [])
    until = time.perf_counter() + 20
    overdue = itertools.repeat(Arrival(0.0, "browsing"))
    following._arrivals = itertools.takewhile(lambda _: time.perf_counter() < until, overdue)
    following.begin()
    for _ in range(10):
        gevent.sleep(0.001)
    began = time.perf_counter()
    assert began < until
    assert following.stop(20) == 0
    assert 0.2 <= time.perf_counter() - began < 10
    counts = made.recorder.take()
    assert counts.asked.total() == counts.started.total() + counts.refused.total() > 1
    assert counts.refused.total() == 1


def test_a_schedule_that_breaks_makes_the_run_unsound() -> None:
    """Who would have come after that is in no figure, so it is said."""
    made = session()
    following = visits(made, Pool(2), Journey(made.fire), [0.0])
    following._arrivals = iter([Arrival(0.0, "browsing"), None])  # type: ignore[assignment]
    following.begin()
    eventually(lambda: len(made.trouble), at_least(1), within=20, clock=GREENLETS)
    following.stop(20)
    assert len(made.trouble) == 1
    assert made.trouble[0].startswith("the schedule was not followed: AttributeError")


@pytest.mark.parametrize("error", [ValueError("of ours"), gevent.Timeout(1)], ids=["error", "stray time-out"])
def test_a_journey_that_breaks_makes_the_run_unsound_and_ends_no_other(error: BaseException) -> None:
    """A mistake of our own is said once, and is no failure of the platform; whoever comes later walks all the same."""
    made, pool = session(), Pool(2)
    broken = Journey(made.fire, breaks=error)
    following = visits(made, pool, broken, [0.0, 0.05])
    following.begin()
    begun(broken, 2)
    assert following.stop(20) == 0
    counts = made.recorder.take()
    assert made.trouble == [f"the journey browsing broke: {error!r}"]
    assert counts.started.total() == len(broken.since) == 2
    assert not counts.causes
    assert len(pool.free) == 2


def test_what_is_logged_of_a_broken_journey_holds_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    """Its traceback tells where it broke, and an error may repeat what it was given."""
    register_secret("key-of-the-journey-4711")
    made = session()
    broken = Journey(made.fire, breaks=ValueError("no key-of-the-journey-4711"))
    following = visits(made, Pool(1), broken, [0.0])
    following.begin()
    begun(broken, 1)
    following.stop(20)
    assert "a journey broke: browsing\nTraceback" in caplog.text
    assert caplog.text.endswith("ValueError: no *****\n")


def test_a_journey_that_is_ended_is_no_mistake() -> None:
    """Whoever is still under way at the end has failed, and the run is as sound as before."""
    made = session()
    journey = Journey(made.fire, takes=60)
    following = visits(made, Pool(1), journey, [0.0])
    following.begin()
    begun(journey, 1)
    following.stop(0.0)
    assert made.trouble == []
