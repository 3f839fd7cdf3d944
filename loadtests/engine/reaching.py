"""The addresses of an origin, in turn: a balancer's name has several, and all shall get their share of connections."""

import asyncio
import socket
from collections.abc import Callable
from math import inf
from time import monotonic

from loadtests.client.names import FRESH
from loadtests.engine.plan import Origin


class Reaching:
    """Opens connections to one origin, each beginning with the next of its addresses."""

    __slots__ = ("_addresses", "_failed_at", "_failure", "_looking_up", "_origin", "_stale_at", "_turn")

    def __init__(self, origin: Origin) -> None:
        self._origin = origin
        self._addresses: list[str] = []
        self._stale_at = 0.0
        self._failed_at = -inf
        self._failure: OSError | None = None
        self._looking_up = asyncio.Lock()
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
            except OSError:
                if not left:
                    raise
            else:
                return

    async def _next(self) -> list[str]:
        asked = monotonic()
        async with self._looking_up:
            if self._failed_at >= asked and self._failure is not None:
                # It is what was waited for.
                raise self._failure.with_traceback(None)
            if monotonic() > self._stale_at:
                await self._look_up()
        addresses = self._addresses
        first = self._turn % len(addresses)
        self._turn += 1
        return addresses[first:] + addresses[:first]

    async def _look_up(self) -> None:
        host, port = self._origin.host, self._origin.port
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            self._failed_at, self._failure = monotonic(), error
            raise
        self._addresses = list(dict.fromkeys(str(address[0]) for _, _, _, _, address in found))
        self._stale_at = monotonic() + FRESH
