"""One TCP connection of the engine's, as its drivers have it: what it carries, and what comes of that, is a subclass's.

What is sent goes out at once, and not when the event loop comes round.
"""

import asyncio
import ssl
from os import write
from time import perf_counter
from typing import TYPE_CHECKING, Any, cast

from fixtures.http1.errors import ConnectTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from loadtests.engine.recording import Recorder

    class Owner(Protocol):
        """Who has the connection."""

        def freed(self, wire: Any, now: float) -> None:  # noqa: ANN401 - of the kind that it has
            """What was asked is answered, and it can carry something else."""

        def lost(self, wire: Any) -> None:  # noqa: ANN401 - of the kind that it has
            """It is closed, and what it carried is recorded."""

        def again(self, since: float) -> None:
            """What is wanted since then was not taken by a connection that the target had closed."""


class Wire(asyncio.Protocol):
    """A connection, plain. `busy` from what is asked to its answer; `usable` from when it may be asked to its end.

    Times are of `time.perf_counter`.
    """

    __slots__ = (
        "_blocked",
        "_descriptor",
        "_incoming",
        "_outgoing",
        "_owner",
        "_recorder",
        "_shaken",
        "_tls",
        "_transport",
        "_write",
        "busy",
        "ended",
        "ready",
        "round",
        "sent",
        "since",
        "usable",
    )
    # Of those over TLS (`OverTls`), which cannot bring slots of its own: it goes before other classes that do.
    _incoming: ssl.MemoryBIO
    _outgoing: ssl.MemoryBIO
    _shaken: bool
    _tls: ssl.SSLObject

    def __init__(self, recorder: "Recorder", owner: "Owner") -> None:
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when it is usable, or what came in between."""
        self._recorder = recorder
        self._owner = owner
        self._transport: asyncio.Transport | None = None
        self._write: Callable[[bytes], None]
        self._descriptor = -1
        self._blocked = False
        self.busy = False
        self.usable = False
        self.since = 0.0
        """Since when what it carries is wanted; before that, when its opening began."""
        self.sent = 0.0
        self.ended = ""
        """How it ended, in few words, if that is a sample of its own."""
        self.round = 0
        """Of its owner's, in which it was used last."""

    def send(self, since: float, now: float) -> None:
        """Send what it carries; its latency counts from `since`."""
        raise NotImplementedError

    def fails(self, cause: str, latency: float | None = None) -> None:
        """Give up what is carried, and the connection with it."""
        self.busy = False
        self._recorder.fail(cause, perf_counter() - self.since if latency is None else latency)
        self.close()

    def close(self) -> None:
        """Close it at once."""
        self.usable = False
        if self._transport is not None:
            self._transport.abort()

    def late(self) -> TimeoutError:
        """What has taken too long if it is not usable by now."""
        return ConnectTimeoutError()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Open what is to go over it."""
        self._transport = cast("asyncio.Transport", transport)
        self._descriptor = transport.get_extra_info("socket").fileno()
        self._write = self._put
        self._connected()

    def eof_received(self) -> None:
        """End what ends with the connection."""
        self._ended(cleanly=True)
        self.usable = False

    def connection_lost(self, error: Exception | None) -> None:
        """Record what was not answered."""
        self._ended(cleanly=False)
        self.usable = False
        if not self.ready.done():
            self.ready.set_exception(error or ConnectionResetError())
        self._owner.lost(self)

    def _connected(self) -> None:
        """It can carry bytes, over TLS after the handshake."""
        self._opens()

    def _opens(self) -> None:
        if not self.ready.done():
            self.usable = True
            self.ready.set_result(None)

    def _put(self, data: bytes) -> None:
        # At once: the event loop would first read everything that there is, and that can take a millisecond. It closes
        # the descriptor only after `connection_lost`.
        try:
            sent = 0 if self._blocked else write(self._descriptor, data)
        except OSError:
            sent = 0
        if sent < len(data):
            self._blocked = True
            cast("asyncio.Transport", self._transport).write(data[sent:])

    def _read(self, data: bytes) -> None:
        """Take bytes in the way that takes everything; nothing is sent by it if it is not usable any more."""
        raise NotImplementedError

    def _ended(self, *, cleanly: bool) -> None:
        """Nothing more comes; `cleanly` if the other side said so."""
        raise NotImplementedError

    def _breaks(self, cause: str) -> None:
        """What came is none of what it carries: end it."""
        raise NotImplementedError
