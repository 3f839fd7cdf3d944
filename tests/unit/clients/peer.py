"""A web server and a websocket server of our own, in threads, that answer as a test tells them."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

Answers = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def web_server(answers: Answers) -> Iterator[str]:
    """Serve while the context lasts; gives the base URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # the body is sent after the head, and would wait 40 ms for its ACK

        def _any(self) -> None:
            answers(self)

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _any  # noqa: N815  # the names http.server looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # its own signature
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64  # with the usual 5, of eight connections at once some wait a second

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def heard(handler: BaseHTTPRequestHandler) -> bytes:
    """The body of a request; nothing the second time."""
    body = handler.rfile.read(int(handler.headers.get("Content-Length", 0)))
    del handler.headers["Content-Length"]
    return body


def says(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    """Answer a request whole, having read its body."""
    heard(handler)
    handler.send_response(status)
    for name, value in {"Content_Type": "application/json", **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def says_health(  # noqa: PLR0913 - what health may say, each by name
    handler: BaseHTTPRequestHandler,
    *,
    instance: str = "1",
    status: int = 200,
    slot: str = "green",
    environment: str = "production",
    state: str = "",
    postgres: str = "up",
    served: bool = True,
    name: str = "postgres",
    detail: str = "gone",
) -> None:
    """Answer as the service that was asked for its health: `state` in words, or what the status makes of it."""
    service = handler.path.removeprefix("/api/").partition("-service/")[0]
    dependency = {"status": postgres, "latency_ms": None, "detail": detail if postgres == "down" else None}
    body = {
        "status": state or ("up" if status == HTTPStatus.OK else "down"),
        "service": service,
        "environment": environment,
        "version": "prod-1234567",
        "slot": slot,
        "instance": instance,
        "started_at": "2026-01-01T00:00:00.000Z",
        "dependencies": {name: dependency} if name else {},
    }
    header = f'{service};slot={slot};build="prod-1234567";instance="{instance}"'
    says(handler, status, json.dumps(body).encode(), **({"X_Served_By": header} if served else {}))


@contextmanager
def socket_server(talks: Callable[[ServerConnection], None], served_by: str = "") -> Iterator[str]:
    """Serve websockets while the context lasts; gives the base URL as `http://`, as environments have it.

    Each says by `served_by` who it is, or nothing.
    """

    def agrees(_connection: ServerConnection, _request: Request, response: Response) -> None:
        if served_by:
            response.headers["X-Served-By"] = served_by

    with serve(
        talks, "127.0.0.1", 0, select_subprotocol=lambda _, offered: offered[0], process_response=agrees
    ) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        finally:
            server.shutdown()
            thread.join()
