"""Tokens that end, and servers that close the websockets which were opened with them."""

import socket
import threading
import time
from collections.abc import Callable

from loadtests.sockets.frames import Closing
from loadtests.sockets.held import Offer
from tests.unit.load.sockets.idling import ENOUGH, silent
from tests.unit.load.sockets.peers import agreement
from tests.unit.load.sockets.server import sent

EXPIRED = Closing(4401, "token-expired")


class Tokens:
    """What connections offer: one that is good for `left` seconds at first, and another from `renewed` on."""

    def __init__(self, left: float, now: Callable[[], float] = time.perf_counter) -> None:
        self.first = time.monotonic() + left
        self.renewed = True
        self.now = now
        self.asked: list[tuple[int, float]] = []

    def offer(self, number: int) -> Offer:
        again = self.renewed and any(number == before for before, _ in self.asked)
        self.asked.append((number, self.now()))
        return Offer(("new",), self.first + 900) if again else Offer(("old",), self.first)


def ends_the_old(code: int, reason: str) -> Callable[[socket.socket, bytes], None]:
    """Welcome everybody, close what was opened with the first token, and hold the rest."""

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head))
        if b"Protocol: old" in head:
            connection.sendall(sent(0x88, code.to_bytes(2, "big") + reason.encode()))
        silent(connection, head)

    return says


def ends_the_old_when(over: threading.Event) -> Callable[[socket.socket, bytes], None]:
    """The same, at one moment for all."""

    def says(connection: socket.socket, head: bytes) -> None:
        if b"Protocol: old" in head:
            connection.sendall(agreement(head))
            over.wait(ENOUGH)
            connection.sendall(sent(0x88, EXPIRED.code.to_bytes(2, "big") + EXPIRED.reason.encode()))
        else:
            ends_the_old(EXPIRED.code, EXPIRED.reason)(connection, head)

    return says
