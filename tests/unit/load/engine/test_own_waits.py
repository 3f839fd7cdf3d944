"""Whoever waits for a connection waits for the platform, unless the engine had something to do all the time."""

import asyncio
from collections.abc import Callable, Iterator
from itertools import count, islice

import pytest

from fixtures.http1.target import Target
from loadtests.client.timeouts import Timeouts
from loadtests.counts import Counts
from loadtests.engine.arriving import OpenArrivals
from loadtests.engine.connection import Connection
from loadtests.engine.plan import Plan
from loadtests.engine.recording import Ledger, Recorder
from loadtests.engine.watch import Watch
from loadtests.native import new_lock

EMPTY = 20e-6
"""Seconds of a turn of the event loop with nothing to read."""
FULL = 2e-3
PLACES = 5000
BEGINS = 1000.0
"""What the clock shows when the schedule begins."""


class Held(Connection):
    """Sends nothing."""

    def send(self, since: float, now: float) -> None:
        self.since, self.sent, self.busy = since, now, True


class Turning(OpenArrivals):
    """Has one connection, which is busy, and a clock of its own; each turn of its event loop takes what it is told."""

    def __init__(self, arrivals: Iterator[float]) -> None:
        recorder, watch = Recorder("s", Ledger(Counts(), new_lock())), Watch(lambda _: None, "s")
        plan = Plan("s", b"", arrivals=arrivals, connections=1, waiting=PLACES)
        super().__init__(Target.of("http://127.0.0.1:1", None), plan, Timeouts(), recorder, watch)
        self.now = BEGINS
        self.next: Callable[[], None] = self._tick
        self.one = Held(plan, 1, recorder, watch, self)
        self.connections.add(self.one)
        self.one.usable = True

    def perf_counter(self) -> float:
        return self.now

    def call_soon(self, then: Callable[[], None]) -> None:
        self.next = then

    def call_later(self, _seconds: float, then: Callable[[], None]) -> None:
        self.next = then

    def turns(self, number: int, seconds: float) -> None:
        """So many turns of the event loop."""
        for _ in range(number):
            self.now += seconds
            self.next()

    def answers(self) -> float:
        """The connection is free again, as often as somebody waits for it; the greatest lag."""
        while self.one.busy:
            self.one.busy = False
            self.freed(self.one, self.now)
        return max(self.recorder._lags)


@pytest.fixture(name="turning")
def _turning(monkeypatch: pytest.MonkeyPatch) -> Callable[[Iterator[float]], Turning]:
    async def makes(arrivals: Iterator[float]) -> Turning:
        turning = Turning(arrivals)
        monkeypatch.setattr("loadtests.engine.arriving.time", turning)
        monkeypatch.setattr("loadtests.engine.arriving.asyncio.get_running_loop", lambda: turning)
        turning.begin(BEGINS)
        return turning

    return lambda arrivals: asyncio.run(makes(arrivals))


def every(seconds: float, number: int | None = None) -> Iterator[float]:
    """Arrivals."""
    return islice((seconds * each for each in count()), number)


@pytest.mark.parametrize("number", [None, 500])
def test_who_waits_for_an_engine_that_never_rests_waits_for_it(
    turning: Callable[[Iterator[float]], Turning], number: int | None
) -> None:
    """What it waits for may have come long ago; the same when the schedule is over."""
    engine = turning(every(0.0005, number))
    engine.turns(1000, FULL)
    assert engine.answers() > 900 * FULL


@pytest.mark.parametrize(("each", "number"), [(0.0005, None), (0.0005, 500), (0.5, None), (0.5, 2)])
def test_who_waits_for_the_platform_is_not_late(
    turning: Callable[[Iterator[float]], Turning], each: float, number: int | None
) -> None:
    """An engine with nothing to do would have taken up whatever came; at slow rates and after it all it sleeps."""
    engine = turning(every(each, number))
    engine.turns(100_000, EMPTY)
    assert engine._waiting
    assert engine.answers() < 2 * FULL


