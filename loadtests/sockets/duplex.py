"""The client's connection for both directions at once: one greenlet may wait for bytes while another sends."""

from typing import Final

import gevent
from gevent import get_hub, getcurrent

from fixtures.http1.target import Target
from loadtests.client import Timeouts
from loadtests.client.names import Names
from loadtests.client.trouble import ConnectTimeoutError, unanswered
from loadtests.client.wire import SecureWire, Wire, look_up, reach
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


_names: Final = Names(look_up)


def open_wire(target: Target, opening: Handshake, timeouts: Timeouts) -> tuple[Wire, bytes]:
    """A connection with the handshake done, and what came after it.

    Raises `Failure`: "time-out", or "time-out connecting", after `timeouts.connect` for all of it, what kept the
    connection from coming, or what is wrong with the answer.
    """
    limit = timeouts.connect
    wire: Wire | None = None
    try:
        with gevent.Timeout(limit, TimeoutError(f"no websocket within {limit:g} s")):
            addresses = _names.addresses(target.host, target.port)
            wire = reach(target, addresses, get_hub(), bare=_BareBothWays, secure=_SecureBothWays)
            wire.send(opening.request)
            while (rest := opening.feed(wire.receive())) is None:
                pass
    except BaseException as error:
        if wire is not None:
            wire.close()
        elif isinstance(error, TimeoutError):
            error = ConnectTimeoutError(*error.args)
        if isinstance(error, OSError):
            raise unanswered(error) from error
        raise
    return wire, rest
