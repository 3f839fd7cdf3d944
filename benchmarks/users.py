"""What the load tests' user class does on one core: `python -m benchmarks.users [--rounds N] [--only NAME]`.

Three generators, each in a process of its own, take turns on the first core, a quarter of a second each; nginx answers
on the last. What is compared is work for each CPU second of the generator, as the median of each round's ratio: other
work on the machine then distorts least. All make the same operation of the contract, send it with bearer token,
idempotency key and trace, check the status, have the operation read the answer into its type, and Locust's event is
fired for every request under the operation's name. FastHttpUser comes twice: doing what ours does, which also bounds
the time to the end of each answer and looks who answered, and as it is commonly used, which does neither. Linux only.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from benchmarks.targets import Nginx, nginx

if TYPE_CHECKING:
    from collections.abc import Iterator

WINDOW_S: Final = 0.25
REFERENCES: Final = {"fast": "FastHttpUser doing the same", "common": "FastHttpUser as it is commonly used"}
GOAL: Final = 5.5
GOAL_KIB: Final = 14.0


@dataclass(slots=True)
class Generator:
    """A process that works when it is told to."""

    name: str
    process: subprocess.Popen[str]

    def work(self, seconds: float) -> tuple[int, float]:
        """Let it work; return what it did and the CPU seconds that it took."""
        assert self.process.stdin is not None  # noqa: S101 - it was started with pipes
        assert self.process.stdout is not None  # noqa: S101
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        figures = json.loads(self.process.stdout.readline())
        if figures["failed"] or not figures["done"]:
            raise SystemExit(f"{self.name}: {figures}")
        return figures["done"], figures["cpu"]


@contextmanager
def generator(name: str, base: str, target: Nginx) -> Iterator[Generator]:
    """Start a generator and wait until it is warm."""
    argv = [sys.executable, "-m", "benchmarks.user_sides", "works", name, base, str(target.ca_file)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None  # noqa: S101
        try:
            if process.stdout.readline() != "ready\n":
                raise SystemExit(f"{name} did not start")
            yield Generator(name, process)
        finally:
            process.kill()


def compare(base: str, target: Nginx, rounds: int, seconds: float) -> list[tuple[float, ...]]:
    """For each round, what ours and the references did for each of their CPU seconds."""
    with ExitStack() as stack:
        sides = [stack.enter_context(generator(name, base, target)) for name in ("ours", *REFERENCES)]
        figures = []
        for _ in range(rounds):
            sums = [[0.0, 0.0] for _ in sides]
            for _ in range(max(1, round(seconds / WINDOW_S))):
                for each, total in zip(sides, sums, strict=True):
                    done, cpu = each.work(WINDOW_S)
                    total[0] += done
                    total[1] += cpu
            figures.append(tuple(done / cpu for done, cpu in sums))
    return figures


def memory(name: str, target: Nginx) -> float:
    """KiB of the process for each user after its first request."""
    argv = [sys.executable, "-m", "benchmarks.user_sides", "grows", name, target.http, str(target.ca_file)]
    return float(subprocess.run(argv, stdout=subprocess.PIPE, text=True, timeout=90, check=True).stdout)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description="what the user class does on one core, and what a user costs")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=["http", "tls", "memory"])
    chosen = parser.parse_args()
    wanted = {chosen.only} if chosen.only else {"http", "tls", "memory"}
    print("Requests for each CPU second, and KiB for each user")
    print(f"{'what':50} {'ours':>9} {'reference':>9} {'ratio':>6} {'lowest':>6} {'highest':>7} {'goal':>6}")
    with nginx() as target:
        for name, base in (("http", target.http), ("tls", target.https)):
            if name in wanted:
                did, *references = zip(*compare(base, target, chosen.rounds, chosen.seconds), strict=True)
                for said, others in zip(REFERENCES.values(), references, strict=True):
                    ratios = sorted(one / other for one, other in zip(did, others, strict=True))
                    print(
                        f"{name + ', ' + said:50} {statistics.median(did):9.0f} {statistics.median(others):9.0f} "
                        f"{statistics.median(ratios):6.2f} {ratios[0]:6.2f} {ratios[-1]:7.2f} {GOAL:6.1f}"
                    )
        if "memory" in wanted:
            ours, reference = memory("ours", target), memory("http", target)
            print(f"{'memory, HttpUser':50} {ours:9.1f} {reference:9.1f} {'':6} {'':6} {'':7} {GOAL_KIB:6.1f}")


if __name__ == "__main__":
    main()
