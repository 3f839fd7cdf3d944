"""A connection of one greenlet: a non-blocking socket under gevent's loop, bare or with TLS in memory.

`put` and `take` do what can be done without waiting; `send` and `receive` wait. Faster than gevent's own sockets,
because they wait before they read (an answer is never there yet), start the one watcher with the greenlet's own switch,
and make no object for each wait. Who waits too long is told by whoever holds the time limit, with an exception thrown
where it waits.
"""

import errno
import os
import socket
import ssl
from collections.abc import Sequence
from typing import Any, Final

import gevent.socket
from gevent import getcurrent
from gevent.monkey import get_original

from fixtures.http1.target import Target
from fixtures.http1.tls import is_cut
from loadtests.client.names import Address
from loadtests.client.trouble import PassedOver, pass_over

PIECE: Final = 16 * 1024
"""Bytes that are read at once, at most."""

_READ: Final = 1
_WRITE: Final = 2
_READ_OR_WRITE: Final = 3

# Sockets that gevent did not replace: a Locust process has replaced those of the standard library.
_Socket: type[socket.socket] = get_original("socket", "socket")


class NothingSentError(ConnectionError):
    """The peer had gone before a byte of the request was taken from us."""


class Wire:
    """One connection, bare; raises `OSError`s, and returns no bytes at its end. `readable` watches its socket."""

    __slots__ = ("_hub", "_rest", "_socket", "ahead", "readable")

    def __init__(self, connected: socket.socket, hub: Any) -> None:  # noqa: ANN401 - gevent is not typed
        self._socket = connected
        self._hub = hub
        self.readable = hub.loop.io(connected.fileno(), _READ)
        self.ahead: bytes | OSError | None = None
        """What came before anybody was ready to receive it, or what went wrong behind that which was received."""
        self._rest = memoryview(b"")

    def put(self, data: bytes) -> bool:
        """Send it as far as that goes at once, and return whether that was all; `send_rest` sends the rest.

        Also if it has to wait its turn, because another greenlet does that already: it sends this, too.
        """
        if self._rest:
            self._rest = memoryview(b"".join((self._rest, data)))
            return True
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except ConnectionError as error:
            raise NothingSentError(*error.args) from error
        if sent == len(data):
            return True
        self._rest = memoryview(data)[sent:]
        return False

    def send_rest(self) -> bool:
        """Send what is left, and say so; or stop, and keep the rest, because something came before its end."""
        rest, self._rest = self._rest, memoryview(b"")
        return self._send_rest(rest)

    def send(self, data: bytes) -> bool:
        """Send all of it, and say so; or stop, and keep the rest, because something came before its end."""
        return self.put(data) or self.send_rest()

    def take(self) -> bytes | None:
        """What is there, without waiting; None if it is nothing yet."""
        try:
            return self._socket.recv(PIECE)
        except BlockingIOError:
            return None

    def receive(self) -> bytes:
        """Wait for what comes next; no bytes are the end."""
        if self.ahead is not None:
            ahead, self.ahead = self.ahead, None
            if isinstance(ahead, bytes):
                return ahead
            try:
                raise ahead
            finally:
                del ahead  # It knows this frame.
        while True:
            self._wait(self.readable)
            piece = self.take()
            if piece is not None:
                return piece

    def silent(self) -> bool:
        """Whether nothing came since the last answer: neither an end nor anything else."""
        try:
            return self.ahead is None and self.take() is None
        except OSError:
            return False

    def close(self) -> None:
        """End it, at once and without a word."""
        self.readable.close()
        self._socket.close()

    def close_soon(self) -> None:
        """The same from any thread: the garbage collector runs in whichever comes first."""
        self._hub.loop.run_callback_threadsafe(self.close)

    def _send_rest(self, rest: memoryview) -> bool:
        either = self._hub.loop.io(self._socket.fileno(), _READ_OR_WRITE)
        try:
            while rest:
                self._wait(either)
                try:
                    rest = rest[self._socket.send(rest) :]
                except BlockingIOError:
                    self.ahead = self.take()
                    if self.ahead is not None:
                        self._rest = rest
                        return False
                except ConnectionError:
                    # Who refuses a request in its middle may close at once; what was said before can still be read.
                    self.ahead = self.take()
                    if not self.ahead:
                        raise
                    self._rest = rest
                    return False
        finally:
            either.close()
        return True

    def _wait(self, watcher: Any) -> None:  # noqa: ANN401 - gevent is not typed
        watcher.start(getcurrent().switch)
        try:
            self._hub.switch()
        finally:
            watcher.stop()


