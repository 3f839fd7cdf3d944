"""Open arrivals: work begins by schedule, whether or not earlier work is done.

An arrival takes a free connection, or waits for one; its latency counts from when the schedule wanted it. When too many
wait, it is refused and counted so. The lag is the engine's own fault alone: the time from when an arrival was due to
when it was taken up. That it then waits for a connection is because the target is slow, and is in its latency; unless
the engine has been busy ever since: what it waits for then may have come long ago, and its wait is a lag, too.

A balancer that deals out connections, and not requests, gives each machine behind it some of ours. Who used those again
and again that are answered quickly would hardly ask a slow machine, and not see what its part of all people sees. So
there are rounds: in each, every connection has its turn. One that is busy for longer than a round would be asked less
often than others; then more are opened, until rounds last longer.
"""

import asyncio
import math
import time
from collections import deque
from itertools import chain, islice
from typing import Final

from loadtests import clock
from loadtests.client.timeouts import Timeouts
from loadtests.counts import NEVER
from loadtests.engine.connection import TIMED_OUT
from loadtests.engine.driver import AT_ONCE, Driver
from loadtests.engine.plan import Origin, Plan
from loadtests.engine.recording import Recorder
from loadtests.engine.watch import Watch
from loadtests.engine.wire import Wire
from loadtests.failure import UNANSWERED

_SPIN_S: Final = 0.001
"""The event loop's timers are no finer: shorter waits are spent asking the clock, longer ones asleep."""
_PIECE: Final = 32
"""So many samples are counted together, when nobody is due for `_PAUSE_S`."""
_PAUSE_S: Final = 0.00015
"""Longer than it takes to count a piece. Random arrivals leave such pauses: at 20,000 a second each twentieth gap."""
_MOST: Final = 512
"""So many samples are counted whoever is due: where arrivals leave no pauses, larger pieces are cheaper."""
_NOTHING_S: Final = 0.0001
"""A turn of the event loop that takes less has found next to nothing to read."""
_BURST: Final = 64
"""So many overdue arrivals are taken up before answers are read again."""
_FOR_A_TURN: Final = 10
"""Connections for each turn that is missed: with one, a slow tenth of all machines is asked too little for a minute."""
CATCHING_UP: Final = 2.0
"""Seconds, at the end, for the arrivals that are overdue then. Whoever needs more could never keep to the schedule."""


