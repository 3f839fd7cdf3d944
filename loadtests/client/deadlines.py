"""Time limits that cost nearly nothing: everybody who may wait equally long, in one row, with one timer for all.

A timer for each request would be set and cleared for each, and nearly never ring. Here a request enters the row's end
and leaves it when it is done; whoever stands first is the first that is due, and the one timer is set for that.
"""

import time
from collections.abc import Callable
from typing import Protocol


class Waiter(Protocol):
    """Somebody who waits and can be told to stop it: a greenlet."""

    def throw(self, error: BaseException, /) -> object:
        """Raise this where it waits."""


class Deadlines:
    """A row of those who may wait `seconds`; `ring_in` calls a function after so many seconds, once."""

    __slots__ = ("_clock", "_due", "_ring_in", "_ringing", "_seconds")

    def __init__(
        self,
        seconds: float,
        ring_in: Callable[[float, Callable[[], None]], object],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._seconds = seconds
        self._ring_in = ring_in
        self._clock = clock
        self._due: dict[Waiter, float] = {}
        self._ringing: object = None

    def __len__(self) -> int:
        return len(self._due)

    def enter(self, waiter: Waiter, now: float) -> None:
        """From `now` on it may wait; it is in the row once. Times must not go back from one to the next."""
        self._due[waiter] = now + self._seconds
        if self._ringing is None:
            self._ringing = self._ring_in(self._seconds, self._ring)

    def leave(self, waiter: Waiter) -> None:
        """It waits no longer."""
        self._due.pop(waiter, None)  # It is not there after its time was up.

    def _ring(self) -> None:
        # Set until the last is told: for who enters meanwhile the timer is set here, and not once more there.
        ringing: object = None
        try:
            while self._due:
                waiter, due = next(iter(self._due.items()))
                left = due - self._clock()
                if left > 0:
                    ringing = self._ring_in(left, self._ring)
                    return
                del self._due[waiter]
                waiter.throw(TimeoutError(f"no answer within {self._seconds:g} s"))
        finally:
            self._ringing = ringing