def test_one_moment_of_rest_is_enough(turning: Callable[[Iterator[float]], Turning]) -> None:
    """Who waits since before it was not kept waiting by the engine alone."""
    engine = turning(every(0.0005))
    engine.turns(100, FULL)
    engine.turns(1, EMPTY)
    engine.turns(100, FULL)
    assert engine.answers() < 100 * FULL


def test_who_has_no_place_to_wait_came_faster_than_anybody_could_be_sent(
    turning: Callable[[Iterator[float]], Turning],
) -> None:
    """It would have waited behind all others, and that is no fault of the platform's."""
    engine = turning(every(1e-6, 2 * PLACES))
    engine.turns(1000, EMPTY)
    assert engine.recorder._refused
    lags = sorted(engine.recorder._lags)
    assert 1e-6 * PLACES / 2 < lags[-PLACES // 2] <= lags[-1] <= engine.now - BEGINS


def test_who_waits_gives_up_when_who_was_asked_would(turning: Callable[[Iterator[float]], Turning]) -> None:
    """Not sooner than an answer that does not come, and not later: either is a time-out of so many seconds."""
    engine = turning(every(0.0, 2))
    engine.turns(1, EMPTY)
    engine.one.busy = False
    told = []
    for seconds in (9.9, 10.1):
        engine.inspect(BEGINS + seconds)
        told.append(list(engine.recorder._causes))
    assert told == [[], ["time-out"]]
    assert engine.recorder._latencies == pytest.approx([10.1])


def test_who_had_to_wait_is_given_the_whole_time_for_an_answer(turning: Callable[[Iterator[float]], Turning]) -> None:
    """It counts from when it was sent: a platform that is slow to take requests has timed out none by that alone."""
    engine = turning(every(0.0, 0))
    engine.one.send(BEGINS - 9.0, BEGINS)
    told = []
    for seconds in (9.9, 10.1):
        engine.inspect(BEGINS + seconds)
        told.append(list(engine.recorder._causes))
    assert told == [[], ["time-out"]]


def test_who_has_to_be_sent_again_is_before_all_others(turning: Callable[[Iterator[float]], Turning]) -> None:
    """It has waited longest, and once more behind others would be a latency that the platform has not made."""
    engine = turning(every(0.0005))
    engine.turns(2, FULL)
    assert engine._waiting
    engine.again(BEGINS)
    engine.one.busy = False
    engine.freed(engine.one, engine.now)
    assert engine.one.since == BEGINS


def test_a_connection_that_serves_who_waited_has_had_its_turn(turning: Callable[[Iterator[float]], Turning]) -> None:
    """Or it would have another one in the same round, before those that had none."""
    engine = turning(every(0.0, 3))
    engine.turns(1, EMPTY)
    engine._round = 5
    engine.one.busy = False
    engine.freed(engine.one, engine.now)
    assert (engine.one.busy, engine.one.round) == (True, 5)


def test_who_is_due_when_an_answer_comes_is_begun_at_once(turning: Callable[[Iterator[float]], Turning]) -> None:
    """The event loop may have many more answers to read before it is anybody's turn."""
    engine = turning(every(0.0005))
    engine.turns(1, EMPTY)
    engine.now += 0.0008
    engine.one.busy = False
    engine.freed(engine.one, engine.now)
    assert engine.one.busy
    assert engine.one.since == BEGINS + 0.0005


def test_who_is_turned_away_has_waited_since_it_was_due(turning: Callable[[Iterator[float]], Turning]) -> None:
    """That the last try to connect was refused at once says nothing of how long somebody waited for it."""
    engine = turning(every(0.0, 2))
    engine.turns(1, EMPTY)
    engine.now = BEGINS + 3.0
    engine._turn_away("refused", 0.01)
    assert engine.recorder._causes == ["refused"]
    assert engine.recorder._latencies == pytest.approx([3.0])


def test_arrivals_are_of_the_second_in_which_they_were_due(
    turning: Callable[[Iterator[float]], Turning], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also of an engine that takes them all up together, seconds later."""
    engine = turning(every(0.1, 30))
    monkeypatch.setattr("loadtests.clock.wall", lambda: engine.now + 500.65)
    engine.turns(1, 5.0)
    assert engine.recorder._asked == {1500: 4, 1501: 10, 1502: 10, 1503: 6}