class OpenArrivals(Driver):
    """Starts what is due."""

    def __init__(self, origin: Origin, plan: Plan, timeouts: Timeouts, recorder: Recorder, watch: Watch) -> None:
        super().__init__(origin, plan, timeouts, recorder, watch)
        arrivals = iter(()) if plan.arrivals is None else plan.arrivals
        # The first of random ones takes some ten milliseconds to draw: long enough before it is due.
        self._arrivals = chain([*islice(arrivals, 1)], arrivals)
        # Free connections, those that had their turn in this round apart.
        self._free: deque[Wire] = deque()
        self._had_turn: deque[Wire] = deque()
        self._round = 1
        self._waiting: deque[float] = deque()
        # When there was nothing to do for the last time, infinite while that lasts; and when the last turn began.
        self._idled = self._turned = math.inf
        self._begins = 0.0
        self._due = math.inf
        # Arrivals, and those refused, in the present second of the schedule; that second, and when it ends.
        self._asked = self._refused = self._second = 0
        self._border = -math.inf
        # So many connections were opened in the last second, and so many by its end.
        self._lately = self._before = 0
        # When the last look at it all was, and since: arrivals, turns missed by who was busy, and the longest so.
        self._looked = -math.inf
        self._since = self._missed = 0
        self._longest = 0.0
        # Connections that are to be opened though nobody waits for them.
        self._more = 0.0

    @property
    def idle(self) -> bool:
        """Nothing is under way, and nobody waits."""
        return not self._waiting and super().idle

    def begin(self, at: float) -> None:
        """Follow the schedule."""
        if self.ending:
            return
        self._begins = at
        self._free.extend(self.connections)
        # What was not open by now is no longer waited for; who takes no connections is seen all the same.
        self._more = self.unopened
        self._grow()
        self._next()
        self._wait(time.perf_counter())

    def end(self) -> None:
        """Take up what is due by now, and nothing more: nobody is left out of the figures for being late.

        Of a schedule that cannot be caught up with, the last that is looked at is refused.
        """
        now = time.perf_counter()
        try:
            while self._due <= now:
                if time.perf_counter() > now + CATCHING_UP:
                    self._asked += 1
                    self._refused += 1
                    break
                self._arrive(now)
        finally:
            super().end()
            self._due = math.inf
            # Nobody comes any more whose turn it could be; what is closed at the end would make room for these.
            self._more = 0.0
            self._hand_over()

    def abandon(self) -> None:
        """Those who wait were never served."""
        while self._waiting:
            self._waits_longest(time.perf_counter())
            self.recorder.fail(UNANSWERED, NEVER)
        super().abandon()

    def inspect(self, now: float) -> None:
        """Those who wait give up like those who are not answered."""
        while self._waiting and self._waiting[0] < now - self._timeouts.read:
            self.recorder.fail(TIMED_OUT, now - self._waits_longest(now))
        if self.unused and 0 < self._begins <= now:
            # No sooner: what came before the run is of none of its seconds.
            for cause, lasted in self.unused:
                self.recorder.fail(cause, lasted)
            self.unused.clear()
        self._hand_over()
        if now >= self._looked + 1:
            self._lately, self._before = self.opened - self._before, self.opened
            if not self.ending:
                self._spread(now - self._looked, now)
            self._looked, self._since, self._missed, self._longest = now, 0, 0, 0.0
        super().inspect(now)

    def freed(self, connection: Wire, now: float) -> None:
        """Serve who waits longest."""
        if self._waiting:
            connection.round = self._round
            connection.send(self._waits_longest(now), now)
        elif connection.round < self._round:
            if connection.round < self._round - 1:
                self._missed += self._round - 1 - connection.round
                self._longest = max(self._longest, now - connection.sent)
            self._free.append(connection)
        else:
            self._had_turn.append(connection)
        if self._due <= now:
            # Not only when it is the turn of `_tick`: the event loop may have many more answers to read before.
            self._take_up_due(now)

    def again(self, since: float) -> None:
        """Let it wait before all others."""
        self._waiting.appendleft(since)

    def _waits_longest(self, now: float) -> float:
        """Since when somebody waits, who does so no longer."""
        since = self._waiting.popleft()
        if self._idled < since:
            self.recorder.lag(now - since)
        return since

    def _tick(self) -> None:
        now = time.perf_counter()
        if now - self._turned < _NOTHING_S or self._idled == math.inf:
            self._idled = now
        now = self._take_up_due(now)
        waiting = self.recorder.waiting
        if waiting >= _PIECE and (self._due - now > _PAUSE_S or waiting >= _MOST):
            self.recorder.settle()
            now = time.perf_counter()
        self._wait(now)

    def _take_up_due(self, now: float) -> float:
        """Begin what is due, and return what time it is."""
        for _ in range(_BURST):
            if self._due > now:
                break
            self._arrive(now)
            now = time.perf_counter()
        return now

    def _arrive(self, now: float) -> None:
        """Begin the one that is due, and see when the next is."""
        if self._due >= self._border:
            self._turn()
        self._asked += 1
        self.recorder.lag(now - self._due)
        self._take_up(self._due, now)
        self._next()

    def _take_up(self, due: float, now: float) -> None:
        while self._free or self._next_round():
            connection = self._free.popleft()
            if connection.usable:
                connection.round = self._round
                connection.send(due, now)
                return
        if len(self._waiting) >= self.plan.waiting:
            self._refused += 1
            # It would have waited behind all others.
            self.recorder.lag(now - self._waiting[0] if self._waiting else 0.0)
            return
        self._waiting.append(due)
        self.full += len(self.connections) >= self.plan.connections
        self._grow()

    def _next_round(self) -> bool:
        """Begin another round, if there is anybody for it."""
        if not self._had_turn:
            return False
        self._round += 1
        self._free, self._had_turn = self._had_turn, self._free
        return True

    def _next(self) -> None:
        offset = next(self._arrivals, None)
        if offset is None:
            self._due = math.inf
            self.end()
        else:
            self._due = self._begins + offset

    def _wait(self, now: float) -> None:
        gap, loop = self._due - now, asyncio.get_running_loop()
        self._turned = now
        if gap < _SPIN_S:
            loop.call_soon(self._tick)
        elif gap == math.inf and self._waiting:
            loop.call_later(_SPIN_S, self._glance)
        else:
            self._idled = math.inf
            if gap < math.inf:
                loop.call_later(gap - _SPIN_S, self._tick)

    def _glance(self) -> None:
        """See in the next turn whether there was anything to do; nobody is due any more who would need to spin."""
        self._turned = time.perf_counter()
        asyncio.get_running_loop().call_soon(self._tick)

    def _turn(self) -> None:
        """Go on to the second in which the next arrival is due."""
        self._hand_over()
        wall = clock.wall() + self._due - time.perf_counter()
        self._second = int(wall)
        self._border = self._due + self._second + 1 - wall

    def _hand_over(self) -> None:
        if self._asked:
            self.recorder.arrivals(self._second, self._asked, self._refused)
            self._since += self._asked
            self._asked = self._refused = 0

    def _spread(self, seconds: float, now: float) -> None:
        """Have more connections opened for the turns that were missed in these seconds, at the pace that they had.

        No more than it takes for a round to last as long as those that missed them.
        """
        many = len(self.connections)
        busy = [held.sent for held in self.connections if held.busy and held.round < self._round - 1]
        missed = self._missed + len(busy) * self._since / many if busy else self._missed
        longest = max(self._longest, now - min(busy, default=now))
        self._more = max(0.0, min(_FOR_A_TURN * missed, longest * self._since / seconds - many))
        self._grow()

    def _grow(self) -> None:
        """Open connections for those who wait, and for `_more`, if they are not being opened already.

        At most as many at a time as are open. With a fixed number the schedule's first seconds would wait for this
        process, and not for the target. Where each answer ends its connection few are open, and as many are opened at a
        time as a second has brought.
        """
        at_once = max(AT_ONCE, len(self.connections), self._lately)
        while self.opening < min(
            at_once, len(self._waiting) + self._more, self.plan.connections - len(self.connections)
        ):
            self._more -= self.opening >= len(self._waiting)
            self.connect(self._serve, self._turn_away)

    def _serve(self, connection: Wire) -> None:
        connection.round = self._round - 1
        self.freed(connection, time.perf_counter())
        self._grow()

    def _turn_away(self, cause: str, lasted: float) -> None:
        """Who waits longest is told that there is no connection; the next tries again.

        Connections that nobody waits for are not asked for again before the next look at how many there should be.
        """
        self._more = 0.0
        if self._waiting:
            now = time.perf_counter()
            self.recorder.fail(cause, now - self._waits_longest(now))
        else:
            self.unneeded(cause, lasted)
        self._grow()

    def _closed(self) -> None:
        self._grow()
