"""Requests and answers of all connections of one loop, each step for everybody before the next step for anybody.

A processor is quick at what it has just done. All requests of a turn of the loop are encrypted and sent in a row, then
all answers that came are read and decrypted in a row, then parsed in a row, and only then are those told who wait for
them. With thirty people at work that takes a fifth less of a core than to do all of it for one after the other.
"""

from time import perf_counter
from typing import Any

from gevent import getcurrent

from fixtures.http1.answers import Answers
from fixtures.http1.errors import NO_ANSWER, ClosedError
from loadtests.client.wire import Wire


class Exchange:
    """What goes to and fro on one connection: one request at a time, and its answer."""

    __slots__ = ("answers", "came", "request", "waiter", "wire")

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.request = b""
        self.answers: Answers
        """Reads the answer."""
        self.came = 0.0
        """When the last piece was read that was read together with others, on the clock of `time.perf_counter`."""
        self.waiter: Any = None
        """The greenlet that waits to be told; None once it is, or waits no longer."""


class Exchanges:
    """Those of one loop. `make` is called by greenlets; everything else happens between them, in the hub."""

    __slots__ = ("_arrived", "_hub", "_outgoing", "_soon")

    def __init__(self, hub: Any) -> None:  # noqa: ANN401 - gevent is not typed
        self._hub = hub
        self._soon = hub.loop.run_callback
        self._outgoing: list[Exchange] = []
        self._arrived: list[Exchange] = []

    def make(self, exchange: Exchange) -> bool | None:
        """Send the request and read what comes first; return whether that was the whole answer.

        None if the request could not be sent at once: the rest of it (`Wire.send_rest`), and all of the answer, is left
        to the caller. Raises `OSError`s and what `Answers.feed` raises.
        """
        exchange.waiter = getcurrent()
        if not self._outgoing:
            self._soon(self._send)
        self._outgoing.append(exchange)
        try:
            return self._hub.switch()  # type: ignore[no-any-return]
        except BaseException:
            exchange.waiter = None
            exchange.wire.readable.stop()
            raise

    def _send(self) -> None:
        outgoing, self._outgoing = self._outgoing, []
        begun: list[Exchange] = []
        failed: list[tuple[Exchange, Exception]] = []
        note = self._note
        for exchange in outgoing:
            if exchange.waiter is not None:
                try:
                    if exchange.wire.put(exchange.request):
                        exchange.wire.readable.start(note, exchange)
                    else:
                        begun.append(exchange)
                except OSError as error:
                    failed.append((exchange, error))
        for exchange in begun:
            waiter, exchange.waiter = exchange.waiter, None
            if waiter is not None:
                waiter.switch(None)
        _throw(failed)

    def _note(self, exchange: Exchange) -> None:
        """Something came."""
        exchange.wire.readable.stop()
        if not self._arrived:
            self._soon(self._read)
        self._arrived.append(exchange)

    def _read(self) -> None:
        arrived, self._arrived = self._arrived, []
        pieces: list[tuple[Exchange, bytes]] = []
        read: list[tuple[Exchange, bool]] = []
        failed: list[tuple[Exchange, Exception]] = []
        for exchange in arrived:
            if exchange.waiter is not None:
                try:
                    piece = exchange.wire.take()
                except OSError as error:
                    failed.append((exchange, error))
                else:
                    exchange.came = perf_counter()
                    if piece is None:  # woken for nothing, or for a part of what can be decrypted
                        exchange.wire.readable.start(self._note, exchange)
                    else:
                        pieces.append((exchange, piece))
        for exchange, piece in pieces:
            try:
                if not piece:
                    raise ClosedError("the connection was closed without an answer")
                read.append((exchange, exchange.answers.feed(piece)))
            except NO_ANSWER as error:
                failed.append((exchange, error))
        for exchange, whole in read:
            # None if somebody who was told before has ended that.
            waiter, exchange.waiter = exchange.waiter, None
            if waiter is not None:
                waiter.switch(whole)
        _throw(failed)


def _throw(failed: list[tuple[Exchange, Exception]]) -> None:
    """Raise what went wrong where it is waited for."""
    for exchange, trouble in failed:
        waiter, exchange.waiter = exchange.waiter, None
        if waiter is not None:
            waiter.throw(trouble)
    failed.clear()  # What was raised here knows this list.
