"""A small service on a unix socket, to have something to mangle: echoes over HTTP and over a websocket."""

import json
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect


async def _echo(request: Request) -> Response:
    body = await request.body()
    headers = {name: value for name, value in request.headers.items() if name not in {"connection", "host"}}
    return JSONResponse(
        {
            "method": request.method,
            "path": request.url.path,
            "query": request.url.query,
            "body": body.decode("latin-1"),
            "headers": headers,
        },
        headers={"X-Served-By": "echo"},
    )


async def _chunks(_request: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        for number in range(100):
            yield f"{number};".encode() * 50

    return StreamingResponse(pieces(), media_type="text/plain")


async def _nothing(_request: Request) -> Response:
    return Response(status_code=204)


async def _socket(socket: WebSocket) -> None:
    await socket.accept(subprotocol="echo.v1")
    await socket.send_text(json.dumps({"type": "welcome"}))
    try:
        while True:
            message = await socket.receive_text()
            await socket.send_text(message)
    except WebSocketDisconnect as gone:
        socket.app.state.closed.append(gone.code)


@contextmanager
def echoing(path: Path) -> Iterator[list[int]]:
    """Serve at `path`; gives the list of close codes that websockets ended with."""
    app = Starlette(
        routes=[
            Route("/echo{rest:path}", _echo, methods=["GET", "POST", "PUT", "DELETE", "HEAD"]),
            Route("/chunks", _chunks),
            Route("/nothing", _nothing, methods=["DELETE"]),
            Route("/plain", lambda _request: PlainTextResponse("plain")),
            WebSocketRoute("/v1/socket", _socket),
        ]
    )
    app.state.closed = []
    server = uvicorn.Server(
        uvicorn.Config(
            app, uds=str(path), log_level="error", lifespan="off", ws="websockets-sansio", ws_max_size=1 << 17
        )
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    pause = threading.Event()
    for _ in range(500):
        if server.started:
            break
        pause.wait(0.01)
    try:
        yield app.state.closed
    finally:
        server.should_exit = True
        thread.join(5)
