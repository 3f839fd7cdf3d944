"""Idle websockets of a test, and what became of them."""

import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fixtures.checks import eventually
from fixtures.checks.match import equals
from fixtures.http1.target import Target
from loadtests.client import Timeouts
from loadtests.failure import Failure
from loadtests.sockets.idle import Idle, Sample

ENOUGH = 20.0
"""Seconds for what has to come: the machine may stand still meanwhile, more than once."""


class Clock:
    """The clock by which connections are opened and held: a test can set it ahead, and let it stand otherwise."""

    def __init__(self) -> None:
        self.ahead = 0.0
        self._stands_at: float | None = None

    def stands(self) -> None:
        """From now on it goes only when it is set ahead."""
        self._stands_at = time.perf_counter()

    def perf_counter(self) -> float:
        return self.ahead + (time.perf_counter() if self._stands_at is None else self._stands_at)


@contextmanager
def holding(
    url: str,
    count: int,
    *,
    rate: float = 1000,
    connect: float = ENOUGH,
    ca_file: Path | None = None,
    **more: Any,  # noqa: ANN401 - of `Idle`
) -> Iterator[Idle]:
    idle = Idle(Target.of(url, ca_file), "/", count=count, rate=rate, timeouts=Timeouts(connect=connect), **more)
    idle.start()
    try:
        yield idle
    finally:
        idle.stop(threading.Event().wait)


def settled(idle: Idle, count: int) -> list[Sample]:
    """Everything that happened until there were so many samples."""
    samples: list[Sample] = []

    def number() -> int:
        samples.extend(idle.take())
        return len(samples)

    eventually(number, equals(count), within=ENOUGH, subject="samples")
    return samples


def split(samples: Sequence[Sample]) -> tuple[list[float], list[Failure]]:
    """Latencies of what succeeded, and what failed."""
    return (
        [sample.latency for sample in samples if sample.latency is not None],
        [sample.failure for sample in samples if sample.failure is not None],
    )


def silent(connection: socket.socket, _head: bytes) -> None:
    connection.recv(1)
