"""Servers in threads: one that speaks websocket properly, and one that says what a test tells it, byte for byte."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve
from websockets.utils import accept_key

RESETS = struct.pack("ii", 1, 0)
"""What SO_LINGER is set to for a connection that is reset when it is closed."""


def echoes(connection: ServerConnection) -> None:
    """Send back everything until the other side has enough."""
    with contextlib.suppress(ConnectionClosed):
        for message in connection:
            connection.send(message)


@contextmanager
def websocket_server(
    talks: Callable[[ServerConnection], None], *, certificates: Path | None = None, largest: int | None = None
) -> Iterator[str]:
    """Serve while the context lasts, agreeing to the first that is offered; gives the base URL as targets have it."""
    context = None
    if certificates is not None:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    with serve(
        talks,
        "127.0.0.1",
        0,
        ssl=context,
        compression=None,
        max_size=largest,
        ping_interval=None,
        select_subprotocol=lambda _, offered: offered[0] if offered else None,
    ) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"{'http' if context is None else 'https'}://127.0.0.1:{server.socket.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def raw_server(says: Callable[[socket.socket, bytes], None]) -> Iterator[str]:
    """Give each connection, with the head of its request, to `says`, and close it after that."""

    def serve_one(connection: socket.socket) -> None:
        if head := _head(lambda: connection.recv(4096)):
            says(connection, head)

    with _accepting(serve_one) as port:
        yield f"http://127.0.0.1:{port}"


class SealedPeer:
    """The server's side of TLS, in memory: a test says which bytes are sent together."""

    def __init__(self, connection: socket.socket, context: ssl.SSLContext) -> None:
        self.connection = connection
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    def read(self) -> bytes:
        """What the client says, which is nothing when it is gone; the handshake is done before."""
        while True:
            try:
                return self._tls.read(4096)
            except ssl.SSLWantReadError:
                self.send()
                if not (data := self.connection.recv(65536)):
                    return b""
                self._incoming.write(data)

    def send(self, *messages: bytes, farewell: bool = False, after: bytes = b"") -> None:
        """Send these under TLS, each by itself, its farewell if wanted, and after that other bytes, all at once."""
        for message in messages:
            self._tls.write(message)
        if farewell:
            # It waits for the client's own.
            with contextlib.suppress(ssl.SSLWantReadError):
                self._tls.unwrap()
        self.connection.sendall(self._outgoing.read() + after)


@contextmanager
def sealed_server(says: Callable[[SealedPeer, bytes], None], certificates: Path) -> Iterator[str]:
    """The same over TLS: give each connection, with the head of its request, to `says`."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")

    def serve_one(connection: socket.socket) -> None:
        peer = SealedPeer(connection, context)
        if head := _head(peer.read):
            says(peer, head)

    with _accepting(serve_one) as port:
        yield f"https://127.0.0.1:{port}"


def _head(read: Callable[[], bytes]) -> bytes:
    """The head of a request; nothing if the client has left before its end."""
    head = b""
    while b"\r\n\r\n" not in head:
        if not (data := read()):
            return b""
        head += data
    return head


@contextmanager
def no_handshake() -> Iterator[str]:
    """Close each connection when its TLS handshake has begun."""
    with _accepting(lambda connection: [connection.recv(65536)].clear()) as port:
        yield f"https://127.0.0.1:{port}"


@contextmanager
def _accepting(serves: Callable[[socket.socket], None]) -> Iterator[int]:
    """Give each connection to `serves`, in a thread, and close it after that; gives the port."""
    listener = socket.create_server(("127.0.0.1", 0))
    threads: list[threading.Thread] = []

    def serve_one(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(20)
            serves(connection)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threads.append(threading.Thread(target=serve_one, args=(connection,)))
                threads[-1].start()

    acceptor = threading.Thread(target=accept)
    acceptor.start()
    try:
        yield listener.getsockname()[1]
    finally:
        # Closing alone does not wake up who accepts.
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join()
        for thread in threads:
            thread.join()


def agreement(head: bytes, *more: str) -> bytes:
    """The answer that opens the websocket which `head` asks for, with `more` headers."""
    key = next(line[19:] for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key: "))
    lines = ("HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", *more)
    return "\r\n".join((*lines, f"Sec-WebSocket-Accept: {accept_key(key.decode())}", "", "")).encode()


@contextmanager
def unanswering() -> Iterator[tuple[str, int]]:
    """An address that answers nobody: whom a full queue has no place for is not even refused."""
    with ExitStack() as stack:
        address: tuple[str, int] = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0)).getsockname()
        for _ in range(3):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(address)
        yield address
