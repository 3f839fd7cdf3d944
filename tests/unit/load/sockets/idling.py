"""Idle websockets of a test, and what became of them."""

import socket
import threading
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


@contextmanager
def holding(
    url: str,
    count: int,
    *,
    rate: float = 1000,
    connect: float = 5.0,
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

    eventually(number, equals(count), within=8, subject="samples")
    return samples


def split(samples: Sequence[Sample]) -> tuple[list[float], list[Failure]]:
    """Latencies of what succeeded, and what failed."""
    return (
        [sample.latency for sample in samples if sample.latency is not None],
        [sample.failure for sample in samples if sample.failure is not None],
    )


def silent(connection: socket.socket, _head: bytes) -> None:
    connection.recv(1)
