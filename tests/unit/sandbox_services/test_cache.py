"""What a service gets from Redis when more ask at once than it has connections."""

import asyncio
from collections.abc import Awaitable, Callable

from fixtures.sandbox.services.cache import CONNECTIONS, client
from fixtures.sandbox.services.dependencies import UNAVAILABLE

Get = Callable[[], Awaitable[object]]
ENOUGH = 60.0


async def _asking(full: asyncio.Event, pause: asyncio.Event, wait: float, ask: Callable[[Get], Awaitable[None]]) -> int:
    """Have a service ask a server that answers nobody before `pause` is set; returns how many connections it took.

    `full` is set when it has taken as many as it may.
    """
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        if connections == CONNECTIONS:
            full.set()
        while await reader.read(4096):
            await pause.wait()
            writer.write(b"$-1\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    redis = client(f"redis://127.0.0.1:{port}/0", wait)
    try:
        await ask(lambda: redis.get("key"))
    finally:
        await redis.aclose()
        server.close()
    return connections


def test_more_who_ask_than_there_are_connections_wait_for_their_turn() -> None:
    """That many ask at once does not mean that Redis is away: all are answered, on as many connections as there are."""

    async def run() -> int:
        full, pause = asyncio.Event(), asyncio.Event()

        async def ask(get: Get) -> None:
            asked = [asyncio.ensure_future(get()) for _ in range(5 * CONNECTIONS)]
            await asyncio.wait_for(full.wait(), ENOUGH)
            pause.set()
            assert await asyncio.gather(*asked) == [None] * len(asked)

        return await _asking(full, pause, ENOUGH, ask)

    assert asyncio.run(run()) == CONNECTIONS


def test_who_has_waited_too_long_for_a_turn_hears_that_redis_is_away() -> None:
    """The wait for a connection is bounded as that for an answer is."""

    async def run() -> None:
        pause = asyncio.Event()

        async def ask(get: Get) -> None:
            outcomes = await asyncio.gather(*(get() for _ in range(CONNECTIONS + 1)), return_exceptions=True)
            pause.set()
            for outcome in outcomes:
                assert isinstance(outcome, UNAVAILABLE)
            assert str(outcomes[-1]) == "No connection available."

        await _asking(asyncio.Event(), pause, 0.2, ask)

    asyncio.run(run())
