"""How a connection that is to be idle begins: at which address of the target, and from which of this machine."""

import contextlib
import socket
from typing import Any, Final

from gevent.monkey import get_original

from loadtests.client.trouble import pass_over
from loadtests.sockets.held import Connection, Openings

_NO_PORT: Final = getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24)
"""Bind to an address only, and let the system choose the port when it knows where to."""


class Dialling:
    """Gives connections their sockets, of those that gevent did not replace."""

    def __init__(self, openings: Openings) -> None:
        self._openings = openings
        self._socket = get_original("socket", "socket")

    def begin(self, connection: Connection) -> None:
        """Let it try all addresses, the first of them another one than the connection before."""
        addresses = self._openings.addresses()
        first = connection.number % len(addresses)
        connection.untried = (*addresses[first:], *addresses[:first])

    def dial(self, connection: Connection) -> None:
        """Give it a socket that connects to the next address; raises the `OSError` of the last."""
        while True:
            (family, address), *connection.untried = connection.untried
            connection.address = str(address[0])
            try:
                connection.socket = self._connecting(family, address, connection.number)
            except OSError as error:
                self.pass_over(connection, error)
            else:
                return

    def pass_over(self, connection: Connection, error: OSError) -> None:
        """Note that an address did not let it in, and the next is to be tried; raises the error of the last."""
        if not connection.untried:
            raise error
        pass_over(error, connection.address, len(self._openings.addresses()), self._openings.passed_over)

    def _connecting(self, family: int, address: Any, number: int) -> Any:  # noqa: ANN401
        sources = self._openings.sources
        sock = self._socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if sources:
                sock.setsockopt(socket.IPPROTO_IP, _NO_PORT, 1)
                sock.bind((sources[number % len(sources)], 0))
            with contextlib.suppress(BlockingIOError):
                sock.connect(address)
        except BaseException:
            sock.close()
            raise
        return sock
