"""Idle websockets are open when they were welcomed, where a welcome was promised."""

import contextlib
import socket
import threading
import time

import pytest

from fixtures.checks import eventually
from fixtures.checks.match import equals
from loadtests.failure import Failure
from loadtests.sockets.held import Offer, Terms
from tests.unit.load.sockets.expiring import EXPIRED
from tests.unit.load.sockets.idling import holding, settled, silent, split
from tests.unit.load.sockets.peers import agreement, raw_server
from tests.unit.load.sockets.server import sent

WELCOME = sent(0x81, b"20")


def promised(text: str) -> float | None:
    """Seconds are a welcome, and a word is another frame of the platform."""
    if text.startswith("<"):
        raise Failure("contract: frame not known")
    return float(text) if text.isdecimal() else None


def terms(within: float = 5.0) -> Terms:
    return Terms(promised=promised, welcome=within, expiry=EXPIRED)


def talking(*says: bytes, every: float = 0.1) -> contextlib.AbstractContextManager[str]:
    """A platform that agrees to everything, and says these again and again, the last for ever."""

    def talks(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head))
        rest = list(says)
        while rest:
            connection.sendall(rest.pop(0) if len(rest) > 1 else rest[0])
            threading.Event().wait(every)

    return raw_server(talks)


@pytest.mark.parametrize(
    ("says", "cause"),
    [
        pytest.param(sent(0x89), "no welcome", id="pings only"),
        pytest.param(sent(0x81, b"error"), "no welcome", id="something else first"),
        pytest.param(sent(0x81, b"<html>"), "contract: frame not known", id="no frame"),
        pytest.param(sent(0x82, b"\0"), "protocol: a binary message", id="binary"),
        pytest.param(sent(0x88, (1011).to_bytes(2, "big")), "closed unexpectedly 1011", id="an end"),
    ],
)
def test_who_is_not_welcomed_was_never_open(says: bytes, cause: str) -> None:
    """Whatever comes instead of the welcome is the one sample of a connection, and a failed one."""
    with talking(says) as url, holding(url, 3, terms=terms(0.5)) as idle:
        opened, ended = split(settled(idle, 3))
        assert (opened, [failure.cause for failure in ended]) == ([], [cause] * 3)
        held = idle.held
        assert (held.open, held.greeting, held.failed, held.lost) == (0, 0, 3, 0)
        assert not threading.Event().wait(0.7)
        assert idle.take() == []


def test_who_is_welcomed_is_open_with_the_time_that_opening_took() -> None:
    """A ping before the welcome is answered, and how long the welcome took is not in the latency."""
    welcomes = threading.Event()

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head) + sent(0x89))
        welcomes.wait(4)
        connection.sendall(WELCOME + sent(0x81, b"event"))
        connection.recv(100)
        silent(connection, head)

    began = time.perf_counter()
    with raw_server(says) as url, holding(url, 2, terms=terms()) as idle:
        eventually(lambda: (idle.held.greeting, idle.held.pings), equals((2, 2)), within=4, subject="connections")
        assert idle.take() == []
        agreed = time.perf_counter()
        welcomes.set()
        opened, ended = split(settled(idle, 2))
        assert (len(opened), ended) == (2, [])
        assert max(opened) < agreed - began
        assert (idle.held.open, idle.held.greeting) == (2, 0)


@pytest.mark.parametrize(
    ("says", "cause"),
    [(sent(0x81, b"<html>"), "contract: frame not known"), (sent(0x82, b"\0"), "protocol: a binary message")],
)
def test_what_must_not_come_later_is_a_loss(says: bytes, cause: str) -> None:
    """A connection that was open, and says what the contract does not know, has a bad sample more."""
    with talking(WELCOME, says) as url, holding(url, 2, terms=terms()) as idle:
        opened, ended = split(settled(idle, 4))
        assert (len(opened), [failure.cause for failure in ended]) == (2, [cause] * 2)
        assert (idle.held.open, idle.held.lost, idle.held.failed) == (0, 2, 0)


def test_who_is_not_welcomed_by_the_end_has_failed() -> None:
    """What was agreed to and is not open is waited for, and is unanswered then."""

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head))
        silent(connection, head)

    with raw_server(says) as url, holding(url, 2, terms=terms()) as idle:
        eventually(lambda: idle.held.greeting, equals(2), within=4, subject="connections")
        assert idle.stop(threading.Event().wait, 0.1) == 2
        opened, ended = split(idle.take())
        assert (opened, [failure.cause for failure in ended]) == ([], ["unanswered at the end"] * 2)


def test_whose_token_expires_before_the_welcome_is_opened_again() -> None:
    """That end is agreed on, whenever it comes, and the connection is the same one sample."""
    turns: list[int] = []

    def offer(number: int) -> Offer:
        turns.append(number)
        return Offer(("new",), 1e12) if len(turns) > 1 else Offer(("old",), 0.0)

    def says(connection: socket.socket, head: bytes) -> None:
        old = b"Protocol: old" in head
        connection.sendall(agreement(head) + (sent(0x88, b"\x11\x31token-expired") if old else WELCOME))
        silent(connection, head)

    with raw_server(says) as url, holding(url, 1, offer=offer, terms=terms()) as idle:
        eventually(lambda: (idle.held.expired, idle.held.open), equals((1, 1)), within=4, subject="connections")
        opened, ended = split(idle.take())
        assert (len(opened), ended) == (1, [])
