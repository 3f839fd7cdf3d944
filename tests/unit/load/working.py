"""A session of a test, with people who can be lent out and journeys that take a time."""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gevent
from gevent.event import Event

from fixtures.checks.eventually import MonotonicClock
from loadtests import clock
from loadtests.profiles.load import load_profile
from loadtests.recording import Recorder
from loadtests.session import Session
from tests.unit.load.told import PLATFORM

HEALTH = {
    "status": "up",
    "service": "chat",
    "environment": "local",
    "version": "1",
    "slot": "blue",
    "instance": "i",
    "started_at": "2026-01-01T00:00:00.000Z",
    "dependencies": {},
}
"""What a service that is well says of itself."""


class Greenlets(MonotonicClock):
    """The clock of who waits for what other greenlets of this thread do."""

    def sleep(self, seconds: float) -> None:
        gevent.sleep(seconds)


GREENLETS = Greenlets()


class Pool:
    """So many can be lent out at once."""

    def __init__(self, size: int) -> None:
        self.free = [SimpleNamespace(trace="5c4e") for _ in range(size)]

    def borrow(self) -> Any:  # noqa: ANN401 - whatever a journey takes
        return self.free.pop() if self.free else None

    def give_back(self, visitor: SimpleNamespace) -> None:
        self.free.append(visitor)


@dataclass
class Journey:
    """Takes so long, and is counted when it is over."""

    fire: Callable[..., None]
    takes: float = 0.0
    breaks: BaseException | None = None
    tidies: float = 0.0
    """Seconds after it was counted."""
    since: list[float] = field(default_factory=list)
    counted: int = 0
    enough: Event = field(default_factory=Event)
    """Set when nobody shall take any longer."""

    def run(self, visitor: object, since: float) -> None:  # noqa: ARG002 - as journeys are called
        self.since.append(since)
        if self.takes:
            self.enough.wait(self.takes)
        else:
            gevent.sleep(0)
        if self.breaks is not None:
            raise self.breaks
        self.fire(request_type="JOURNEY", name="browsing", response_time=(time.perf_counter() - since) * 1000)
        self.counted += 1
        with contextlib.suppress(gevent.GreenletExit):
            gevent.sleep(self.tidies)


def session(begins_in: float = 0.05) -> Session:
    recorder = Recorder()
    made = Session(
        run_id="run",
        folder=Path("nowhere"),
        profile=load_profile("smoke"),
        platform=PLATFORM,
        recorder=recorder,
        share=0,
        of=1,
        fire=recorder.heard,
    )
    made.begins = time.perf_counter() + begins_in
    made.began = clock.wall() + begins_in
    return made
