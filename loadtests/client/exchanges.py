"""Requests and answers of all connections of one loop, each step for everybody before the next step for anybody.

A processor is quick at what it has just done. All requests of a turn of the loop are encrypted and sent in a row, then
all answers that came are received and decrypted in a row, then parsed in a row, then read into their types in a row,
and only then are those told who wait for them. With thirty people at work that takes a fifth less of a core than to do
all of it for one after the other.
"""

from time import perf_counter
from typing import Any, Final, NoReturn, Protocol
from weakref import ref

from gevent import getcurrent

from fixtures.contract.operation import Operation
from fixtures.http1.answers import Answers
from fixtures.http1.errors import ClosedError
from loadtests.client.reading import read
from loadtests.client.wire import Wire

_TOGETHER: Final = 64
"""More than that only keep others waiting: timers, and greenlets that have something else to do."""


class Parser(Protocol):
    """Reads answers."""

    def feed(self, piece: bytes, /) -> object:
        """Take what came, and return what is there by it; nothing, as long as that is no whole answer."""


class Exchange:
    """What goes to and fro on one connection: one request at a time, and its answer."""

    __slots__ = ("among", "answers", "came", "request", "waiter", "watched", "wire")

    answers: Parser
    request: bytes
    """None of it is left once it was sent, or once nobody waits for the answer any more."""
    among: "Exchanges"
    """Who notes what comes, while it is watched: as long as the loop tells, somebody has to listen."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.came = 0.0
        """When the last piece of the answer was received, on the clock of `time.perf_counter`."""
        self.waiter: Any = None
        """The greenlet that waits to be told, since the request was sent; None once it is, or waits no longer."""
        self.watched = False
        """Whether the loop tells what comes: from the first request on, since to be asked each time takes longer.

        Not once something came that nobody waited for: who asks next has to look first.
        """

    def unwatch(self) -> None:
        """Have the loop tell nothing more, until there is another request."""
        self.watched = False
        self.wire.readable.stop()

    def conclude(self) -> None:
        """Do what is left to be done with a whole answer."""


class Asking(Exchange):
    """One of HTTP."""

    __slots__ = ("began", "operation", "value")

    operation: Operation[Any]
    """What is asked, until the answer is read."""
    began: float
    """When it was intended to start, on the same clock."""
    answers: Answers

    def __init__(self, wire: Wire) -> None:
        super().__init__(wire)
        self.value: Any = None
        """What the answer says, or what was raised by reading it: `UnexpectedAnswer`, if nothing here is wrong."""

    def conclude(self) -> None:
        """Read the whole answer into the type of the operation."""
        try:
            self.value = read(self.operation, self.answers, self.came - self.began)
        except Exception as error:  # noqa: BLE001 - for who asked, and nobody else
            self.value = error
        finally:
            del self.operation


class Exchanges:
    """Those of one loop. `make` is called by greenlets; everything else happens between them, in the hub.

    All that come are received once in each turn of the loop, for as long as these exchanges are known to somebody.
    """

    __slots__ = ("__weakref__", "_hub", "_outgoing", "_soon", "arrived")

    def __init__(self, hub: Any) -> None:  # noqa: ANN401 - gevent is not typed
        self._hub = hub
        self._soon = hub.loop.run_callback
        self._outgoing: list[tuple[Exchange, Any]] = []
        self.arrived: list[Exchange] = []
        """Those of which the loop told that something came, some of them more than once."""
        turn = hub.loop.prepare(ref=False)
        turn.start(_receive, turn, ref(self))

    def make(self, exchange: Exchange) -> Any:  # noqa: ANN401 - what its parser gives
        """Send the request and parse what comes first; conclude if that was the whole answer, and return what it gave.

        None if the request could not be sent at once: the rest of it (`Wire.send_rest`), and all of the answer, is left
        to the caller. Raises `OSError`s and what the parser raises.
        """
        if not self._outgoing:
            self._soon(self._send)
        self._outgoing.append((exchange, getcurrent()))
        try:
            whole = self._hub.switch()
        except BaseException:
            exchange.waiter = None
            exchange.request = b""
            exchange.unwatch()
            raise
        if not whole:
            exchange.unwatch()
        return whole

    def _send(self) -> None:
        outgoing, self._outgoing = self._outgoing[:_TOGETHER], self._outgoing[_TOGETHER:]
        if self._outgoing:
            self._soon(self._send)
        begun: list[Exchange] = []
        failed: list[tuple[Exchange, Exception]] = []
        note = self.arrived.append  # so that no code of Python runs for each that comes
        for exchange, waiter in outgoing:
            if exchange.request:  # or its greenlet was ended
                exchange.waiter = waiter
                try:
                    whole = exchange.wire.put(exchange.request)
                    exchange.request = b""
                    if whole:
                        if not exchange.watched:
                            exchange.watched, exchange.among = True, self
                            exchange.wire.readable.start(note, exchange)
                    else:
                        begun.append(exchange)
                except Exception as error:  # noqa: BLE001 - as above
                    failed.append((exchange, error))
        for exchange in begun:
            waiter, exchange.waiter = exchange.waiter, None
            if waiter is not None:
                waiter.switch(None)
        _throw(failed)

    def receive(self) -> None:
        """Receive what came, and tell those who wait for it."""
        # Once each: of those who were left over, the loop has told again.
        arrived = list(dict.fromkeys(self.arrived))
        self.arrived[:] = arrived[_TOGETHER:]
        failed: list[tuple[Exchange, Exception]] = []
        parsed = _parse(_take(arrived[:_TOGETHER], failed), failed)
        for exchange, whole in parsed:
            if whole:
                exchange.conclude()
        for exchange, whole in parsed:
            # None if somebody who was told before has ended that.
            waiter, exchange.waiter = exchange.waiter, None
            if waiter is not None:
                waiter.switch(whole)
        _throw(failed)


def _receive(turn: Any, known: "ref[Exchanges]") -> None:  # noqa: ANN401 - gevent is not typed
    """Called in each turn of the loop, before it polls."""
    exchanges = known()
    if exchanges is None:
        turn.close()
    elif exchanges.arrived:
        exchanges.receive()


def _take(arrived: list[Exchange], failed: list[tuple[Exchange, Exception]]) -> list[tuple[Exchange, bytes]]:
    """What there is for those who wait, and not yet nothing."""
    pieces = []
    for exchange in arrived:
        if exchange.waiter is None:
            # Nobody asked for it, or somebody who waits no longer; its end, mostly. Or it was left over, and is no
            # longer for the loop to tell: its greenlet waits for the rest by itself.
            if exchange.watched:
                exchange.unwatch()
            continue
        try:
            piece = exchange.wire.take()
        except Exception as error:  # noqa: BLE001 - as above
            failed.append((exchange, error))
        else:
            exchange.came = perf_counter()
            if piece is not None:  # or it was woken for nothing, or for a part of what can be decrypted
                pieces.append((exchange, piece))
    return pieces


def _parse(
    pieces: list[tuple[Exchange, bytes]], failed: list[tuple[Exchange, Exception]]
) -> list[tuple[Exchange, object]]:
    """Have each parsed, and say what that gave: nothing, unless it completed its answer."""
    parsed = []
    for exchange, piece in pieces:
        try:
            parsed.append((exchange, exchange.answers.feed(piece) if piece else _no_answer()))
        except Exception as error:  # noqa: BLE001 - as above
            failed.append((exchange, error))
    return parsed


def _no_answer() -> NoReturn:
    raise ClosedError("the connection was closed without an answer")


def _throw(failed: list[tuple[Exchange, Exception]]) -> None:
    """Raise what went wrong where it is waited for."""
    for exchange, trouble in failed:
        waiter, exchange.waiter = exchange.waiter, None
        if waiter is not None:
            # Who raised it knows all others of the turn, and who is told may keep it.
            waiter.throw(trouble.with_traceback(None))
    failed.clear()
