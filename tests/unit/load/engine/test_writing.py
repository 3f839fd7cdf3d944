"""How a request is written: at once, or, where the socket does not take it, by the event loop, and all in order."""

import asyncio
import contextlib
import os
from types import SimpleNamespace
from typing import Any

from loadtests.counts import Counts
from loadtests.engine.connection import Connection
from loadtests.engine.plan import Plan
from loadtests.engine.recording import Ledger, Recorder
from loadtests.engine.watch import Watch
from loadtests.native import new_lock


def test_what_follows_what_had_to_wait_waits_behind_it() -> None:
    """The socket may have room again by then, and the event loop still have the first."""
    owner: Any = None
    plan, recorder, watch = Plan("s", b""), Recorder("s", Ledger(Counts(), new_lock())), Watch(lambda _: None, "s")

    async def made() -> Connection:
        return Connection(plan, 1, recorder, watch, owner)

    connection = asyncio.run(made())
    waiting: list[bytes] = []
    transport: Any = SimpleNamespace(write=waiting.append)
    reads, writes = os.pipe()
    with os.fdopen(reads, "rb"), os.fdopen(writes, "wb"):
        os.set_blocking(writes, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writes, bytes(512))
        connection._transport, connection._descriptor = transport, writes
        connection._put(b"one")
        os.read(reads, 100_000)
        connection._put(b"two")
    assert waiting == [b"one", b"two"]
