"""The client's connection for both directions at once: one greenlet may wait for bytes while another sends."""

import time
from typing import Any, Final

import gevent
import gevent.socket
from gevent import getcurrent

from fixtures.http1.target import Target
from loadtests.client import Timeouts
from loadtests.client.names import Address, Names
from loadtests.client.trouble import unanswered
from loadtests.client.wire import SecureWire, Wire, connect
from loadtests.sockets.handshake import Handshake

_WRITE: Final = 2
_PIECE: Final = 16 * 1024
"""Bytes that are read at once, at most: messages are small."""
_SENDING: Final = 10.0
"""Seconds until a message is on its way; only a peer that reads nothing can take that long."""


class _BothWays(Wire):
    """What comes while it sends does not stop it: nothing here is an answer to what is not yet sent."""

    __slots__ = ()

    def _send_rest(self, rest: memoryview) -> bool:
        writable = self._hub.loop.io(self._socket.fileno(), _WRITE)
        try:
            with gevent.Timeout(_SENDING, TimeoutError(f"the other side takes nothing for {_SENDING:g} s")):
                while rest:
                    self._wait(writable)
                    rest = rest[self._socket.send(rest) :]
        finally:
            writable.close()
        return True


class _BareBothWays(_BothWays):
    """As fast as can be, since each message costs it: the steps of `Wire.receive` in one."""

    __slots__ = ()

    def receive(self) -> bytes:
        readable = self.readable
        while True:
            readable.start(getcurrent().switch)
            try:
                self._hub.switch()
            finally:
                readable.stop()
            try:
                return self._socket.recv(_PIECE)
            except BlockingIOError:
                continue


class _SecureBothWays(_BothWays, SecureWire):
    __slots__ = ()


def _look_up(host: str, port: int) -> list[Address]:
    found = gevent.socket.getaddrinfo(host, port, type=gevent.socket.SOCK_STREAM)
    return [(family, address) for family, _, _, _, address in found]


_names: Final = Names(_look_up, time.monotonic)


def open_wire(target: Target, opening: Handshake, timeouts: Timeouts) -> tuple[Wire, bytes]:
    """A connection with the handshake done, and what came after it.

    Raises `Failure`: "time-out" after `timeouts.connect` for all of it, what kept the connection from coming, or what
    is wrong with the answer.
    """
    limit = timeouts.connect
    wire: Wire | None = None
    try:
        with gevent.Timeout(limit, TimeoutError(f"no websocket within {limit:g} s")):
            wire = _connect(target, gevent.get_hub())
            wire.send(opening.request)
            while (rest := opening.feed(wire.receive())) is None:
                pass
    except BaseException as error:
        if wire is not None:
            wire.close()
        if isinstance(error, OSError):
            raise unanswered(error) from error
        raise
    return wire, rest


def _connect(target: Target, hub: Any) -> Wire:  # noqa: ANN401 - gevent is not typed
    connected = connect(_names.addresses(target.host, target.port), hub)
    if target.context is None:
        return _BareBothWays(connected, hub)
    wire = _SecureBothWays(connected, hub, target.context, target.host)
    try:
        wire.handshake()
    except BaseException:
        wire.close()
        raise
    return wire