class SecureWire(Wire):
    """One connection with TLS; `handshake` comes first."""

    __slots__ = ("_incoming", "_outgoing", "_tls")

    def __init__(self, connected: socket.socket, hub: Any, context: ssl.SSLContext, host: str) -> None:  # noqa: ANN401
        super().__init__(connected, hub)
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    def handshake(self) -> None:
        """Agree on keys, and be sure who the peer is; raises `ssl.SSLError`."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLError:
                # The peer is told why, as far as that goes without waiting.
                self._flush()
                raise
            else:
                self._flush()
                return
            self._flush()
            self._wait(self.readable)
            self._fill()

    def put(self, data: bytes) -> bool:
        """Encrypt it, and send it as far as that goes at once."""
        self._tls.write(data)
        return Wire.put(self, self._outgoing.read())

    def take(self) -> bytes | None:
        """What is there and can be decrypted, without waiting; None if it is nothing yet."""
        # As `_fill` and `_read` do it, which would cost two calls more for each answer.
        try:
            data = self._socket.recv(PIECE)
        except BlockingIOError:
            return None
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
        try:
            piece: bytes | None = self._tls.read(PIECE)
        except ssl.SSLError as error:
            piece = _nothing_or_raise(error)
        while piece and self._incoming.pending:
            # Servers that write head and body one after the other make two records of them.
            try:
                more = self._read()
            except OSError as error:
                self.ahead = error.with_traceback(None)  # What came before it stands.
                break
            if not more:
                self.ahead = more
                break
            piece += more
        return piece

    def receive(self) -> bytes:
        """Wait for what comes next; no bytes are the end."""
        if self.ahead is None and self._incoming.pending:
            piece = self._read()
            if piece is not None:
                return piece
        return Wire.receive(self)

    def _fill(self) -> bool:
        """Hand what came to OpenSSL, and say whether anything did: its end did, too."""
        try:
            data = self._socket.recv(PIECE)
        except BlockingIOError:
            return False
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
        return True

    def _read(self) -> bytes | None:
        try:
            return self._tls.read(PIECE)
        except ssl.SSLError as error:
            return _nothing_or_raise(error)

    def _flush(self) -> None:
        data = self._outgoing.read()
        if data and not Wire.put(self, data):
            self.send_rest()


def _nothing_or_raise(error: ssl.SSLError) -> bytes | None:
    """What it means that OpenSSL gave no bytes: None for not yet, no bytes for the end."""
    if isinstance(error, ssl.SSLWantReadError):
        return None
    if isinstance(error, ssl.SSLZeroReturnError):
        return b""
    if is_cut(error):
        raise ConnectionResetError(errno.ECONNRESET, "cut off without TLS's own end") from error
    raise error


def look_up(host: str, port: int) -> list[Address]:
    """The addresses of a host; others run meanwhile."""
    found = gevent.socket.getaddrinfo(host, port, type=gevent.socket.SOCK_STREAM)
    return [(family, address) for family, _, _, _, address in found]


def reach(  # noqa: PLR0913 - where to, by which way, and who hears of it
    target: Target,
    addresses: Sequence[Address],
    hub: Any,  # noqa: ANN401 - gevent is not typed
    *,
    passed_over: PassedOver,
    bare: type[Wire] = Wire,
    secure: type[SecureWire] = SecureWire,
) -> Wire:
    """Connect to one of the target's addresses, and be sure of it; raises `OSError`, or what is thrown meanwhile."""
    connected = connect(addresses, hub, passed_over)
    if target.context is None:
        return bare(connected, hub)
    wire = secure(connected, hub, target.context, target.server_name)
    try:
        wire.handshake()
    except BaseException:
        wire.close()
        raise
    return wire


def connect(addresses: Sequence[Address], hub: Any, passed_over: PassedOver) -> socket.socket:  # noqa: ANN401
    """Connect to the first address that lets us; raises the `OSError` of the last, or what is thrown meanwhile."""
    error: OSError = ConnectionRefusedError(errno.ECONNREFUSED, "no address")
    for left, (family, address) in zip(range(len(addresses) - 1, -1, -1), addresses, strict=True):
        try:
            return _connect(family, address, hub)
        except OSError as refusal:
            if refusal.errno is None:
                raise  # It is not of the kernel: the time for all addresses is up.
            if left:
                pass_over(refusal, str(address[0]), len(addresses), passed_over)
            error = refusal
    raise error


def _connect(family: int, address: Any, hub: Any) -> socket.socket:  # noqa: ANN401
    connection = _Socket(family, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)  # noqa: FBT003 - its only form
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = connection.connect_ex(address)
        if code == errno.EINPROGRESS:
            watcher = hub.loop.io(connection.fileno(), _WRITE)
            try:
                hub.wait(watcher)
            finally:
                watcher.close()
            code = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    except BaseException:
        connection.close()
        raise
    if code:
        connection.close()
        raise OSError(code, os.strerror(code))
    return connection
