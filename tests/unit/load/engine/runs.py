"""Runs of the engine against a server, from start to end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loadtests.client.timeouts import Timeouts
from loadtests.engine import Engine, Plan

if TYPE_CHECKING:
    from collections.abc import Iterable

    from loadtests.counts import Counts
    from loadtests.engine.plan import Origin

GET = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"
SUBJECT = "chat health"
LIMITS = (0.05, 1.0)


def engine(
    origin: Origin, *, connect: float = 2.0, read: float = 2.0, largest: int = 2**20, drain: float = 3.0
) -> Engine:
    """An engine that is soon impatient."""
    return Engine(origin, over=LIMITS, timeouts=Timeouts(connect=connect, read=read, largest=largest), drain=drain)


def arriving(origin: Origin, offsets: Iterable[float], *, on: Engine | None = None, **plan: Any) -> Counts:  # noqa: ANN401
    """What is counted of arrivals at these offsets, all of them drained; `plan` as `Plan` has it."""
    runs = on or engine(origin)
    plan = {"request": GET, "connections": 8, "waiting": 100, **plan}
    runs.start(Plan(SUBJECT, arrivals=iter(offsets), **plan))
    ends(runs)
    return runs.take()


def ends(runs: Engine) -> None:
    """Wait until the engine has ended by itself."""
    assert runs.wait(20.0)
    assert runs.broken is None
