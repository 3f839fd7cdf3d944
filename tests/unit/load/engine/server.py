"""A real server on loopback, as wicked as a test wants: each connection is handled by a function, in a thread."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
PATIENCE_S = 5.0


@dataclass
class Server:
    """What it was asked, and where it is."""

    port: int
    context: ssl.SSLContext | None = None
    host: str = "127.0.0.1"
    connections: int = 0
    requests: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    """Set when the test is over: whoever hangs may go."""

    @property
    def server_name(self) -> str:
        """What its certificates say."""
        return self.host

    def request(self, peer: socket.socket) -> bytes:
        """Read one request, without a body; nothing when the peer has gone."""
        data = b""
        while not data.endswith(b"\r\n\r\n"):
            piece = peer.recv(65536)
            if not piece:
                return b""
            data += piece
        self.requests += 1
        return data

    def answers(self, peer: socket.socket, *pieces: bytes) -> None:
        """Answer each request by these pieces, with time between them to be read one by one."""
        while self.request(peer):
            for piece in pieces:
                peer.sendall(piece)
                if len(pieces) > 1:
                    self.over.wait(0.002)


def answering(server: Server, peer: socket.socket) -> None:
    """Answer everything at once."""
    server.answers(peer, OK)


def answering_when(event: threading.Event) -> Callable[[Server, socket.socket], None]:
    """Answer nothing before the event, and everything after it."""

    def handle(server: Server, peer: socket.socket) -> None:
        while server.request(peer) and event.wait(4 * PATIENCE_S):
            peer.sendall(OK)

    return handle


@contextlib.contextmanager
def serving(
    handle: Callable[[Server, socket.socket], None], folder: Path | None = None, at: tuple[str, int] = ("127.0.0.1", 0)
) -> Iterator[Server]:
    """Run a server; with `folder`, over TLS 1.3 by the certificates in it."""
    listener = socket.create_server(at, backlog=512)
    secure = None
    context = None
    if folder is not None:
        secure = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        secure.load_cert_chain(folder / "server.pem", folder / "server.key")
        secure.minimum_version = ssl.TLSVersion.TLSv1_3
        context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    server = Server(listener.getsockname()[1], context)
    threads: list[threading.Thread] = []

    def connection(peer: socket.socket) -> None:
        with contextlib.suppress(OSError), peer:
            peer.settimeout(PATIENCE_S)
            if secure is None:
                handle(server, peer)
                return
            with secure.wrap_socket(peer, server_side=True) as wrapped:
                handle(server, wrapped)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = listener.accept()
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                server.connections += 1
                threads.append(threading.Thread(target=connection, args=(peer,), daemon=True))
                threads[-1].start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield server
    finally:
        server.over.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for thread in [acceptor, *threads]:
            thread.join(PATIENCE_S)
