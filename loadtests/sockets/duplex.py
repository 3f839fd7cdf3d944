"""The client's connection for both directions at once: one greenlet may wait for bytes while another sends."""

import contextlib
from typing import Any, Final
from weakref import WeakValueDictionary

import gevent
from gevent import get_hub

from fixtures.http1.errors import ConnectTimeoutError
from fixtures.http1.target import Target
from loadtests.client import Timeouts
from loadtests.client.exchanges import Exchanges
from loadtests.client.names import Names
from loadtests.client.trouble import PassedOver, unanswered, untold
from loadtests.client.wire import SecureWire, Wire, look_up, reach
from loadtests.sockets.handshake import Handshake

_WRITE: Final = 2
_SENDING: Final = 10.0
"""Seconds until all that is sent was taken, so that a peer that takes it in drops comes to an end, too."""


class _BothWays(Wire):
    """What comes while it sends does not stop it: nothing here is an answer to what is not yet sent."""

    __slots__ = ()

    def send_rest(self) -> bool:
        """Send what is left, and what others put by then."""
        writable = self._hub.loop.io(self._socket.fileno(), _WRITE)
        try:
            with gevent.Timeout(_SENDING, TimeoutError(f"the other side did not take it all within {_SENDING:g} s")):
                while self._rest:
                    self._wait(writable)
                    with contextlib.suppress(BlockingIOError):  # or it was woken for nothing
                        self._rest = self._rest[self._socket.send(self._rest) :]
        finally:
            # Also of a greenlet that is killed meanwhile: nobody else sends it.
            self._rest = memoryview(b"")
            writable.close()
        return True


class _SecureBothWays(_BothWays, SecureWire):
    __slots__ = ()


_names: Final = Names(look_up)
_exchanges: Final["WeakValueDictionary[Any, Exchanges]"] = WeakValueDictionary()
"""Those of each hub, for as long as a websocket knows them."""


def exchanges_of(hub: Any) -> Exchanges:  # noqa: ANN401 - gevent is not typed
    """Those of the hub: all that is asked over its websockets goes together."""
    exchanges = _exchanges.get(hub)
    if exchanges is None:
        exchanges = _exchanges[hub] = Exchanges(hub)
    return exchanges


def open_wire(
    target: Target, opening: Handshake, timeouts: Timeouts, passed_over: PassedOver = untold
) -> tuple[Wire, bytes]:
    """A connection with the handshake done, and what came after it.

    Raises `Failure`: "time-out", or "time-out connecting", after `timeouts.connect` for all of it, what kept the
    connection from coming, or what is wrong with the answer.
    """
    limit = timeouts.connect
    wire: Wire | None = None
    try:
        with gevent.Timeout(limit, TimeoutError(f"no websocket within {limit:g} s")):
            addresses = _names.addresses(target.host, target.port)
            wire = reach(target, addresses, get_hub(), passed_over=passed_over, bare=_BothWays, secure=_SecureBothWays)
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
