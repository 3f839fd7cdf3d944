"""From what Locust's `request` event says to `Counts`: exact, unrounded, and in batches.

One recorder in each process that makes load. Samples wait in plain lists until their second is over, and are counted
together then, at C speed. Greenlets only: nothing here switches, and a native thread hands over `Counts` of its own
(`add`).
"""

from typing import Final

from loadtests import clock
from loadtests.counts import NEVER, Counts

JOURNEY: Final = "JOURNEY"
"""Request type of what is made of operations: it has its own line in a budget, and no place in the picture of these."""


class Recorder:
    """Counts what one process of a run did, from the last `take` on."""

    def __init__(self, limits: tuple[float, ...] = ()) -> None:
        """`limits` are latencies in seconds that are counted exactly (`budgets.questions.limits`)."""
        self._counts = Counts(limits)
        self.limits = self._counts.limits
        self._second = 0
        self._latencies: dict[str, list[float]] = {}
        self._causes: dict[str, list[str]] = {}
        self._plotted: list[float] = []
        self._lags: list[float] = []

    def heard(
        self,
        *,
        request_type: str,
        name: str,
        response_time: float | None,
        exception: BaseException | None = None,
        **_: object,
    ) -> None:
        """Listen to Locust's `request` event: milliseconds from the intended start, None for what never came."""
        second = clock.second()
        if second != self._second:
            self._settle()
            self._second = second
        latency = NEVER if response_time is None else response_time / 1000
        waiting = self._latencies.get(name)
        if waiting is None:
            waiting = self._latencies[name] = []
        waiting.append(latency)
        if request_type != JOURNEY:
            self._plotted.append(latency)
        if exception is not None:
            self._causes.setdefault(name, []).append(cause_of(exception))

    def asks(self, second: int) -> None:
        """An arrival of the schedule is due in this second."""
        self._counts.asked[second] += 1

    def starts(self, second: int, lag: float) -> None:
        """One that was due in this second was started, `lag` seconds late."""
        self._counts.started[second] += 1
        self._lags.append(max(0.0, lag))

    def refuses(self, second: int) -> None:
        """One that was due in this second had no place."""
        self._counts.refused[second] += 1

    def add(self, counts: Counts) -> None:
        """Count what an engine counted by itself; raises `ValueError` unless it has the same limits."""
        self._counts.merge(counts)

    def take(self) -> Counts:
        """Hand over everything that was counted since the last time."""
        self._settle()
        return self._counts.take()

    def _settle(self) -> None:
        second, counts = self._second, self._counts
        for name, latencies in self._latencies.items():
            counts.add(name, second, latencies, self._causes.get(name, ()))
        if self._plotted:
            counts.plot(second, self._plotted)
        if self._lags:
            counts.lag.add(self._lags)
        self._latencies, self._causes, self._plotted, self._lags = {}, {}, [], []


def cause_of(exception: BaseException) -> str:
    """What failed, in few words that many failures share: its `cause`, or else the name of its type."""
    cause = getattr(exception, "cause", "")
    return cause if isinstance(cause, str) and cause else type(exception).__name__
