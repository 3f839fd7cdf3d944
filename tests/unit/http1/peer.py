"""A server in threads that does to each connection what a test says, byte for byte."""

import contextlib
import os
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from httptools import HttpRequestParser

OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n"ok"'

CONVERSATION = "0b9f6a52-6a0e-4f3c-9a51-1f6f0a3b7c11"
MESSAGE = (
    '{"message_id":"5d1c1a9e-3a57-4c5e-8a51-0f5f4d1f2b10","conversation_id":"' + CONVERSATION + '",'
    '"sender_id":"7e2f9a52-6a0e-4f3c-9a51-1f6f0a3b7c22","seq":7,"text":"hello","attachment_ids":[],'
    '"sent_at":"2026-10-01T12:00:00.000000Z"}'
)
CREATED = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(MESSAGE),
    MESSAGE.encode(),
)


class Request:
    """One request as the server read it."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.path = ""
        self.body = b""
        self.complete = False
        self._parser = HttpRequestParser(self)

    @property
    def method(self) -> str:
        return self._parser.get_method().decode()

    def feed(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_url(self, url: bytes) -> None:
        self.path += url.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1")] = value.decode("latin-1")

    def on_body(self, piece: bytes) -> None:
        self.body += piece

    def on_message_complete(self) -> None:
        self.complete = True


class Peer:
    """The server's end of one connection; `number` counts connections from 0."""

    def __init__(self, connection: socket.socket, number: int, requests: list[Request]) -> None:
        self.connection = connection
        self.number = number
        self._requests = requests

    def hears(self) -> Request | None:
        """Read one request whole; None at the end of the connection."""
        request = Request()
        while not request.complete:
            data = self.connection.recv(65536)
            if not data:
                return None
            request.feed(data)
        self._requests.append(request)
        return request

    def says(self, *pieces: bytes) -> None:
        """Send these."""
        for piece in pieces:
            self.connection.sendall(piece)

    def answers(self, *answers: bytes) -> None:
        """Hear a request for each of the answers, and send it."""
        for answer in answers:
            if self.hears() is None:
                return
            self.says(answer)

    def hangs_up(self) -> None:
        """End the connection below TLS, and say nothing of it there."""
        socket.socket(fileno=self.connection.detach()).close()

    def spoils(self) -> None:
        """Go on with what is no TLS."""
        os.write(self.connection.fileno(), b"no record of TLS")

    def says_goodbye(self) -> None:
        """End it as TLS has it, without waiting for the other side to do so."""
        assert isinstance(self.connection, ssl.SSLSocket)
        self.connection.settimeout(0)
        with contextlib.suppress(OSError):
            self.connection.unwrap()

    def resets(self) -> None:
        """End the connection rudely."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


class Server:
    """What a test knows of its server."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests: list[Request] = []
        self.connections = 0


@contextmanager
def server(does: Callable[[Peer], object], *, certificates: Path | None = None) -> Iterator[Server]:
    """Serve while the context lasts; a connection ends when `does` is done with it, or with the context."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    known = Server(f"http://127.0.0.1:{port}" if certificates is None else f"https://127.0.0.1:{port}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if certificates is not None:
        context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    threads: list[threading.Thread] = []
    open_ones: list[socket.socket] = []

    def serve(connection: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.enter_context(connection)
            connection.settimeout(20)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if certificates is not None:
                connection = stack.enter_context(context.wrap_socket(connection, server_side=True))
            open_ones.append(connection)
            does(Peer(connection, number, known.requests))

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threads.append(threading.Thread(target=serve, args=(connection, known.connections)))
                known.connections += 1
                threads[-1].start()

    acceptor = threading.Thread(target=accept)
    acceptor.start()
    try:
        yield known
    finally:
        # Closing alone does not wake up who accepts.
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join()
        for connection in open_ones:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in threads:
            thread.join()
