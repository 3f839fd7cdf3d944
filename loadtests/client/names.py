"""Addresses of a host, looked up once in a while for all of a process: a look-up costs a thread's time.

Whoever connects begins with another address, so that all that a load balancer announces get their share.
"""

import time
from collections.abc import Callable
from typing import Any, Final

FRESH: Final = 10.0
"""Seconds for which an answer is used; balancers' names are announced for a minute."""

Address = tuple[int, Any]
"""A family and an address of it, as sockets take them."""

LookUp = Callable[[str, int], list[Address]]


class Names:
    """Remembers what `look_up` said of each host; what it raises is not remembered."""

    __slots__ = ("_clock", "_known", "_look_up", "_turn")

    def __init__(self, look_up: LookUp, clock: Callable[[], float] = time.monotonic) -> None:
        self._look_up = look_up
        self._clock = clock
        self._known: dict[tuple[str, int], tuple[float, list[Address]]] = {}
        self._turn = 0

    def addresses(self, host: str, port: int) -> list[Address]:
        """All addresses, each time beginning with the next; raises what the look-up raises."""
        known = self._known.get((host, port))
        if known is None or self._clock() > known[0]:
            found = self._look_up(host, port)
            known = self._known[host, port] = (self._clock() + FRESH, found)
        addresses = known[1]
        self._turn += 1
        first = self._turn % len(addresses)
        return addresses[first:] + addresses[:first]
