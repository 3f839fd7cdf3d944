"""What was counted: by one process in one interval, by one process in all, or by all processes. Adding is exact.

A process counts into its own `Counts` and hands over what is new every second; whoever collects adds it up. In which
order and in how many pieces changes nothing, so the sum is what one process would have counted.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from math import ceil, inf
from typing import Final

import msgspec

from fixtures.statistics.histogram import Batch, Histogram
from fixtures.statistics.tally import Tally
from loadtests.kinds import WAITED_FOR
from loadtests.said import MOST, Said, cut

NEVER: Final = inf
"""The latency of what never came: over every limit."""
_MICRO: Final = 1e6
_TRACED: Final = 4 * MOST
"""Causes, of all subjects, of which a trace is kept: a target that fails in ever new ways fills no memory with them."""


class _Wire(msgspec.Struct, array_like=True):
    """The form between processes."""

    limits: tuple[float, ...]
    tallies: dict[str, bytes]
    causes: list[tuple[str, str, int]]
    instances: list[tuple[str, float | None, str, int]]
    asked: dict[int, int]
    started: dict[int, int]
    refused: dict[int, int]
    lag: bytes
    seconds: dict[int, bytes]
    waits: dict[str, dict[int, bytes]]
    passed_over: list[tuple[str, str, int]]
    traces: list[tuple[str, str, int, str]]
    slowest: dict[str, tuple[float, str]]


class Counts:
    """Samples by subject, failures by cause, and arrivals by second. Seconds are those of the run's shared epoch."""

    __slots__ = (
        "asked",
        "causes",
        "instances",
        "lag",
        "limits",
        "passed_over",
        "refused",
        "seconds",
        "slowest",
        "started",
        "tallies",
        "traces",
        "waits",
    )

    def __init__(self, limits: Iterable[float] = ()) -> None:
        self.limits = tuple(sorted({float(limit) for limit in limits}))
        """Seconds; how many samples took longer is counted exactly for each (`budgets.questions.limits`)."""
        self.tallies: dict[str, Tally] = {}
        """Subject of a budget to its samples: an operation's label, or the name of a journey or of what it measures."""
        self.causes: Said[tuple[str, str]] = Said()
        """(subject, cause in a few words) to how often it failed so."""
        self.instances: Said[tuple[str, float | None, str]] = Said()
        """(subject, limit that was exceeded or None for failures, instance) to how many such answers it gave."""
        self.passed_over: Said[tuple[str, str]] = Said()
        """(cause, address of the target) to connections that were not let in there, and tried the next: no samples."""
        self.traces: dict[tuple[str, str], tuple[int, str]] = {}
        """(subject, cause) to the second in which it first failed so, and the trace of one that did."""
        self.slowest: dict[str, tuple[float, str]] = {}
        """Subject to the seconds that its slowest took of those that did not fail, over a limit, and its trace."""
        self.asked: Counter[int] = Counter()
        """Second to arrivals that the schedule asked for in it."""
        self.started: Counter[int] = Counter()
        """Second of the schedule to those of its arrivals that were started, however late."""
        self.refused: Counter[int] = Counter()
        """Second of the schedule to those that were due and had no place."""
        self.lag = Histogram()
        """Seconds between the intended and the real start of each arrival (`begun`)."""
        self.seconds: dict[int, Histogram] = {}
        """Second to the latencies of all requests that ended in it, for pictures (`kinds.NO_REQUESTS` are none)."""
        self.waits: dict[str, dict[int, Histogram]] = {}
        """The same by subject of what is waited for beside requests (`kinds.WAITED_FOR`): three at most, 21 MiB in all
        for the four hours of `soak`."""

    def add(
        self,
        subject: str,
        second: int,
        latencies: Sequence[float],
        causes: Sequence[str] = (),
        *,
        plotted: bool = False,
    ) -> None:
        """Count a batch that ended in `second`, with the cause of each failure among it; `plotted` as by `plot`."""
        batch = Batch(latencies)
        self.tally(subject).add_batch(second, batch, len(causes))
        for cause, times in Counter(causes).items() if causes else ():
            self.causes.add((subject, cause), times)
        if plotted:
            _at(self.seconds, second).add_batch(batch)
        if subject in WAITED_FOR:
            _at(self.waits.setdefault(subject, {}), second).add_batch(batch)

    def gave(self, subject: str, instance: str, latency: float, *, failed: bool) -> None:
        """Count who gave an answer as far as it is bad: it failed, or took longer than a limit."""
        if failed:
            self.instances.add((subject, None, instance))
        for limit in self.limits:
            if latency > limit:
                self.instances.add((subject, limit, instance))

    def traced(self, subject: str, cause: str, second: int, trace: str) -> None:
        """Keep the trace of what failed so, if nothing did earlier; of several of one second the lowest."""
        key = subject, cut(cause)
        known = self.traces.get(key)
        if known is None and len(self.traces) >= _TRACED:
            return
        if known is None or (second, trace) < known:
            self.traces[key] = second, trace

    def took(self, subject: str, latency: float, trace: str) -> None:
        """Keep the trace of what took long, if nothing took longer; of several that took as long the last."""
        self.slowest[subject] = max((latency, trace), self.slowest.get(subject, (0.0, "")))

    def begun(self, late: Iterable[float]) -> None:
        """Count how many seconds late arrivals were begun, in microseconds, rounded up.

        No schedule is kept by a finer clock; and two thousand buckets of nanoseconds take long to merge, every second.
        """
        self.lag.add([ceil(seconds * _MICRO) / _MICRO for seconds in late])

    def tally(self, subject: str) -> Tally:
        """The samples of one subject; made when first asked for."""
        tally = self.tallies.get(subject)
        if tally is None:
            tally = self.tallies[subject] = Tally(self.limits)
        return tally

    def plot(self, second: int, latencies: Sequence[float]) -> None:
        """Keep latencies of operations for the picture over time."""
        _at(self.seconds, second).add(latencies)

    def merge(self, other: "Counts") -> None:
        """Count everything that `other` counted; raises `ValueError` unless both have the same limits."""
        for subject, tally in other.tallies.items():
            self.tally(subject).merge(tally)
        self.causes.merge(other.causes)
        self.instances.merge(other.instances)
        self.passed_over.merge(other.passed_over)
        for (subject, cause), (second, trace) in other.traces.items():
            self.traced(subject, cause, second, trace)
        for subject, (latency, trace) in other.slowest.items():
            self.took(subject, latency, trace)
        self.asked.update(other.asked)
        self.started.update(other.started)
        self.refused.update(other.refused)
        self.lag.merge(other.lag)
        for second, histogram in other.seconds.items():
            _at(self.seconds, second).merge(histogram)
        for subject, seconds in other.waits.items():
            mine = self.waits.setdefault(subject, {})
            for second, histogram in seconds.items():
                _at(mine, second).merge(histogram)

    def take(self) -> "Counts":
        """Hand over everything and begin anew: what every second goes to whoever collects."""
        taken = Counts(self.limits)
        for name in self.__slots__:
            empty = getattr(taken, name)
            setattr(taken, name, getattr(self, name))
            setattr(self, name, empty)
        return taken

    def encode(self) -> bytes:
        """All of it, for the way from a worker to the master."""
        return msgspec.msgpack.encode(
            _Wire(
                self.limits,
                {subject: tally.encode() for subject, tally in self.tallies.items()},
                [(subject, cause, times) for (subject, cause), times in self.causes.items()],
                [(*key, times) for key, times in self.instances.items()],
                self.asked,
                self.started,
                self.refused,
                self.lag.encode(),
                _encoded(self.seconds),
                {subject: _encoded(seconds) for subject, seconds in self.waits.items()},
                [(*key, times) for key, times in self.passed_over.items()],
                [(*key, *first) for key, first in self.traces.items()],
                self.slowest,
            )
        )

    @classmethod
    def decode(cls, data: bytes) -> "Counts":
        """What `encode` gave; raises `ValueError` for anything else."""
        try:
            wire = msgspec.msgpack.decode(data, type=_Wire)
        except msgspec.MsgspecError as error:
            raise ValueError(f"not the encoding of counts: {error}") from error
        counts = cls(wire.limits)
        counts.tallies = {subject: Tally.decode(tally) for subject, tally in wire.tallies.items()}
        for subject, cause, times in wire.causes:
            counts.causes.add((subject, cause), times)
        for subject, limit, who, times in wire.instances:
            counts.instances.add((subject, limit, who), times)
        for cause, where, times in wire.passed_over:
            counts.passed_over.add((cause, where), times)
        for subject, cause, second, trace in wire.traces:
            counts.traced(subject, cause, second, trace)
        counts.slowest = wire.slowest
        counts.asked, counts.started, counts.refused = map(Counter, (wire.asked, wire.started, wire.refused))
        counts.lag = Histogram.decode(wire.lag)
        counts.seconds = _decoded(wire.seconds)
        counts.waits = {subject: _decoded(seconds) for subject, seconds in wire.waits.items()}
        return counts

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Counts) and all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    __hash__ = None  # type: ignore[assignment]  # it changes


def _at(seconds: dict[int, Histogram], second: int) -> Histogram:
    histogram = seconds.get(second)
    if histogram is None:
        histogram = seconds[second] = Histogram()
    return histogram


def _encoded(seconds: dict[int, Histogram]) -> dict[int, bytes]:
    return {second: histogram.encode() for second, histogram in seconds.items()}


def _decoded(seconds: dict[int, bytes]) -> dict[int, Histogram]:
    return {second: Histogram.decode(histogram) for second, histogram in seconds.items()}
