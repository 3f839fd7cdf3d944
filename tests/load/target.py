"""A target of few lines: TLS, one answer to everything, and whatever a test wants it to do wrong."""

import asyncio
import gc
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from fixtures.sandbox.tls import write_certificates

_HEALTH = json.dumps(
    {
        "status": "up",
        "service": "chat",
        "environment": "told",
        "version": "1",
        "slot": "blue",
        "instance": "chat-1",
        "started_at": "2026-01-01T00:00:00Z",
        "dependencies": {},
    }
).encode()
_MORE = bytes(2**18)


@dataclass
class Target:
    """What it does now; a test changes it while it runs."""

    folder: Path
    slot: str = "blue"
    says: str = 'X-Served-By: chat;slot={slot};build="b1";instance="chat-1"\r\n'
    """The line by which it says who it is."""
    status: int = 200
    delay: float = 0.0
    instead: bytes | None = None
    """What it answers instead of HTTP; nothing: it ends the connection."""
    endless: bool = False
    """Whether that goes on for as long as somebody takes it."""
    answered: int = 0
    address: str = ""
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def environment(self, name: str = "told") -> Path:
        """An environment file that names it."""
        file = self.folder / f"{name}.toml"
        file.write_text(
            f'name = "{name}"\napi = "{self.address}"\nca_file = "{self.folder / "ca.pem"}"\n'
            f'reported_environment = "told"\nstrict = false\n'
        )
        return file

    async def serve(self, ready: threading.Event, over: asyncio.Event) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "server.pem", self.folder / "server.key")
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=context)
        self.address = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        ready.set()
        await over.wait()
        server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                if self.delay:
                    await asyncio.sleep(self.delay)
                if self.instead is not None:
                    writer.write(self.instead)
                    if not self.instead:
                        writer.transport.abort()
                    while self.endless:
                        writer.write(_MORE)
                        await asyncio.sleep(0)  # or it would not hear that nobody takes it any more
                        await writer.drain()
                    continue
                self.answered += 1
                head = (
                    f"HTTP/1.1 {self.status} Said\r\nContent-Type: application/json\r\n"
                    f"{self.says.format(slot=self.slot)}"
                    f"Content-Length: {len(_HEALTH)}\r\n\r\n"
                )
                writer.write(head.encode() + _HEALTH)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.transport.abort()
        finally:
            self._writers.discard(writer)


@contextmanager
def serving(folder: Path) -> Iterator[Target]:
    """Serve until the block ends."""
    write_certificates(folder)
    target, ready, started = Target(folder), threading.Event(), threading.Event()
    ends: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def main() -> None:
        over = asyncio.Event()
        ends.append((asyncio.get_running_loop(), over))
        started.set()
        await target.serve(ready, over)

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    try:
        assert ready.wait(10)
        yield target
    finally:
        loop, over = ends[0]
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
        # What it did not close is told now, to the test whose it was.
        gc.collect()
