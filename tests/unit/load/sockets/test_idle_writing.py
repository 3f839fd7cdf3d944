"""What idle websockets send: all of it, and in order, as their sockets take it."""

import math

import pytest

from loadtests.sockets.handshake import Handshake
from loadtests.sockets.held import Connection


class Full:
    """A socket that takes so many bytes each time, and none where that is None."""

    def __init__(self, *takes: int | None) -> None:
        self.takes, self.taken = list(takes), b""

    def send(self, data: bytes) -> int:
        takes = self.takes.pop(0)
        if takes is None:
            raise BlockingIOError
        self.taken += data[:takes]
        return min(takes, len(data))


@pytest.mark.parametrize("takes", [(None, 100), (0, 100), (1, 100), (None, 2, None, 1, 100)])
def test_what_a_socket_does_not_take_waits_and_keeps_its_order(takes: tuple[int | None, ...]) -> None:
    """A pong to somebody who does not read is not lost, and what comes later follows it."""
    connection = Connection(0, 0.0, math.inf, Handshake("host", "/"), "5c4e", first=True)
    connection.socket = Full(*takes)
    put = [connection.put(data) for data in (b"ping", b"pong", b"", b"", b"")[: len(takes)]]
    assert put == [False] * (len(takes) - 1) + [True]
    assert connection.socket.taken == b"pingpong"
    assert connection.put(b"")
