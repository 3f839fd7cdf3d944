"""The connections of one plan: how they are opened, watched for time-outs, and ended; not when what is sent."""

import asyncio
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any, Final, cast

from fixtures.http1.errors import ConnectTimeoutError
from loadtests.client.timeouts import RESTED, Timeouts
from loadtests.client.trouble import unanswered
from loadtests.counts import NEVER
from loadtests.engine.connection import RESET, TIMED_OUT, Connection
from loadtests.engine.plan import Origin, Plan
from loadtests.engine.reaching import Reaching
from loadtests.engine.recording import Recorder
from loadtests.engine.tls import TlsConnection
from loadtests.engine.watch import Watch
from loadtests.engine.wire import Wire
from loadtests.failure import UNANSWERED, Failure

AT_ONCE: Final = 32
"""So many connections are opened at one time: a target that was slow for a moment is not stormed by all who waited."""


class Ended(Failure):
    """A connection was opened, and ended before anything could be asked; that is a sample already."""


class Driver:
    """Base of both ways to send. `connections` are those that are open."""

    def __init__(self, origin: Origin, plan: Plan, timeouts: Timeouts, recorder: Recorder, watch: Watch) -> None:
        self.plan = plan
        self.recorder = recorder
        self.connections: set[Wire] = set()
        self._origin = origin
        self._reaching = Reaching(origin, recorder.passes_over)
        self._timeouts = timeouts
        self._watch = watch
        self.tasks: set[asyncio.Task[Any]] = set()
        """What is opening connections."""
        self.opened = 0
        """So many connections in all."""
        self.full = 0
        """Arrivals that had to wait though every connection was open that the plan allows."""
        self.unused: list[tuple[str, float]] = []
        """Cause and seconds of connections that failed, or ended, before anything was asked on them; not told yet."""
        self.unopened = 0
        """Connections that were still being opened when the time to open them before the first request was over."""
        self.ending = False
        """No more work is begun."""

    @property
    def opening(self) -> int:
        """Connections that are being opened."""
        return len(self.tasks)

    @property
    def idle(self) -> bool:
        """Nothing is under way."""
        return not any(connection.busy for connection in self.connections)

    async def warm(self, count: int) -> None:
        """Open connections before the first request. One that fails is told, and opened again when it is needed."""
        places = asyncio.Semaphore(AT_ONCE)

        async def opens() -> None:
            try:
                async with places:
                    began = perf_counter()
                    try:
                        await self._open()
                    except (OSError, Failure) as error:
                        self.unneeded(unopened(error), perf_counter() - began)
            except asyncio.CancelledError:
                self.unopened += 1
                raise

        await asyncio.gather(*(opens() for _ in range(count)), return_exceptions=True)

    def begin(self, at: float) -> None:
        """Send, from this time of `time.perf_counter` on."""
        raise NotImplementedError

    def end(self) -> None:
        """Begin no more work."""
        self.ending = True

    def abandon(self) -> None:
        """Count as failed what is still under way, and close everything."""
        for task in self.tasks:
            task.cancel()
        for connection in tuple(self.connections):
            if connection.busy:
                connection.fails(UNANSWERED, NEVER)
            connection.close()

    def inspect(self, now: float) -> None:
        """Give up requests that have taken too long."""
        late = now - self._timeouts.read
        for connection in tuple(self.connections):
            if connection.busy and connection.sent < late:
                connection.fails(TIMED_OUT)

    def freed(self, connection: Wire, now: float) -> None:
        """`connection` can carry another request."""
        raise NotImplementedError

    def lost(self, connection: Wire) -> None:
        """`connection` is closed."""
        if connection in self.connections:
            self.connections.remove(connection)
            lasted = perf_counter() - connection.since
            if not connection.sent and lasted < RESTED and not self.ending:
                # Nobody closes for want of work so early: it is a reset like any other.
                self.unneeded(RESET, lasted)
            self._closed()

    def unneeded(self, cause: str, lasted: float) -> None:
        """A connection that nobody waited for did not come: it is in the figures, as any other that failed."""
        self.unused.append((cause, lasted))

    def again(self, since: float) -> None:
        """A request has to be sent once more; only of connections that rest."""
        raise NotImplementedError

    def connect(self, opened: Callable[[Wire], None], failed: Callable[[str, float], None]) -> None:
        """Open a connection; tell it to `opened`, or to `failed` the cause and the seconds that it took."""
        task = asyncio.get_running_loop().create_task(self._connect(opened, failed))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _connect(self, opened: Callable[[Wire], None], failed: Callable[[str, float], None]) -> None:
        began = perf_counter()
        try:
            connection = await self._open()
        except (OSError, Failure) as error:
            self._no_longer_opening()
            failed(unopened(error), perf_counter() - began)
        else:
            self._no_longer_opening()
            opened(connection)

    def _no_longer_opening(self) -> None:
        # Not only when its task is over: who is told in the meantime would wait for it in vain.
        self.tasks.discard(cast("asyncio.Task[Any]", asyncio.current_task()))

    async def _open(self) -> Wire:
        """Raises `OSError`, or the `Failure` of what is to go over it."""
        made: list[Wire] = []
        began = perf_counter()
        making = self._making()

        def make() -> Wire:
            made.append(making())
            made[-1].since = began
            return made[-1]

        try:
            async with asyncio.timeout(self._timeouts.connect):
                await self._reaching.connect(make)
                await made[-1].ready
        except BaseException as error:
            for connection in made:
                if not connection.ready.cancel() and not connection.ready.cancelled():
                    # Whatever was wrong with it: that nobody takes it would be an error of the event loop's.
                    connection.ready.exception()
                # Nothing is said over it any more: its descriptor may be closed by now, and be another's.
                connection.usable = False
                connection.close()
            if isinstance(error, TimeoutError):
                raise (made[-1].late() if made else ConnectTimeoutError()) from error
            raise
        connection = made[-1]
        if not connection.usable:
            raise Ended(connection.ended) if connection.ended else ConnectionResetError
        self.connections.add(connection)
        self.opened += 1
        return connection

    def _making(self) -> Callable[[], Wire]:
        """What makes the connection of one opening, anew for each address that is tried."""
        more = (self.plan, self._timeouts.largest, self.recorder, self._watch, self)
        if self._origin.context is None:
            return partial(Connection, *more)
        return partial(TlsConnection, *more, self._origin)

    def _closed(self) -> None:
        raise NotImplementedError


def unopened(error: OSError | Failure) -> str:
    """The cause, in few words, of an opening that came to nothing."""
    return error.cause if isinstance(error, Failure) else unanswered(error).cause
