"""A closed loop: each connection sends as soon as it was answered, as fast as target and engine can.

For locustfiles of one's own, and benchmarks: the rates of a profile follow a schedule.
"""

import asyncio
import time
from functools import partial
from typing import Final

from loadtests.counts import NEVER
from loadtests.engine.driver import Driver
from loadtests.engine.wire import Wire
from loadtests.failure import UNANSWERED

_PAUSE_S: Final = 0.1
"""After a connection that could not be opened: a target that refuses is not asked a hundred thousand times a second."""


class ClosedLoop(Driver):
    """Every connection is busy from the beginning on, always: none rests, so nothing is sent again."""

    _begun = False

    def begin(self, at: float) -> None:
        """Send by every connection, and open those that are not open."""
        asyncio.get_running_loop().call_later(max(0.0, at - time.perf_counter()), self._begin)

    def freed(self, connection: Wire, now: float) -> None:
        """Send again."""
        if not self.ending:
            connection.send(now, now)

    @property
    def idle(self) -> bool:
        """Nothing is under way; to open a connection is the beginning of a request."""
        return not self.opening and super().idle

    def abandon(self) -> None:
        """Count those, too, that were not yet sent."""
        for _ in range(self.opening):
            self.recorder.fail(UNANSWERED, NEVER)
        super().abandon()

    def _begin(self) -> None:
        if self.ending:
            return
        self._begun = True
        for connection in tuple(self.connections):
            if connection.usable:  # or it is closed, and replaced as soon as that is told
                now = time.perf_counter()
                connection.send(now, now)
        for _ in range(self.plan.connections - len(self.connections)):
            self._renew()

    def _closed(self) -> None:
        self._renew()

    def _renew(self) -> None:
        if self._begun and not self.ending:
            since = time.perf_counter()
            self.connect(partial(self._first, since), self._not_connected)

    def _first(self, since: float, connection: Wire) -> None:
        connection.send(since, time.perf_counter())

    def _not_connected(self, cause: str, lasted: float) -> None:
        self.recorder.fail(cause, lasted)
        asyncio.get_running_loop().call_later(_PAUSE_S, self._renew)
