"""How this process fares while it makes load: the processor time of its greenlets, and how late their loop comes round.

An engine has a thread of its own, which waits by asking the clock: its processor time says nothing. It tells its own
lag, which says everything.
"""

import time
from collections.abc import Callable
from typing import Final

import gevent

from fixtures.statistics.histogram import Histogram
from loadtests.lateness import looks

EVERY: Final = 0.01
"""Seconds between two looks at the loop: often enough that a stall of a second is a hundredth of a minute's looks."""


class Pulse:
    """Taken by a greenlet that does nothing else than wake up on time."""

    def __init__(self, sleep: Callable[[float], object] = gevent.sleep) -> None:
        self._sleep = sleep
        self._late: list[float] = []
        self._since = time.perf_counter()
        self._used = time.thread_time()

    def beat(self) -> None:
        """Take it until the greenlet is killed."""
        due = time.perf_counter() + EVERY
        while True:
            self._sleep(max(0.0, due - time.perf_counter()))
            self._late += looks(time.perf_counter() - due, EVERY)
            due = time.perf_counter() + EVERY

    def take(self) -> tuple[Histogram, float, float]:
        """How late the loop was since the last time, processor seconds used by this thread, and in how many seconds."""
        late, self._late = self._late, []
        histogram = Histogram()
        histogram.add(late)
        now, used = time.perf_counter(), time.thread_time()
        taken = histogram, used - self._used, now - self._since
        self._since, self._used = now, used
        return taken
