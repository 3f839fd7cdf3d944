"""Messages in the engine: over websockets on its event loop, as fast as they are answered or by schedule.

    engine = Engine(target)
    engine.start(Talk("ping", SOCKET_PATH, b'{"type":"ping","nonce":"n"}', is_answer=lambda text: b'"pong"' in text))

Each connection carries one message at a time, and the next text that is its answer ends it. When what is sent, what
becomes of a connection, and how all of it is counted, are the engine's own ways. Every opening is counted as
"connection" besides, and so is every end that nobody here asked for.

For locustfiles of one's own, and benchmarks: in profiles people say something over websockets, and greenlets do it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Final, cast

from fixtures.http1.errors import ConnectTimeoutError
from loadtests.client.timeouts import Timeouts
from loadtests.counts import NEVER
from loadtests.engine.arriving import OpenArrivals
from loadtests.engine.closed import ClosedLoop
from loadtests.engine.driver import Driver, Ended, unopened
from loadtests.engine.plan import Origin, Plan, complaint
from loadtests.engine.recording import Recorder
from loadtests.engine.tls import OverTls
from loadtests.engine.watch import Watch
from loadtests.engine.wire import Wire
from loadtests.failure import Failure, closed_unexpectedly
from loadtests.kinds import CONNECTION
from loadtests.sockets import frames
from loadtests.sockets.frames import WHOLE_TEXT, Closing, Message, Ping, Reader, Violation, frame, masked
from loadtests.sockets.handshake import Handshake

if TYPE_CHECKING:
    import asyncio

_LOST: Final = closed_unexpectedly(frames.NO_CLOSE_FRAME, "").cause
_NOTHING: Final = -1
"""Not even a text of no bytes is read the short way."""


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
        driver.mask = frames.masks()
        return driver


class Line(Wire):
    """One websocket, plain: carries one message at a time."""

    __slots__ = (
        "_asked",
        "_check",
        "_fits",
        "_freed",
        "_head",
        "_is_answer",
        "_leaving",
        "_longest",
        "_make",
        "_mask",
        "_opening",
        "_openings",
        "_reader",
        "_record",
        "_text",
    )

    def __init__(  # noqa: PLR0913, PLR0917 - what it says, and whom it tells
        self,
        talk: Talk,
        opening: Handshake,
        largest: int,
        mask: Callable[[], bytes],
        recorder: Recorder,
        openings: Recorder,
        owner: Driver,
    ) -> None:
        super().__init__(recorder, owner)
        self._check, self._is_answer = talk.check, talk.is_answer
        self._make = talk.text if callable(talk.text) else None
        self._text = b"" if callable(talk.text) else talk.text
        self._head = frames.head(WHOLE_TEXT, len(self._text))
        self._mask = mask
        self._record, self._openings = recorder.record, openings
        self._freed = owner.freed
        self._opening: Handshake | None = opening
        self._asked = False
        self._reader = Reader(largest)
        self._longest = min(frames.SHORT, largest)
        self._fits = _NOTHING
        """Bytes of the largest text that is read the short way, as all that came before was whole."""
        self._leaving = False

    def send(self, since: float, now: float) -> None:
        """Send the message; its latency counts from `since`."""
        self.since = since
        self.sent = now
        self.busy = True
        mask = self._mask()
        if self._make is None:
            self._write(self._head + mask + masked(self._text, mask))
        else:
            self._write(frame(frames.TEXT, self._make(), mask))

    def close(self) -> None:
        """Say good-bye, and close it without waiting for the answer."""
        if self.usable:
            self._leaving = True
            self._write(frames.closing(frames.NORMAL, "", self._mask()))
        super().close()

    def late(self) -> TimeoutError:
        """Who has connected, and is not answered, waits for the websocket."""
        return TimeoutError() if self._asked else ConnectTimeoutError()

    def data_received(self, data: bytes) -> None:
        """Read, the short way if it can be: nearly all that comes is one short text."""
        size = len(data) - 2
        if 0 <= size <= self._fits and data[0] == WHOLE_TEXT and data[1] == size and (text := data[2:]).isascii():
            if answered := self._hears(text):
                self._freed(self, answered)
        else:
            self._read(data)

    def _connected(self) -> None:
        if self._opening is not None and not self.ready.done():
            self._asked = True
            self._write(self._opening.request)

    def _hears(self, text: bytes) -> float:
        """Take note of an answer, and return when it came; 0 if it is none."""
        if not self.busy or (self._is_answer is not None and not self._is_answer(text)):
            return 0.0
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
        return now

    def _read(self, data: bytes) -> None:
        if self._opening is not None:
            data = self._agreed(self._opening, data)
        if self._opening is not None or self.ended:
            return
        self._fits = _NOTHING
        answered = 0.0
        for message in self._reader.feed(data):
            if isinstance(message, str):
                answered = self._hears(message.encode()) or answered
            else:
                self._take(message)
        if self._reader.between and not self.ended:
            self._fits = self._longest
        # Now, and not before: what has come already answers nothing that is still to be sent.
        if answered and self.usable:
            self._freed(self, answered)

    def _take(self, message: Message) -> None:
        """See to what is no text."""
        if isinstance(message, bytes):
            self._leave(frames.NOT_ACCEPTED, "a binary message")
        elif isinstance(message, Violation):
            self._leave(message.code, message.why)
        elif isinstance(message, Closing):
            self._leave(message.code, "", closed_unexpectedly(message.code, message.reason).cause)
        elif isinstance(message, Ping) and self.usable:
            self._write(frame(frames.PONG, message.payload, self._mask()))

    def _agreed(self, opening: Handshake, data: bytes) -> bytes:
        """Go on with the opening; returns what came after it, nothing before its end."""
        if self.ready.done():
            return b""
        try:
            rest = opening.feed(data)
        except Failure as failure:
            self.ready.set_exception(failure)
            self.close()
            return b""
        if rest is None:
            return b""
        self._opening = None
        self._opens()
        return rest

    def _leave(self, code: int, reason: str, cause: str = "") -> None:
        """Close it for what the other side has sent; by default for a breach of the protocol, with its reason."""
        if self.usable:
            self._write(frames.closing(code, reason, self._mask()))
        self._end(cause or f"protocol: {reason}")
        cast("asyncio.Transport", self._transport).close()

    def _ended(self, *, cleanly: bool) -> None:
        if self._opening is None:
            self._end(_LOST)
        elif cleanly and not self.ready.done():
            self._agreed(self._opening, b"")

    def _breaks(self, cause: str) -> None:
        if self._opening is None:
            self._end(cause)
        elif not self.ready.done():
            self.ready.set_exception(Failure(cause))
        super().close()

    def _end(self, cause: str) -> None:
        """Record what was not answered, and the end itself unless it was ours; once."""
        if self.ended:
            return
        self.usable, self._fits, self.ended = False, _NOTHING, cause
        if not self._leaving:
            self._openings.fail(cause, NEVER)
        if self.busy:
            self.busy = False
            self._recorder.fail(cause, NEVER)


class TlsLine(OverTls, Line):
    """The same over TLS."""

    __slots__ = ()
    plain_received = Line.data_received


class _OverWebsockets(Driver):
    """How a driver opens its connections."""

    talk: Talk
    openings: Recorder
    mask: Callable[[], bytes]
    _number = 0

    def unneeded(self, cause: str, lasted: float) -> None:
        """It was counted as an opening."""

    async def _open(self) -> Wire:
        # Here, and not when it is agreed: the time for it may be over in the same turn of the event loop.
        began = perf_counter()
        try:
            line = await super()._open()
        except Ended:
            self._opened(began)
            raise
        except (OSError, Failure) as error:
            self.openings.fail(unopened(error), NEVER)
            raise
        else:
            self._opened(began)
            return line

    def _opened(self, began: float) -> None:
        now = perf_counter()
        if now >= self.openings.border:
            self.openings.turn(now)
        self.openings.record(now - began)

    def _making(self) -> Callable[[], Wire]:
        origin, talk = self._origin, self.talk
        host = f"[{origin.host}]" if ":" in origin.host else origin.host
        number, self._number = self._number, self._number + 1
        opening = Handshake(
            f"{host}:{origin.port}", talk.path, subprotocols=talk.subprotocols(number), headers=talk.headers
        )
        more = (talk, opening, self._timeouts.largest, self.mask, self.recorder, self.openings, self)
        if origin.context is None:
            return partial(Line, *more)

        def sealed() -> Wire:
            line = TlsLine(*more)
            line.seals(origin)
            return line

        return sealed


class _ClosedTalk(_OverWebsockets, ClosedLoop):
    pass


class _OpenTalk(_OverWebsockets, OpenArrivals):
    pass
