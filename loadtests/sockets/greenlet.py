"""A websocket for one greenlet: opened, told, listened to and closed, with Locust's event where something is counted.

Counted as "connection": the time from the intended start until the socket is open, every opening that failed, and every
end that nobody here asked for. Its latency is None where an open socket is what never came, or did not stay. `ask`
counts a message and its answer, and goes together with what others ask (`loadtests.client.exchanges`). Two more ways to
read: `receive` in the greenlet's own time, which, like `ask`, answers pings only while it waits; or `listen`, where a
greenlet of its own reads for as long as the socket lives.
"""

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any, Final

import gevent
from gevent import GreenletExit, get_hub, getcurrent

from fixtures.http1.errors import ClosedError
from fixtures.http1.target import Target
from loadtests.client import Timeouts
from loadtests.client.common import Fire
from loadtests.client.exchanges import Exchange
from loadtests.client.traces import Traces
from loadtests.client.trouble import PassedOver, unanswered, untold
from loadtests.client.wire import Wire
from loadtests.failure import UNANSWERED, Failure, closed_unexpectedly
from loadtests.kinds import CONNECTION, WEBSOCKET, count
from loadtests.sockets import frames
from loadtests.sockets.duplex import exchanges_of, open_wire
from loadtests.sockets.frames import Closing, Message, Ping, Reader, Violation, frame
from loadtests.sockets.handshake import Handshake

_LEAVING: Final = 2.0
"""Seconds to wait for the other side's close frame."""
_AT_ONCE: Final = 1e-6
_mask: Final = frames.masks()


@dataclass(frozen=True, slots=True)
class Closure:
    """How a websocket ended; `code` is 1006 when no close frame came (RFC 6455, 7.1.5)."""

    code: int
    reason: str
    by_us: bool


class _TooLateError(Exception):
    """Thrown where a greenlet waits for a message."""


