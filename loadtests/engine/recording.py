"""What one plan did, in lists that are counted as a batch: at C speed, under the lock, and often.

A sample belongs to the second in which it ended, so a batch never spans two. The larger a batch, the less a sample
costs; the smaller, the shorter do those wait who are due while it is counted.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from loadtests import clock
from loadtests.counts import NEVER, Counts

if TYPE_CHECKING:
    from _thread import LockType


class Ledger:
    """The engine's counts, which its thread adds to and any other takes from."""

    __slots__ = ("_counts", "_lock", "slow")

    def __init__(self, counts: Counts, lock: "LockType") -> None:
        self._counts = counts
        self._lock = lock
        self.slow = min(counts.limits, default=NEVER)
        """Seconds; of an answer that takes longer it is counted who gave it, as of one that fails."""

    def take(self) -> Counts:
        """Everything that is new; from any thread."""
        with self._lock:
            return self._counts.take()

    def add(self, apply: Callable[[Counts], None]) -> None:
        """Count a batch."""
        with self._lock:
            apply(self._counts)


class Recorder:
    """Samples and arrivals of one plan. Used by the engine's thread alone."""

    __slots__ = (
        "_asked",
        "_causes",
        "_given",
        "_lags",
        "_latencies",
        "_ledger",
        "_lost",
        "_refused",
        "_second",
        "_traces",
        "border",
        "lag",
        "record",
        "slow",
        "subject",
    )

    def __init__(self, subject: str, ledger: Ledger) -> None:
        self.subject = subject
        self.slow = ledger.slow
        self._ledger = ledger
        self._latencies: list[float] = []
        self._lags: list[float] = []
        self._causes: list[str] = []
        self._given: list[tuple[str, float, bool]] = []
        self._traces: list[tuple[str | None, float, str]] = []
        self._asked: dict[int, int] = {}
        self._refused: dict[int, int] = {}
        # The lists are emptied, never replaced, so that these can be kept by whoever calls them most.
        self.record = self._latencies.append
        """Count a sample that ended now, by its latency. First `turn`, if `border` is over."""
        self.lag = self._lags.append
        """Count an arrival, by the seconds that it was begun too late."""
        self._lost = False
        self._second = 0
        self.border = 0.0
        """When the second ends, on the clock of `time.perf_counter`."""

    @property
    def waiting(self) -> int:
        """Samples that are not counted yet."""
        return len(self._latencies)

    def turn(self, now: float) -> None:
        """Count what is there, and see which second it is."""
        self.settle()
        wall = clock.wall()
        self._second = int(wall)
        self.border = now + self._second + 1 - wall

    def fail(self, cause: str, latency: float) -> None:
        """Count a failed sample that ended now; `NEVER` is recorded by this alone."""
        now = time.perf_counter()
        if now >= self.border:
            self.turn(now)
        self.record(latency)
        self._lost = self._lost or latency == NEVER
        self._causes.append(cause)

    def failed(self, cause: str) -> None:
        """Say of the sample that was recorded last that it failed."""
        self._causes.append(cause)

    def gave(self, instance: str, latency: float, *, failed: bool) -> None:
        """Say of the sample that was recorded last, if it failed or is `slow`, who gave the answer."""
        self._given.append((instance, latency, failed))

    def traced(self, cause: str | None, latency: float, trace: str) -> None:
        """Say of the sample that was recorded last, if it failed by a cause or is `slow`, which trace it is."""
        if trace:
            self._traces.append((cause, latency, trace))

    def arrivals(self, second: int, asked: int, refused: int) -> None:
        """Count arrivals of a second of the schedule."""
        self._asked[second] = self._asked.get(second, 0) + asked
        self._refused[second] = self._refused.get(second, 0) + refused

    def passes_over(self, cause: str, address: str) -> None:
        """Count that a connection was not let in at an address, and tries the next."""
        self._ledger.add(lambda counts: counts.passed_over.add((cause, address)))

    def settle(self) -> None:
        """Count what is there."""
        if self._latencies or self._asked or self._lags:
            self._ledger.add(self._apply)

    def _apply(self, counts: Counts) -> None:
        if self._latencies:
            counts.add(self.subject, self._second, self._latencies, self._causes, plotted=not self._lost)
            if self._lost:
                counts.plot(self._second, [latency for latency in self._latencies if latency != NEVER])
                self._lost = False
        for instance, latency, failed in self._given:
            counts.gave(self.subject, instance, latency, failed=failed)
        for cause, latency, trace in self._traces:
            if cause is None:
                counts.took(self.subject, latency, trace)
            else:
                counts.traced(self.subject, cause, self._second, trace)
        if self._lags:
            counts.begun(self._lags)
        for second, asked in self._asked.items():
            refused = self._refused[second]
            counts.asked[second] += asked
            counts.started[second] += asked - refused
            if refused:
                counts.refused[second] += refused
        for filled in (
            self._latencies,
            self._causes,
            self._given,
            self._traces,
            self._lags,
            self._asked,
            self._refused,
        ):
            filled.clear()
