"""The engine: an event loop in a native thread, the plans that it follows, and what they counted."""

import asyncio
import contextlib
import gc
import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any, Final, Protocol

import uvloop

from fixtures.statistics.histogram import Histogram
from loadtests.client.timeouts import Timeouts
from loadtests.counts import Counts
from loadtests.engine.arriving import OpenArrivals
from loadtests.engine.awake import awake
from loadtests.engine.closed import ClosedLoop
from loadtests.engine.driver import Driver
from loadtests.engine.plan import Origin, Plan
from loadtests.engine.recording import Ledger, Recorder
from loadtests.engine.watch import Sighting, Watch
from loadtests.lateness import looks
from loadtests.native import new_lock, start_thread
from loadtests.sightings import Sightings

_INSPECTION_S: Final = 0.01
_WAITING: Final = 512
"""Fewer samples are left to their plan until their second ends: it knows better when there is time to count them."""
_SWITCH_S: Final = 0.0001
"""How long greenlets may keep the interpreter when the engine wants it: by default fifty times as long."""
_GRACE_S: Final = 10.0
"""Seconds to end in, once nothing is in flight: a machine that is short of processors needs some of them."""
_GIVING_UP_S: Final = 1.0
"""How long connections that are being opened at the end may take to be closed."""


class OwnWay(Protocol):
    """A plan that brings what follows it: `loadtests.sockets.engine.Talk` is one."""

    @property
    def arrivals(self) -> Iterator[float] | None:
        """As of a `Plan`."""

    @property
    def connections(self) -> int:
        """As of a `Plan`."""

    @property
    def warm(self) -> int:
        """As of a `Plan`."""

    def driver(self, origin: Origin, timeouts: Timeouts, recorder: Callable[[str], Recorder], /) -> Driver:
        """What follows it; `recorder` gives who counts a subject."""


Work = Plan | OwnWay


@dataclass(frozen=True, slots=True)
class Facts:
    """How the engine itself is doing."""

    loop_lag: Histogram
    """Seconds that the event loop came late to its inspections and to those that a stall left out, since the start."""
    opened: int
    """Connections, of all plans, in all."""
    full: Mapping[str, int]
    """Subject to arrivals that had to wait though every connection was open that its plan allows."""


