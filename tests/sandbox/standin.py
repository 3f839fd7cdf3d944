"""Services that do next to nothing, to test what runs them: the module named by `Options.services`."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute

from fixtures.sandbox.services.settings import Settings

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.websockets import WebSocket

__all__ = ["Settings", "serve", "warm"]


def warm() -> None:
    """Have nothing to do: what is needed is imported above."""


def serve(service: str, settings: Settings) -> None:
    """Answer on the service's socket who answers."""
    headers = {"X-Served-By": f'{service};slot={settings.slot};build="{settings.build}"'}

    async def health(_request: Request) -> Response:
        return JSONResponse({"build": settings.build, "environment": settings.environment}, headers=headers)

    async def slowly(request: Request) -> Response:
        if begun := request.query_params.get("begun"):
            Path(begun).touch()  # noqa: ASYNC240 - a moment, in a test
        await asyncio.sleep(float(request.query_params["seconds"]))
        return JSONResponse({}, headers=headers)

    async def request_back(request: Request) -> Response:
        return JSONResponse({"path": request.url.path, "headers": dict(request.headers)}, headers=headers)

    async def size(request: Request) -> Response:
        return JSONResponse({"bytes": len(await request.body())}, headers=headers)

    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(settings.slot)
        async for text in socket.iter_text():
            await socket.send_text(text)

    routes = [
        Route("/health", health),
        Route("/slowly", slowly),
        Route("/request", request_back),
        Route("/size", size, methods=["POST"]),
        Route("/metrics", health),
        WebSocketRoute("/v1/socket", echo),
    ]
    settings.socket.unlink(missing_ok=True)
    uvicorn.run(Starlette(routes=routes), uds=str(settings.socket), log_level="info", lifespan="off")
    os._exit(0)