class Socket:
    """An open websocket. Texts only: a binary message is a breach of the platform's protocols."""

    __slots__ = (
        "_counts",
        "_exchange",
        "_exchanges",
        "_fire",
        "_inbox",
        "_leaving",
        "_listener",
        "_patience",
        "_reader",
        "_reading",
        "_timer",
        "_why",
        "_wire",
        "closure",
        "headers",
    )

    def __init__(self, wire: Wire, headers: Mapping[str, str], *, fire: Fire, counts: Fire, largest: int) -> None:
        self._wire = wire
        self._fire, self._counts = fire, counts
        self._reader = Reader(largest)
        self._exchange = Exchange(wire)
        self._exchange.answers = self._reader
        self._exchanges = exchanges_of(get_hub())
        self._inbox: list[str] = []
        self._leaving = False
        self._why: Failure | None = None
        self._listener: gevent.Greenlet | None = None
        self._reading = False
        self._timer: Any = None
        self._patience = 0.0
        self.headers = headers
        """Of the server's agreement, names in lower case."""
        self.closure: Closure | None = None
        """How it ended; None while it is open."""

    def __del__(self) -> None:
        # The loop knows a connection that it watches, and would keep it open when nobody else does.
        if self.closure is None:
            self._wire.close_soon()

    @classmethod
    def connect(  # noqa: PLR0913 - what an opening consists of
        cls,
        target: Target,
        path: str,
        *,
        subprotocols: Iterable[str] = (),
        headers: Mapping[str, str] | None = None,
        fire: Fire,
        since: float | None = None,
        timeouts: Timeouts | None = None,
        largest: int = frames.LARGEST,
        passed_over: PassedOver = untold,
        trace: str = "",
    ) -> "Socket":
        """Open a websocket, fire "connection", and raise `Failure` after that if it could not be opened.

        `since` is the intended start (`time.perf_counter`), `largest` the bytes of the largest message taken,
        `trace` the header line that says which trace its opening belongs to (`Traces.line`).
        """
        began = perf_counter() if since is None else since
        opening = Handshake(target.authority, path, subprotocols=subprotocols, headers=headers, more=trace)
        counts = partial(count, fire, WEBSOCKET, trace=Traces.of(trace))
        try:
            wire, rest = open_wire(target, opening, timeouts or Timeouts(), passed_over)
        except Failure as failure:
            counts(CONNECTION, None, failure)
            raise
        except GreenletExit:
            counts(CONNECTION, None, Failure(UNANSWERED))
            raise
        counts(CONNECTION, perf_counter() - began)
        socket = cls(wire, opening.headers, fire=fire, counts=counts, largest=largest)
        if rest:
            socket._take(socket._reader.feed(rest))
        return socket

    def send(self, text: str) -> None:
        """Send a text message; raises `Failure` if the socket has ended or ends by it."""
        if self._why is None:
            self._put(frame(frames.TEXT, text.encode(), _mask()))
        if self._why is not None:
            raise _again(self._why)

    def receive(self, timeout: float) -> str:
        """The next text; raises `Failure`: "time-out" after `timeout` seconds, or why the socket ended."""
        inbox = self._inbox
        if inbox:
            return inbox.pop(0)
        self._limit(timeout)
        try:
            self._read_on()
        except _TooLateError:
            raise _too_late(timeout) from None
        finally:
            self._timer.stop()
        return inbox.pop(0)

    def ask(self, text: str, subject: str, timeout: float, *, since: float | None = None) -> str:
        """Send a text, wait for the next one, count both as one sample of `subject`; raises `Failure` after that.

        No answer in time is the end of the socket: one that came after all would be taken for that of the next text.
        For locustfiles of one's own: journeys send and hear apart, as events come between.
        """
        began = perf_counter() if since is None else since
        try:
            if self._inbox or self._why is not None or self._wire.ahead is not None:
                self.send(text)
                answer, came = self.receive(timeout), perf_counter()
            else:
                answer, came = self._answer(text, timeout), self._exchange.came
        except Failure as failure:
            self._counts(subject, None, failure)
            self._leaving = True
            self._end(frames.NO_CLOSE_FRAME, failure.detail, failure)
            raise
        except GreenletExit:
            self._counts(subject, None, Failure(UNANSWERED))
            raise
        self._fire(
            request_type=WEBSOCKET,
            name=subject,
            response_time=(came - began) * 1000,
            response_length=len(answer),
            exception=None,
            context={},
        )
        return answer

    def listen(self, on_text: Callable[[str], None], on_end: Callable[[Closure], None] | None = None) -> None:
        """Read from now on in a greenlet of its own: `on_text` for each text, at last `on_end`. Neither may raise."""
        self._listener = gevent.spawn(self._listen, on_text, on_end)

    def close(self, code: int = frames.NORMAL, reason: str = "") -> None:
        """Close with the closing handshake, which the other side has two seconds for; nothing if it has ended."""
        if self.closure is not None:
            return
        self._leaving = True
        self._exchange.request = b""  # nothing is asked after this
        try:
            self._put(frames.closing(code, reason, _mask()))
            if self._listener is not None and self._listener is not getcurrent():
                self._listener.join(_LEAVING)
            else:
                with gevent.Timeout(_LEAVING, False):  # noqa: FBT003 - gevent's way to say: go on
                    while self.closure is None:
                        self._read()
        finally:
            # Also of a greenlet that is killed meanwhile: nobody else would close the connection.
            self._end(code, reason, Failure("closed by us"))

    def _listen(self, on_text: Callable[[str], None], on_end: Callable[[Closure], None] | None) -> None:
        inbox = self._inbox
        while True:
            while inbox:
                on_text(inbox.pop(0))
            if self.closure is not None:
                break
            self._reading = True
            try:
                self._read()
            except gevent.GreenletExit:
                # Another greenlet has ended the socket, and with it this wait.
                continue
            finally:
                self._reading = False
        if on_end is not None:
            on_end(self.closure)

    def _answer(self, text: str, timeout: float) -> str:
        """Have it sent and answered together with what others ask, and do alone what is left after that."""
        exchange, inbox = self._exchange, self._inbox
        exchange.request = frame(frames.TEXT, text.encode(), _mask())
        self._limit(timeout)
        try:
            messages = self._exchanges.make(exchange)
            if messages and len(messages) == 1 and isinstance(messages[0], str):
                return messages[0]
            if messages is None:
                # It is too large to go at once: the time for the answer begins when it has gone.
                self._timer.stop()
                self._wire.send_rest()
                self._limit(timeout)
            else:
                self._take(messages)
            self._read_on()
        except _TooLateError:
            raise _too_late(timeout) from None
        except OSError as error:
            self._lost(None if isinstance(error, ClosedError) else unanswered(error))
            self._read_on()
        finally:
            self._timer.stop()
        return inbox.pop(0)

    def _limit(self, timeout: float) -> None:
        """Have who calls this told when its time is up, unless the timer is stopped before."""
        # What gevent.Timeout does, for a twentieth of its price: the next wait is nearly always as long as the last.
        timer = self._timer
        if timer is None or timeout != self._patience:
            # One of no seconds at all would not begin.
            timer = self._timer = get_hub().loop.timer(0.0, max(timeout, _AT_ONCE), ref=False)
            self._patience = timeout
        # `start` would go on with what was left when it was stopped.
        timer.again(getcurrent().throw, _TooLateError)

    def _read_on(self) -> None:
        """Read until there is a text; raises `Failure` if none can come."""
        while not self._inbox:
            if self._why is not None:
                raise _again(self._why)
            self._read()

    def _read(self) -> None:
        """Wait for bytes and take what they say."""
        if self._exchange.watched:
            self._exchange.unwatch()
        try:
            data = self._wire.receive()
            self._exchange.came = perf_counter()
        except OSError as error:
            self._lost(unanswered(error))
            return
        if not data:
            self._lost(None)
            return
        messages = self._reader.feed(data)
        if len(messages) == 1 and isinstance(messages[0], str):
            self._inbox.append(messages[0])
        else:
            self._take(messages)

    def _take(self, messages: Iterable[Message]) -> None:
        for message in messages:
            if isinstance(message, str):
                self._inbox.append(message)
            elif isinstance(message, Ping):
                self._put(frame(frames.PONG, message.payload, _mask()))
            elif isinstance(message, Closing):
                if not self._leaving:
                    self._farewell(message.code, "")
                self._end(message.code, message.reason, closed_unexpectedly(message.code, message.reason))
            elif isinstance(message, Violation):
                self._break(message.code, message.why)
            elif isinstance(message, bytes):
                self._break(frames.NOT_ACCEPTED, "a binary message")
                return

    def _put(self, data: bytes) -> None:
        """Send; what cannot be sent ends the connection."""
        try:
            self._wire.send(data)
        except OSError as error:
            self._lost(unanswered(error))

    def _farewell(self, code: int, reason: str) -> None:
        """Send a close frame; who is gone already, and cannot be told, is no other cause of the end."""
        with contextlib.suppress(OSError):
            self._wire.send(frames.closing(code, reason, _mask()))

    def _lost(self, failure: Failure | None) -> None:
        """The connection ended without a close frame."""
        code = frames.NO_CLOSE_FRAME
        how = "no close frame" if failure is None else f"{failure.cause} {failure.detail}"
        self._end(code, "", Failure(f"closed unexpectedly {code}", how))

    def _break(self, code: int, why: str) -> None:
        """The other side broke the protocol: tell it so, and end."""
        self._farewell(code, why)
        self._end(code, why, Failure(f"protocol: {why}", ""))

    def _end(self, code: int, reason: str, why: Failure) -> None:
        """Keep how it ended, once, and count it if nobody here asked for it."""
        if self.closure is not None:
            return
        self.closure = Closure(code, reason, by_us=self._leaving)
        self._why = Failure("closed by us", reason) if self._leaving else why
        self._wire.close()
        if self._reading and self._listener is not None and self._listener is not getcurrent():
            self._listener.kill(block=False)
        if not self._leaving:
            self._counts(CONNECTION, None, why)


def _too_late(timeout: float) -> Failure:
    return Failure("time-out", f"no message within {timeout:g} s")


def _again(why: Failure) -> Failure:
    """The same once more: an exception collects the tracebacks of everywhere it is raised."""
    return Failure(why.cause, why.detail)
