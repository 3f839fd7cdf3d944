"""Messages in the engine: over websockets of picows on its event loop, as fast as they are answered or by schedule.

    engine = Engine(target)
    engine.start(Talk("ping", SOCKET_PATH, b'{"type":"ping","nonce":"n"}', is_answer=lambda text: b'"pong"' in text))

Each connection carries one message at a time, and the next text that is its answer ends it. When what is sent, what
becomes of a connection, and how all of it is counted, are the engine's own ways. Every opening is counted as
"connection" besides, and so is every end that nobody here asked for.

For locustfiles of one's own, and benchmarks: in profiles people say something over websockets, and greenlets do it.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Any, Final, cast

from picows import (
    WSCloseCode,
    WSError,
    WSFrame,
    WSHandshakeError,
    WSListener,
    WSMsgType,
    WSTransport,
    ws_connect,
)

from fixtures.http1.requests import USER_AGENT
from loadtests.client.timeouts import Timeouts
from loadtests.client.trouble import unanswered
from loadtests.counts import NEVER
from loadtests.engine.arriving import OpenArrivals
from loadtests.engine.closed import ClosedLoop
from loadtests.engine.connection import Connection
from loadtests.engine.driver import Driver
from loadtests.engine.plan import Origin, Plan, complaint
from loadtests.engine.recording import Recorder
from loadtests.engine.watch import Watch
from loadtests.failure import Failure, closed_unexpectedly
from loadtests.kinds import CONNECTION
from loadtests.sockets import frames
from loadtests.sockets.frames import Closing, Joiner, Ping, Violation

_GRACE: Final = 0.5
"""Seconds."""
_TEXT: Final = WSMsgType.TEXT
_FOUND: Final = {frames.TOO_LARGE: "message too large", frames.NOT_UTF8: "close reason is not UTF-8"}
"""What picows has closed for, in the words of `frames`; it has one code for everything else."""


@dataclass(frozen=True, slots=True)
class Talk:
    """One message, sent again and again, and what its answer is. Counted under `subject`."""

    subject: str
    path: str
    text: bytes | Callable[[], bytes] = field(repr=False)
    """UTF-8, or what makes it each time."""
    arrivals: Iterator[float] | None = None
    """Seconds after the beginning at which to send one, ascending; None is a closed loop."""
    connections: int = 32
    """So many at most; a closed loop has them all, always."""
    warm: int = 1
    """So many are open before the first arrival."""
    waiting: int = 10_000
    """Arrivals that may wait for a connection; who comes when they are so many is refused, and counted."""
    subprotocols: Callable[[int], Sequence[str]] = field(default=lambda _: (), repr=False)
    """What the n-th opening offers."""
    headers: Mapping[str, str] = field(default_factory=dict)
    is_answer: Callable[[bytes], bool] | None = None
    """Whether a text is the answer; None takes any. What is no answer is let by: events, a welcome."""
    check: Callable[[bytes], object] | None = None
    """Gets the answer, and raises what it finds wrong."""

    def driver(self, origin: Origin, timeouts: Timeouts, recorder: Callable[[str], Recorder]) -> Driver:
        """What the engine follows."""
        plan = Plan(
            self.subject,
            self.text,
            arrivals=self.arrivals,
            connections=self.connections,
            warm=self.warm,
            waiting=self.waiting,
        )
        way = _ClosedTalk if self.arrivals is None else _OpenTalk
        driver = way(origin, plan, timeouts, recorder(self.subject), Watch(lambda _: None, self.subject))
        driver.talk = self
        driver.openings = recorder(CONNECTION)
        return driver


class Line(WSListener):
    """One websocket, with what the engine's drivers ask of a connection."""

    def __init__(self, talk: Talk, recorder: Recorder, openings: Recorder, owner: Driver, largest: int) -> None:
        super().__init__()
        self._check, self._is_answer = talk.check, talk.is_answer
        self._make = talk.text if callable(talk.text) else None
        self._text = b"" if callable(talk.text) else talk.text
        self._recorder, self._record, self._openings, self._owner = recorder, recorder.record, openings, owner
        self._freed: Callable[[Any, float], None] = owner.freed
        self._joiner = Joiner(largest)
        self._room = self._joiner.room
        self._leaving = False
        self._transport: WSTransport
        self.ended = ""
        """How it ended, in few words."""
        self._last: asyncio.Task[None]
        self.busy = self.usable = False
        self.since = self.sent = 0.0

    def send(self, since: float, now: float) -> None:
        """Send the message; its latency counts from `since`."""
        self.since, self.sent, self.busy = since, now, True
        self._transport.send(_TEXT, self._text if self._make is None else self._make())

    def fails(self, cause: str, latency: float | None = None) -> None:
        """Give up what is carried, and the connection with it."""
        self.busy = False
        self._recorder.fail(cause, perf_counter() - self.since if latency is None else latency)
        self.close()

    def close(self) -> None:
        """Say good-bye, and close it without waiting for the answer."""
        self.usable = False
        self._leaving = True
        self._transport.send_close(WSCloseCode.OK)
        self._transport.disconnect(graceful=False)

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Be usable from now on."""
        self._transport = transport
        self.usable = True

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take note of an answer, and be ready for the next message."""
        text: bytes | None
        if (
            frame.msg_type is not _TEXT
            or not frame.fin
            or frame.payload_size > self._room
            or frame.rsv1
            or frame.rsv2
            or frame.rsv3
            or not (text := frame.get_payload_as_bytes()).isascii()
        ):
            text = self._join(transport, frame)
        if text is None or not self.busy or (self._is_answer is not None and not self._is_answer(text)):
            return
        now = perf_counter()
        if now >= self._recorder.border:
            self._recorder.turn(now)
        self._record(now - self.since)
        if self._check is not None:
            try:
                self._check(text)
            except Exception as error:  # noqa: BLE001 - whatever a check finds wrong is a failed sample
                self._recorder.failed(complaint(error))
        self.busy = False
        self._freed(self, now)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Give its place to another."""
        if not self.ended:
            self._end(_cause(transport))
        self._owner.lost(cast("Connection", self))
        self._last = asyncio.get_running_loop().create_task(_hear_out(transport))

    def _join(self, transport: WSTransport, frame: WSFrame) -> bytes | None:
        """The text that any frame completes, if it completes one; whatever else it says is seen to."""
        if self.ended:
            return None
        reserved = frame.rsv1 << 6 | frame.rsv2 << 5 | frame.rsv3 << 4
        first = frame.fin << 7 | reserved | frame.msg_type.value
        message = self._joiner.take(first, frame.get_payload_as_bytes())
        self._room = self._joiner.room
        if isinstance(message, str):
            return message.encode()
        if isinstance(message, bytes):
            message = Violation(frames.NOT_ACCEPTED, "a binary message")
        if isinstance(message, Ping):
            transport.send_pong(message.payload)
        elif isinstance(message, Closing):
            self._leave(transport, message.code, "", closed_unexpectedly(message.code, message.reason).cause)
        elif isinstance(message, Violation):
            self._leave(transport, message.code, message.why, f"protocol: {message.why}")
        return None

    def _leave(self, transport: WSTransport, code: int, reason: str, cause: str) -> None:
        """Close it for what the other side has sent."""
        self._end(cause)
        transport.send(WSMsgType.CLOSE, frames.farewell(code, reason))
        transport.disconnect()

    def _end(self, cause: str) -> None:
        """Record what was not answered, and the end itself unless it was ours."""
        self.usable, self._room, self.ended = False, frames.NO_ROOM, cause
        if not self._leaving:
            self._openings.fail(cause, NEVER)
        if self.busy:
            self.busy = False
            self._recorder.fail(cause, NEVER)


class _OverWebsockets(Driver):
    """How a driver opens its connections."""

    talk: Talk
    openings: Recorder
    _number = 0

    def unneeded(self, cause: str, lasted: float) -> None:
        """It was counted as an opening."""

    async def _connect(self, opened: Callable[[Connection], None], failed: Callable[[str, float], None]) -> None:
        began = perf_counter()
        try:
            connection = await self._open()
        except Failure as failure:
            self._no_longer_opening()
            failed(failure.cause, perf_counter() - began)
        else:
            self._no_longer_opening()
            opened(connection)

    async def _open(self) -> Connection:
        began = perf_counter()
        number, self._number = self._number, self._number + 1
        try:
            # Later than picows itself, which closes what it has given up.
            async with asyncio.timeout(self._timeouts.connect + _GRACE):
                line = await self._dial(self.talk.subprotocols(number))
        except (OSError, WSError, Failure) as error:
            failure = _failure(error)
            self.openings.fail(failure.cause, NEVER)
            raise failure from error
        now = perf_counter()
        if now >= self.openings.border:
            self.openings.turn(now)
        self.openings.record(now - began)
        self.opened += 1
        if not line.usable:
            # It was closed together with the agreement, and that is counted.
            raise Failure(line.ended)
        self.connections.add(cast("Connection", line))
        return cast("Connection", line)

    async def _dial(self, offered: Sequence[str]) -> Line:
        origin = self._origin
        host = f"[{origin.host}]" if ":" in origin.host else origin.host
        headers = {"User-Agent": USER_AGENT, **self.talk.headers}
        if offered:
            headers["Sec-WebSocket-Protocol"] = ", ".join(offered)
        transport, line = await ws_connect(
            partial(Line, self.talk, self.recorder, self.openings, self, self._timeouts.largest),
            f"{'ws' if origin.context is None else 'wss'}://{host}:{origin.port}{self.talk.path}",
            ssl_context=origin.context,
            websocket_handshake_timeout=self._timeouts.connect,
            max_frame_size=self._timeouts.largest,
            # It would not see the reserved bits of a ping.
            enable_auto_pong=False,
            extra_headers=headers,
            max_redirects=0,
            # It does not see a reset that comes with bytes, and breaks the engine by a TLS handshake that is cut off.
            use_aiofastnet=False,
            # Until then a connection that has ended has its place.
            ssl_shutdown_timeout=None if origin.context is None else _GRACE,
        )
        # None if the other side has left before it agreed, whatever its type says.
        response: Any = transport.response
        if response is None:
            raise ConnectionResetError("the connection ended before the answer was whole")
        if (refusal := _refusal(response.headers, offered)) is not None:
            cast("Line", line).close()
            raise refusal
        return cast("Line", line)


class _ClosedTalk(_OverWebsockets, ClosedLoop):
    pass


class _OpenTalk(_OverWebsockets, OpenArrivals):
    pass


async def _hear_out(transport: WSTransport) -> None:
    """Take what picows found wrong, which is counted by then: what nobody takes would break the engine."""
    with contextlib.suppress(WSError):
        await transport.wait_disconnected()


def _refusal(headers: Mapping[str, str], offered: Sequence[str]) -> Failure | None:
    """What is agreed to and was not offered."""
    if (extensions := headers.get("Sec-WebSocket-Extensions")) is not None:
        return Failure("extension not offered", extensions)
    if (subprotocol := headers.get("Sec-WebSocket-Protocol")) is not None and subprotocol not in offered:
        return Failure("subprotocol not offered", subprotocol)
    return None


def _cause(transport: WSTransport) -> str:
    """How a websocket ended without a close frame, in few words."""
    # None until there was a close frame, whatever its type says.
    closing: Any = transport.close_handshake
    if closing is None or closing.sent is None:
        return f"closed unexpectedly {frames.NO_CLOSE_FRAME}"
    code = int(closing.sent.code)
    return f"protocol: {_FOUND.get(code, f'closed with {code}')}"


def _failure(error: OSError | WSError | Failure) -> Failure:
    """Why a websocket was not opened."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, OSError):
        return unanswered(error)
    if isinstance(error, WSHandshakeError) and error.response is not None:
        status = int(error.response.status)
        return Failure("not a websocket" if status == 101 else f"status {status}", str(error))  # noqa: PLR2004
    return Failure("not a websocket", str(error))
