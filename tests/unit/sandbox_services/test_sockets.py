"""What a service's socket sends, and in which order."""

import asyncio
import json
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from fixtures.sandbox.services.sockets import LEAVING, TRY_AGAIN_LATER, WAITING_FRAMES, Connection, Hall
from fixtures.sandbox.services.tokens import Caller

WELCOME = {"type": "welcome"}


class Peer:
    """The other side of a socket, as Starlette gives it."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.closed: tuple[int, str] | None = None

    async def send_text(self, text: str) -> None:
        self.heard.append(text)

    async def close(self, code: int, reason: str) -> None:
        self.closed = code, reason


def said(connection: Connection, peer: Peer) -> list[str]:
    """Everything that was sent until the socket was closed."""
    connection.close(1000, "over")
    asyncio.run(connection.write())
    return peer.heard


def connected() -> tuple[Connection, Peer]:
    peer = Peer()
    return Connection(peer, Caller(UUID(int=1), "session", 1e12)), peer  # type: ignore[arg-type]  # only sends


@given(st.lists(st.text(), max_size=20), st.lists(st.text(), max_size=20))
def test_the_welcome_is_the_first_frame(before: list[str], after: list[str]) -> None:
    """A socket hears of events as soon as it listens, and the contract's first frame comes first all the same."""
    connection, peer = connected()
    for text in before:
        connection.send_text(text)
    connection.welcome(WELCOME)
    for text in after:
        connection.send_text(text)
    first, *rest = said(connection, peer)
    assert json.loads(first) == WELCOME
    assert rest == before + after


def test_who_is_never_welcomed_hears_nothing() -> None:
    """Whom a dependency keeps out gets the reason, and no event before it."""
    connection, peer = connected()
    connection.send_text("event")
    assert said(connection, peer) == []
    assert peer.closed == (1000, "over")


def test_a_peer_that_does_not_read_is_too_slow_before_its_welcome_too() -> None:
    """What waits is bounded, whatever it waits for."""
    connection, peer = connected()
    for _ in range(WAITING_FRAMES + 1):
        connection.send_text("event")
    assert connection.is_closing
    assert said(connection, peer) == []
    assert peer.closed == (TRY_AGAIN_LATER, "too-slow")


def test_thousands_who_leave_at_once_keep_nobody_from_the_datastores() -> None:
    """What closed sockets leave to be done is all done, a few at one time."""
    under_way = most = done = 0

    async def gone() -> None:
        nonlocal under_way, most, done
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        done += 1

    async def all_leave() -> None:
        hall = Hall(None, "social.v1", None)  # type: ignore[arg-type]  # nobody comes
        await asyncio.gather(*(hall.leave(gone) for _ in range(2000)))

    asyncio.run(all_leave())
    assert (most, done) == (LEAVING, 2000)


def test_who_is_cancelled_has_left_all_the_same() -> None:
    """A socket whose task ends in its turn, as when its service stops, does not stay in the datastores for that."""

    async def leaves() -> bool:
        hall, may, done = Hall(None, "social.v1", None), asyncio.Event(), asyncio.Event()  # type: ignore[arg-type]

        async def gone() -> None:
            await may.wait()
            done.set()

        socket = asyncio.create_task(hall.leave(gone))
        await asyncio.sleep(0)
        socket.cancel()
        await asyncio.gather(socket, return_exceptions=True)
        may.set()
        return await asyncio.wait_for(done.wait(), 10)

    assert asyncio.run(leaves())
