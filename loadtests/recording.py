"""From what Locust's `request` event says to `Counts`: exact, unrounded, and in batches.

One recorder in each process that makes load. Samples wait in plain lists until their second is over, and are counted
together then, at C speed. Greenlets only: nothing here switches, and a native thread hands over `Counts` of its own
(`add`).
"""

from collections import defaultdict
from collections.abc import Mapping

from loadtests import clock
from loadtests.counts import NEVER, Counts
from loadtests.kinds import INSTANCE, NO_REQUESTS, TRACE


class Recorder:
    """Counts what one process of a run did, from the last `take` on."""

    def __init__(self, limits: tuple[float, ...] = ()) -> None:
        """`limits` are latencies in seconds that are counted exactly (`budgets.questions.limits`)."""
        self._counts = Counts(limits)
        self.limits = self._counts.limits
        self._slow = min(self.limits, default=NEVER)
        # The second of what waits, when it begins, and when the next does.
        self._second, self._begins, self._ends = 0, 0.0, 0.0
        self._operations: defaultdict[str, list[float]] = defaultdict(list)
        self._journeys: defaultdict[str, list[float]] = defaultdict(list)
        self._causes: defaultdict[tuple[str, bool], list[str]] = defaultdict(list)
        self._lags: list[float] = []

    def heard(
        self,
        *,
        request_type: str,
        name: str,
        response_time: float | None,
        exception: BaseException | None = None,
        context: Mapping[str, object] | None = None,
        **_: object,
    ) -> None:
        """Listen to Locust's `request` event: milliseconds from the intended start, None for what never came.

        The context of what failed or took long says whose it was, of several instances, and which trace, as far as
        that is known (`kinds.INSTANCE`, `kinds.TRACE`).
        """
        now = clock.wall()
        if not self._begins <= now < self._ends:
            self._turn(int(now))
        plotted = request_type not in NO_REQUESTS
        waiting = self._operations if plotted else self._journeys
        latency = NEVER if response_time is None else response_time / 1000
        waiting[name].append(latency)
        if exception is not None:
            cause = cause_of(exception)
            self._causes[name, plotted].append(cause)
            if trace := _trace(exception, context):
                self._counts.traced(name, cause, self._second, trace)
        elif latency > self._slow and (trace := _trace(None, context)):
            self._counts.took(name, latency, trace)
        if context and isinstance(instance := context.get(INSTANCE), str):
            self._counts.gave(name, instance, latency, failed=exception is not None)

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

    def passes_over(self, cause: str, address: str) -> None:
        """A connection was not let in at one of the target's addresses, and tries the next."""
        self._counts.passed_over.add((cause, address))

    def add(self, counts: Counts) -> None:
        """Count what an engine counted by itself; raises `ValueError` unless it has the same limits."""
        self._counts.merge(counts)

    def take(self) -> Counts:
        """Hand over everything that was counted since the last time."""
        self._settle()
        return self._counts.take()

    def _turn(self, second: int) -> None:
        self._settle()
        self._second, self._begins, self._ends = second, float(second), float(second + 1)

    def _settle(self) -> None:
        counts = self._counts
        for waiting, plotted in ((self._operations, True), (self._journeys, False)):
            for name, latencies in waiting.items():
                counts.add(name, self._second, latencies, self._causes.get((name, plotted), ()), plotted=plotted)
            waiting.clear()
        self._causes.clear()
        if self._lags:
            counts.begun(self._lags)
            self._lags.clear()


def _trace(exception: BaseException | None, context: Mapping[str, object] | None) -> str:
    """The trace that a sample belongs to, as its context says, or else its exception; empty if neither does."""
    trace = (context or {}).get(TRACE) or getattr(exception, "trace", "")
    return trace if isinstance(trace, str) else ""


def cause_of(exception: BaseException) -> str:
    """What failed, in few words that many failures share: its `cause`, or else the name of its type."""
    cause = getattr(exception, "cause", "")
    return cause if isinstance(cause, str) and cause else type(exception).__name__
