"""What recording and judging one sample costs, beside Locust's own recording.

    python -m benchmarks.recording

One process pinned to one core; every round measures each way once, in turn; the table shows medians of five rounds, in
nanoseconds of processor time a sample. Ends with 1 if recording and judging a sample, as the load tests do it (judged
every second), exceeds the goal of 150 ns. Judging after every single sample is shown for comparison.
"""

import os
import sys
from collections.abc import Callable
from random import Random
from statistics import median
from time import process_time_ns
from typing import Final

from fixtures.statistics.sequential import ShareTest, Watch
from fixtures.statistics.tally import Tally

GOAL: Final = 150.0
ROUNDS: Final = 5
SECONDS: Final = 10
RATE: Final = 10_000
LIMIT: Final = 1.0
UNDECIDED: Final = ShareTest(0.001, alpha=1e-9, beta=1e-9)
"""Does not decide while the share is about its limit; its tables grow in the first round."""


def samples() -> list[float]:
    """One second's latencies: log-normal about 50 ms, one in a thousand over the limit of 1 s."""
    random = Random(1)  # noqa: S311 - a seed, not secrecy
    return [random.lognormvariate(-3, 0.97) for _ in range(RATE)]


def batches(latencies: list[float]) -> None:
    """As the engine does: append each, count and judge every second."""
    tally, watch = Tally((LIMIT,)), Watch(ShareTest(0.05))
    for second in range(SECONDS):
        pending: list[float] = []
        for latency in latencies:
            pending.append(latency)  # noqa: PERF402 - the cost of one sample, as it comes, is what is measured
        tally.add(second, pending)
        [(n, bad)] = [tally.counts(LIMIT)[second]]
        watch.observe(n, bad)


def one_by_one(latencies: list[float]) -> None:
    """As a user with events does: one call for each sample, judged every second."""
    tally, watch = Tally((LIMIT,)), Watch(ShareTest(0.05))
    for second in range(SECONDS):
        record = tally.record
        for latency in latencies:
            record(second, latency)
        n, bad = tally.counts(LIMIT)[second]
        watch.observe(n, bad)


def every_look(latencies: list[float]) -> None:
    """Counted in batches, and judged after every single sample, none of which decides."""
    tally, watch = Tally((LIMIT,)), Watch(UNDECIDED)
    for second in range(SECONDS):
        tally.add(second, latencies)
        watch.observe_each(list(map(LIMIT.__lt__, latencies)))


def locust() -> Callable[[list[float]], None] | None:
    """Locust's recording, rounded to two digits; None where it is not installed."""
    os.environ.setdefault("LOCUST_SKIP_MONKEY_PATCH", "1")
    try:
        from locust.stats import RequestStats  # noqa: PLC0415 - optional
    except ImportError:
        return None

    def recorded(latencies: list[float]) -> None:
        stats = RequestStats()
        for latency in latencies:
            stats.log_request("GET", "name", latency * 1000, 100)  # type: ignore[arg-type]  # Locust passes floats, too

    return recorded


def main() -> int:
    """Measure, print, and say whether the goal is met."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    latencies = samples()
    ways: list[tuple[str, Callable[[list[float]], None], int]] = [
        ("batches, judged every second", batches, SECONDS * RATE),
        ("one by one, judged every second", one_by_one, SECONDS * RATE),
        ("batches, each sample judged", every_look, SECONDS * RATE),
    ]
    reference = locust()
    if reference is not None:
        ways.append(("Locust's RequestStats, not judged", reference, RATE))
    measured: dict[str, list[float]] = {name: [] for name, _, _ in ways}
    for _ in range(ROUNDS):
        for name, way, count in ways:
            started = process_time_ns()
            way(latencies)
            measured[name].append((process_time_ns() - started) / count)
    for name, costs in measured.items():
        sys.stdout.write(f"{name:48} {median(costs):8.0f} ns  ({min(costs):.0f} to {max(costs):.0f})\n")
    met = all(median(measured[name]) <= GOAL for name, _, _ in ways[:2])
    sys.stdout.write(f"goal <= {GOAL:.0f} ns: {'met' if met else 'missed'}\n")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