class Engine:
    """Follows plans against one origin. `start`, then `take` now and then, then `stop`; from any thread.

    `over` are the latencies, in seconds, beyond which samples are counted (`Counts.limits`);
    `drain` is how long, in seconds, work in flight may go on after the end. What is not answered then has failed.
    """

    def __init__(
        self, origin: Origin, *, over: Iterable[float] = (), timeouts: Timeouts | None = None, drain: float = 15.0
    ) -> None:
        self._origin = origin
        self._timeouts = timeouts or Timeouts()
        self._drain = drain
        self._lock = new_lock()
        self._ledger = Ledger(Counts(over), self._lock)
        self._sightings = Sightings()
        self._told = 0
        self._loop_lag = Histogram()
        self._recorders: list[Recorder] = []
        self._drivers: list[Driver] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._deadline = math.inf
        self._finished: asyncio.Future[None] | None = None
        self._stopped = False
        self._runs = new_lock()
        self.broken: BaseException | None = None
        """What the engine itself did wrong, first of all; nothing that it counts is to be believed then."""

    @property
    def running(self) -> bool:
        """Whether there may be more to take: plans are followed, or work in flight is drained."""
        return self._runs.locked()

    def start(self, *plans: Work, begins: float | None = None) -> None:
        """Follow these plans, from `begins` on (of `time.perf_counter`), or as soon as their connections are open.

        With no plans it waits to be stopped. Raises `RuntimeError` if it was started before.
        """
        if self._loop is not None:
            raise RuntimeError("an engine is started once")
        self._loop = uvloop.new_event_loop()
        self._loop.set_exception_handler(self._breaks)
        self._runs.acquire()
        start_thread(partial(self._run, self._loop, plans, begins))

    def take(self) -> Counts:
        """What was counted since this was last asked; complete once `running` is over."""
        return self._ledger.take()

    def sightings(self) -> list[Sighting]:
        """Who answered, as far as it is new since this was last asked."""
        with self._lock:
            new = [*islice(self._sightings, self._told, None)]
            self._told += len(new)
        return [Sighting(subject, value) for subject, value in new]

    def facts(self) -> Facts:
        """How the engine itself is doing."""
        drivers = tuple(self._drivers)
        with self._lock:
            lag = Histogram()
            lag.merge(self._loop_lag)
        return Facts(
            lag,
            opened=sum(driver.opened for driver in drivers),
            full={driver.plan.subject: driver.full for driver in drivers},
        )

    def recorder(self, subject: str) -> Recorder:
        """Return what counts into the engine's counts; for who follows a plan, and used on its event loop alone."""
        recorder = Recorder(subject, self._ledger)
        self._recorders.append(recorder)
        return recorder

    def stop(self, *, drain: float = math.inf, sleep: Callable[[float], object] | None = None) -> bool:
        """Begin no more work, and wait until what is in flight is drained; return whether it was, within bounds.

        `drain` shortens the seconds for it.
        """
        if self._loop is None:
            return True
        self._drain = min(self._drain, drain)
        with contextlib.suppress(RuntimeError):  # the loop is closed: it has ended
            self._loop.call_soon_threadsafe(self._end)
        return self.wait(self._drain + _GRACE_S, sleep=sleep)

    def wait(self, within: float, *, sleep: Callable[[float], object] | None = None) -> bool:
        """Wait some seconds for the end, and return whether it came.

        In a greenlet `sleep` has to be gevent's, or this would stop all others too.
        """
        if sleep is None:
            if self._runs.acquire(timeout=within):
                self._runs.release()
        else:
            until = time.perf_counter() + within
            while self.running and time.perf_counter() < until:
                sleep(_INSPECTION_S)
        return not self.running

    def _run(self, loop: asyncio.AbstractEventLoop, plans: tuple[Work, ...], begins: float | None) -> None:
        switch = sys.getswitchinterval()
        sys.setswitchinterval(min(switch, _SWITCH_S))
        # Locust alone is some 300,000 objects, and to look through them all would take longer than a request. For good:
        # journeys may go on when the engine has ended.
        gc.freeze()
        timed = any(plan.arrivals is not None for plan in plans)
        try:
            with awake() if timed else contextlib.nullcontext():
                loop.run_until_complete(self._follow(plans, begins))
        except BaseException as error:  # noqa: BLE001 - nobody else would hear of it
            self.broken = self.broken or error
        finally:
            try:
                loop.close()
            except Exception as error:  # noqa: BLE001 - nor of this, and the run has to be over all the same
                self.broken = self.broken or error
            finally:
                sys.setswitchinterval(switch)
                self._runs.release()

    async def _follow(self, plans: tuple[Work, ...], begins: float | None) -> None:
        self._finished = asyncio.get_running_loop().create_future()
        self._drivers = [self._driver(plan) for plan in plans]
        warm = (
            driver.warm(plan.connections if plan.arrivals is None else plan.warm)
            for driver, plan in zip(self._drivers, plans, strict=True)
        )
        if self._stopped:
            self._end()
        self._inspect(time.perf_counter())
        # A target that lets nobody in is late itself; the schedule does not wait for it.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if begins is None else max(0.0, begins - time.perf_counter())):
                await asyncio.gather(*warm)
        at = time.perf_counter() if begins is None else begins
        for driver in self._drivers:
            driver.begin(at)
        await self._finished
        for driver in self._drivers:
            driver.abandon()
        # What gives up opening a connection closes it: the loop cannot be closed before.
        if given_up := [task for driver in self._drivers for task in driver.tasks]:
            await asyncio.wait(given_up, timeout=_GIVING_UP_S)
        # Transports are closed in the turn after they were asked to be.
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        loop.call_soon(turn.set_result, None)
        await turn
        for recorder in self._recorders:
            recorder.settle()

    def _driver(self, plan: Work) -> Driver:
        if not isinstance(plan, Plan):
            return plan.driver(self._origin, self._timeouts, self.recorder)
        way = ClosedLoop if plan.arrivals is None else OpenArrivals
        return way(self._origin, plan, self._timeouts, self.recorder(plan.subject), Watch(self._saw, plan.subject))

    def _inspect(self, expected: float) -> None:
        now = time.perf_counter()
        with self._lock:
            self._loop_lag.add([*looks(now - expected, _INSPECTION_S)])
        for driver in self._drivers:
            driver.inspect(now)
        for recorder in self._recorders:
            if now >= recorder.border or recorder.waiting >= _WAITING:
                recorder.turn(now)
        ending = self._stopped or (self._drivers and all(driver.ending for driver in self._drivers))
        if ending:
            self._deadline = min(self._deadline, now + self._drain)
            if now >= self._deadline or all(driver.idle for driver in self._drivers):
                self._finish()
                return
        asyncio.get_running_loop().call_later(_INSPECTION_S, self._inspect, now + _INSPECTION_S)

    def _end(self) -> None:
        self._stopped = True
        for driver in self._drivers:
            driver.end()

    def _finish(self) -> None:
        if self._finished is not None and not self._finished.done():
            self._finished.set_result(None)

    def _saw(self, sighting: Sighting) -> None:
        with self._lock:
            self._sightings.add(sighting.subject, sighting.value)

    def _breaks(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.broken = self.broken or context.get("exception") or RuntimeError(context["message"])
        try:
            self._end()
        finally:
            # Not left to the next inspection: it may be what broke.
            self._finish()
