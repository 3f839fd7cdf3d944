"""Behind one address that deals out connections, each machine is asked as often as any other, however slow it is.

Simulated: the connections only say when they would be answered, and nobody waits for it.
"""

import asyncio
import heapq
from collections import Counter
from collections.abc import Callable
from itertools import count
from typing import Any

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

RATE = 300
QUICK = 0.005
WARM = 16
MOST = RATE * 10


class Dealt(Connection):
    """Leads to one machine, which takes its time."""

    machine = 0

    def send(self, since: float, now: float) -> None:
        self.since, self.sent, self.busy = since, now, True
        self._owner.asked(self, now)  # type: ignore[attr-defined]  # the only owner here


class World(OpenArrivals):
    """Arrivals and machines in a time of their own; `takes` says how long a machine needs at that time.

    It has no more than `full` connections, and nobody asks for more than `most`.
    """

    def __init__(self, takes: Callable[[int, float], float], machines: int, full: int, most: int) -> None:
        plan = Plan("s", b"", arrivals=(number / RATE for number in range(RATE * 30)), connections=most)
        recorder, watch = Recorder("s", Ledger(Counts(), new_lock())), Watch(lambda _: None, "s")
        super().__init__(Target.of("http://127.0.0.1:1", None), plan, Timeouts(), recorder, watch)
        self.takes, self.machines, self.full = takes, machines, full
        self.requests: Counter[int] = Counter()
        self.tried = 0
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._under_way = 0
        self._now = 0.0

    @property
    def opening(self) -> int:
        return self._under_way

    def connect(self, *_told: Any) -> None:  # noqa: ANN401
        """Open one within a few milliseconds."""
        self._under_way += 1
        self.tried += 1
        self._at(self._now + 0.003, self._opens)

    def perf_counter(self) -> float:
        """What time it is here."""
        return self._now

    def asked(self, connection: Dealt, now: float) -> None:
        """A machine was asked."""
        self.requests[connection.machine] += 1
        self._at(now + self.takes(connection.machine, now), lambda: self._answers(connection))

    def lives(self) -> None:
        """Until all was asked for, and answered."""
        for _ in range(WARM):
            self._new_one()
        self.begin(0.0)
        self._at(0.0, self._looks)
        while self._events:
            if self._due <= self._events[0][0]:
                self._now = self._due
                self._arrive(self._now)
            else:
                self._now, _, happens = heapq.heappop(self._events)
                happens()

    def _at(self, time: float, happens: Callable[[], None]) -> None:
        heapq.heappush(self._events, (time, next(self._numbers), happens))

    def _looks(self) -> None:
        self.inspect(self._now)
        if not self.ending:
            self._at(self._now + 0.05, self._looks)

    def _opens(self) -> None:
        self._under_way -= 1
        if self.opened >= self.full:
            self._turn_away("refused", 0.0)
            return
        self._serve(self._new_one())

    def _new_one(self) -> Dealt:
        connection = Dealt(self.plan, 1, self.recorder, self._watch, self)
        connection.usable = True
        connection.machine = self.opened % self.machines
        self.opened += 1
        self.connections.add(connection)
        return connection

    def _answers(self, connection: Dealt) -> None:
        if connection.busy:
            connection.busy = False
            self.freed(connection, self._now)


@pytest.fixture(name="lived")
def _lived(monkeypatch: pytest.MonkeyPatch) -> Callable[..., World]:
    """A world after thirty seconds, in the first of which those connections are opened that it takes."""

    async def lives(takes: Callable[[int, float], float], machines: int, full: int, most: int) -> World:
        world = World(takes, machines, full, most)
        monkeypatch.setattr("loadtests.engine.arriving.time", world)
        world.lives()
        return world

    def lived(takes: Callable[[int, float], float], *, machines: int, full: int = MOST, most: int = MOST) -> World:
        return asyncio.run(lives(takes, machines, full, most))

    return lived


@pytest.mark.parametrize(("machines", "slow"), [(3, 0.3), (3, 2.0), (10, 3.0), (10, 8.0), (20, 2.0), (4, 0.02)])
def test_a_slow_machine_is_asked_like_any_other(lived: Callable[..., World], machines: int, slow: float) -> None:
    """Nobody asks the quick ones again and again because they are quick."""
    world = lived(lambda machine, _: slow if machine == 0 else QUICK, machines=machines)
    fair = world.requests.total() / machines
    assert 0.5 * fair <= world.requests[0] <= 1.1 * fair
    assert world.opened <= WARM + 1.5 * RATE * slow


def test_whoever_is_quick_is_asked_in_turn_over_as_many_connections_as_there_are(lived: Callable[..., World]) -> None:
    """A healthy platform behind such a balancer has the same load on all its machines, and no connection more."""
    world = lived(lambda _, __: QUICK, machines=4)
    assert world.opened == WARM
    assert max(world.requests.values()) - min(world.requests.values()) <= WARM


def test_one_that_hangs_now_and_then_brings_no_flood(lived: Callable[..., World]) -> None:
    """One answer in three thousand that never comes: what is opened for it is a fraction of what the plan allows."""
    turns = count(1)
    world = lived(lambda _, __: 60.0 if next(turns) % 3000 == 0 else QUICK, machines=4)
    assert WARM < world.opened <= MOST / 5


def test_a_stop_of_all_opens_what_those_need_who_come_meanwhile(lived: Callable[..., World]) -> None:
    """A second in which nobody is answered is no reason to have more connections than arrivals."""
    world = lived(lambda _, now: max(QUICK, 11.0 - now) if 10.0 <= now < 11.0 else QUICK, machines=4)
    assert RATE - WARM <= world.opened <= RATE + WARM


def test_who_refuses_more_connections_is_not_stormed(lived: Callable[..., World]) -> None:
    """Nobody waits for those: they are asked for again only at the next look, a second later."""
    world = lived(lambda machine, _: 2.0 if machine == 0 else QUICK, machines=4, full=WARM)
    assert world.opened == WARM
    assert 0 < world.tried <= 30 * 32


@pytest.mark.parametrize("looks", [0, 1])
def test_when_all_is_over_nobody_needs_another_turn(lived: Callable[..., World], looks: int) -> None:
    """Connections that are closed at the end make room for none, though turns were missed until then."""
    world = lived(lambda machine, _: 2.0 if machine == 0 else QUICK, machines=4, most=WARM)
    for _ in range(looks):
        world.inspect(world.perf_counter() + 1)
    world.abandon()
    for connection in tuple(world.connections):
        world.lost(connection)
    assert world.tried == 0
