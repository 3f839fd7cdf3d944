"""What our websockets do on one core: `python -m benchmarks.sockets [--rounds N] [--seconds S] [--only NAME]`.

Messages: 64 bytes there and back over 32 connections, each waiting for its answer, against `websocket-client` under
gevent in Locust doing the same: with Locust's event for each message for the user class, without it for the engine.
A user says ten of them in each of its tasks, ours and the reference's alike.
Compared is work for each CPU second of the generator's process, as the median of each round's ratio, sides interleaved:
other work on the machine distorts that least. Idle: the whole process's memory while it holds 10,000 connections, and
for each of 1,000 with TLS. Generators run on the first core, the echo of picows on the last. Linux only.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks.socket_sides import IDLE
from fixtures.checks import eventually
from fixtures.checks.match import equals
from fixtures.sandbox import tls
from fixtures.sandbox.ports import LOOPBACK, is_free, reserve

if TYPE_CHECKING:
    from collections.abc import Iterator

MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison: how many times more than the reference our own is meant to do."""

    name: str
    what: str
    ours: str
    reference: str
    secure: bool
    goal: float | None


ROWS: Final = (
    Row("events", "messages, Locust's event for each", "greenlet", "reference", secure=False, goal=4.0),
    Row("events-tls", "messages over TLS, Locust's event for each", "greenlet", "reference", secure=True, goal=None),
    Row("engine", "messages in the engine, no events", "engine", "bare", secure=False, goal=8.0),
    Row("engine-tls", "messages over TLS in the engine", "engine", "bare", secure=True, goal=None),
)
MOST: Final = 100 * MIB
"""Bytes of a process that holds 10,000 connections."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where the echo answers, and whom to trust for it."""

    plain: str
    secure: str
    ca_file: Path


@contextmanager
def echo() -> Iterator[Target]:
    """Run the echo for as long as the context lasts."""
    ports = reserve(2)
    try:
        with tempfile.TemporaryDirectory(prefix="echo-") as folder:
            tls.write_certificates(Path(folder))
            plain, secure = ports
            process = subprocess.Popen([sys.executable, "-m", "benchmarks.socket_sides", "echo", str(plain), folder])
            try:
                eventually(lambda: is_free(secure), equals(False), within=10, subject="the echo listens")  # noqa: FBT003
                yield Target(f"http://{LOOPBACK}:{plain}", f"https://{LOOPBACK}:{secure}", Path(folder) / "ca.pem")
            finally:
                process.terminate()
                process.wait(10)
    finally:
        ports.release()


def generate(name: str, target: Target, *, secure: bool, seconds: float) -> dict[str, float]:
    """Run one generator in a process of its own."""
    url = target.secure if secure else target.plain
    argv = [sys.executable, "-m", "benchmarks.socket_sides", name, url, str(target.ca_file), str(seconds)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=90 + 10 * seconds, check=False)
    if done.returncode:
        raise SystemExit(f"{name} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    if figures["failed"] or not figures["done"]:
        raise SystemExit(f"{name}: {figures}\n{done.stderr[-2000:]}")
    return figures


def compare(row: Row, target: Target, rounds: int, seconds: float) -> None:
    """Measure one row and print it."""
    ours: list[float] = []
    reference: list[float] = []
    for _ in range(rounds):
        for side, into in ((row.ours, ours), (row.reference, reference)):
            figures = generate(side, target, secure=row.secure, seconds=seconds)
            into.append(figures["done"] / figures["cpu"])
    ratio = statistics.median(one / other for one, other in zip(ours, reference, strict=True))
    figures_of = f"{statistics.median(ours):9.0f} {statistics.median(reference):9.0f}"
    print(f"{row.what:48} {figures_of} {ratio:6.2f} {row.goal or '':>6}", flush=True)


def hold(target: Target, rounds: int) -> None:
    """Measure what connections cost that only stay open, and print it."""
    measured = [generate("idle", target, secure=False, seconds=0) for _ in range(rounds)]
    rss, uss, each = (statistics.median(figures[name] for figures in measured) for name in ("rss", "uss", "each"))
    print(
        f"{f'{IDLE} idle connections: MiB of the process':48} {rss / MIB:9.1f} {MOST / MIB:9.1f}"
        f"   USS {uss / MIB:.1f} MiB, {each / 1024:.2f} KiB for each connection"
    )
    each = generate("idle-tls", target, secure=True, seconds=0)["each"]
    print(f"{'a connection with TLS, KiB':48} {each / 1024:9.2f}")


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description="what websockets of the load tests do on one core")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=[*(row.name for row in ROWS), "idle"])
    chosen = parser.parse_args()
    print(f"{'for each CPU second':48} {'ours':>9} {'reference':>9} {'ratio':>6} {'goal':>6}")
    with echo() as target:
        for row in ROWS:
            if chosen.only in {None, row.name}:
                compare(row, target, chosen.rounds, chosen.seconds)
        if chosen.only in {None, "idle"}:
            hold(target, chosen.rounds)


if __name__ == "__main__":
    main()
