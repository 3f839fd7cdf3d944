"""How the engine ends by a mistake of its own: it is known, and nobody waits for it."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
import uvloop

from loadtests.client.timeouts import Timeouts
from loadtests.engine import Engine, Plan
from loadtests.engine.arriving import OpenArrivals
from loadtests.engine.connection import Connection
from loadtests.engine.driver import Driver
from loadtests.engine.plan import Origin
from loadtests.engine.recording import Recorder
from loadtests.engine.watch import Watch
from tests.unit.load.engine.runs import GET, SUBJECT, engine
from tests.unit.load.engine.server import Server, answering, serving


@dataclass
class Own:
    """Arrivals at once, followed by a driver of a test's own."""

    way: type[OpenArrivals]
    arrivals: Iterator[float] = field(default_factory=lambda: iter([0.0, 60.0]))
    connections: int = 1
    warm: int = 0

    def driver(self, origin: Origin, timeouts: Timeouts, recorder: Callable[[str], Recorder]) -> Driver:
        """What the engine follows."""
        plan = Plan(SUBJECT, GET, arrivals=self.arrivals, connections=self.connections)
        return self.way(origin, plan, timeouts, recorder(SUBJECT), Watch(lambda _: None, SUBJECT))


def test_a_mistake_of_its_own_is_known_and_ends_it() -> None:
    """When a plan's own code fails, the engine ends, and says that it is broken."""

    def impossible() -> bytes:
        raise LookupError("no person left")

    with serving(answering) as server:
        runs = engine(server)
        runs.start(Plan(SUBJECT, impossible, arrivals=iter([0.0, 0.1, 0.2])))
        assert runs.wait(10)
    assert isinstance(runs.broken, LookupError)


def test_what_its_loop_complains_of_without_an_exception_is_known() -> None:
    """Of a task that was lost there is only a sentence."""
    runs = Engine(Server(1))
    runs.start()
    assert runs._loop is not None
    runs._loop.call_soon_threadsafe(runs._loop.call_exception_handler, {"message": "Task was destroyed"})
    assert runs.wait(10)
    assert isinstance(runs.broken, RuntimeError)
    assert runs.broken.args == ("Task was destroyed",)


def test_what_breaks_while_it_is_inspected_ends_it() -> None:
    """When to look after connections fails, the engine ends at once, and what was counted before can be taken."""

    class Failing(OpenArrivals):
        def inspect(self, now: float) -> None:
            super().inspect(now)
            if self.opened and self.idle:
                raise LookupError("no such connection")

    with serving(answering) as server:
        runs = engine(server)
        runs.start(Own(Failing))
        assert runs.wait(4)
    assert isinstance(runs.broken, LookupError)
    assert runs.take().tally(SUBJECT).requests == 1


def test_a_loop_that_cannot_be_closed_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the event loop is not closed as it should be, that is known, and the engine has ended."""

    class Unwilling(uvloop.Loop):
        def close(self) -> None:
            super().close()
            raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(uvloop, "new_event_loop", Unwilling)
    runs = Engine(Server(1))
    runs.start()
    assert runs.stop()
    assert isinstance(runs.broken, OSError)


def test_connections_that_are_being_opened_are_closed_before_it_ends() -> None:
    """Whoever gives up opening one may take turns of the event loop to close it."""
    opening: list[str] = []

    class Slow(OpenArrivals):
        async def _open(self) -> Connection:
            opening.append("begun")
            try:
                await asyncio.sleep(60)
            finally:
                for _ in range(5):
                    await asyncio.sleep(0.01)
                opening.append("closed")
            raise ConnectionResetError

    runs = engine(Server(1), drain=0.1)
    runs.start(Own(Slow))
    assert not runs.wait(0.2)
    assert runs.stop()
    assert opening == ["begun", "closed"]
    assert runs.broken is None
    assert runs.take().causes == {(SUBJECT, "unanswered at the end"): 1}


def test_a_schedule_that_breaks_before_its_first_arrival_is_known() -> None:
    """Nothing was asked for then, which nobody may take for a schedule that is over."""

    def broken() -> Iterator[float]:
        raise LookupError("no arrival")
        yield 0.0

    with serving(answering) as server:
        runs = engine(server)
        runs.start(Plan(SUBJECT, GET, arrivals=broken(), warm=0))
        assert runs.wait(10)
    assert isinstance(runs.broken, LookupError)
