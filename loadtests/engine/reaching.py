"""The addresses of an origin, in turn: a balancer's name has several, and all shall get their share of connections."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from functools import partial
from time import monotonic

from gevent.monkey import get_original

from loadtests.client.names import FRESH
from loadtests.client.trouble import PassedOver, pass_over
from loadtests.engine.plan import Origin
from loadtests.native import start_thread


class Reaching:
    """Opens connections to one origin, each beginning with the next of its addresses."""

    __slots__ = ("_addresses", "_looking_up", "_origin", "_passed_over", "_stale_at", "_turn")

    def __init__(self, origin: Origin, passed_over: PassedOver) -> None:
        self._origin, self._passed_over = origin, passed_over
        self._addresses: list[str] = []
        self._stale_at = 0.0
        self._looking_up: asyncio.Future[list[str] | Exception] | None = None
        self._turn = 0

    async def connect(self, make: Callable[[], asyncio.BaseProtocol]) -> None:
        """Connect to the first address that lets us; raises the `OSError` of the last, or of the look-up.

        Each address that is tried may make a protocol; what is connected has the last.
        """
        addresses = await self._next()
        loop = asyncio.get_running_loop()
        for left, address in zip(range(len(addresses) - 1, -1, -1), addresses, strict=True):
            try:
                await loop.create_connection(make, address, self._origin.port)
            except OSError as error:
                if not left:
                    raise
                pass_over(error, address, len(addresses), self._passed_over)
            else:
                return

    async def _next(self) -> list[str]:
        if monotonic() > self._stale_at:
            await self._look_up()
        addresses = self._addresses
        first = self._turn % len(addresses)
        self._turn += 1
        return addresses[first:] + addresses[:first]

    async def _look_up(self) -> None:
        """Wait for the one look-up that is under way, or for a new one.

        Not the event loop's own: that cannot be closed before every look-up has come to its end, and one of a name
        server that is silent takes longer than anybody here waits.
        """
        if self._looking_up is None:
            self._looking_up = asyncio.get_running_loop().create_future()
            start_thread(partial(self._ask, asyncio.get_running_loop()))
        # Who gives it up does not end it for the others.
        found = await asyncio.shield(self._looking_up)
        if isinstance(found, Exception):
            raise found.with_traceback(None)

    def _ask(self, loop: asyncio.AbstractEventLoop) -> None:
        found: list[str] | Exception
        try:
            found = look_up(self._origin.host, self._origin.port)
        except Exception as error:  # noqa: BLE001 - for those who wait
            found = error
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits for it
            loop.call_soon_threadsafe(self._told, found)

    def _told(self, found: list[str] | Exception) -> None:
        if not isinstance(found, Exception):
            self._addresses, self._stale_at = found, monotonic() + FRESH
        looking_up, self._looking_up = self._looking_up, None
        if looking_up is not None and not looking_up.done():
            looking_up.set_result(found)


def look_up(host: str, port: int) -> list[str]:
    """The addresses of a host, in an order that stays, in a thread that may wait for them."""
    found = get_original("socket", "getaddrinfo")(host, port, type=socket.SOCK_STREAM)
    return sorted({str(address[0]) for _, _, _, _, address in found})
