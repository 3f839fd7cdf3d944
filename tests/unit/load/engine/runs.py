"""Runs of the engine against a server, from start to end."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

from fixtures.checks import eventually
from fixtures.checks.match import at_least
from loadtests.client.timeouts import Timeouts
from loadtests.engine import Engine, Plan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from loadtests.counts import Counts
    from loadtests.engine.plan import Origin
    from tests.unit.load.engine.server import Server

GET = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"
SUBJECT = "chat health"
LIMITS = (0.05, 1.0)


PATIENCE_S = 20.0
"""More than a machine ever stands still. Tests of time-outs name shorter ones."""


class Timed(Engine):
    """Nothing that it counts took longer than since it was made, but for what never came."""

    def __init__(self, *origin: Any, **more: Any) -> None:  # noqa: ANN401 - as its base
        super().__init__(*origin, **more)
        self._made = time.perf_counter()

    def take(self) -> Counts:
        counts = super().take()
        buckets = [bucket for tally in counts.tallies.values() for bucket in tally.latencies.buckets()]
        longest = max((least for least, most, _ in buckets if most < math.inf), default=0.0)
        assert longest < time.perf_counter() - self._made
        return counts


def engine(
    origin: Origin,
    *,
    connect: float = PATIENCE_S,
    read: float = PATIENCE_S,
    largest: int = 2**20,
    drain: float = PATIENCE_S,
) -> Engine:
    """An engine that is as patient as a test wants."""
    return Timed(origin, over=LIMITS, timeouts=Timeouts(connect=connect, read=read, largest=largest), drain=drain)


def arriving(origin: Origin, offsets: Iterable[float], *, on: Engine | None = None, **plan: Any) -> Counts:  # noqa: ANN401
    """What is counted of arrivals at these offsets, all of them drained; `plan` as `Plan` has it."""
    runs = on or engine(origin)
    plan = {"request": GET, "connections": 8, "waiting": 100, **plan}
    runs.start(Plan(SUBJECT, arrivals=iter(offsets), **plan))
    ends(runs)
    return runs.take()


def ends(runs: Engine) -> None:
    """Wait until the engine has ended by itself."""
    assert runs.wait(2 * PATIENCE_S)
    assert runs.broken is None


def asked(server: Server, number: int) -> None:
    """Wait until the server was asked so often."""
    eventually(lambda: server.requests, at_least(number), within=PATIENCE_S, subject="requests")
