"""Idle websockets are open when they were welcomed, where a welcome was promised."""

import contextlib
import socket
import threading
import time
from collections.abc import Sequence

import pytest

from fixtures.checks import eventually
from fixtures.checks.match import at_least, equals
from loadtests.failure import Failure
from loadtests.sockets.held import Offer, Terms
from tests.unit.load.sockets.expiring import EXPIRED
from tests.unit.load.sockets.idling import ENOUGH, Clock, holding, settled, silent, split
from tests.unit.load.sockets.peers import agreement, raw_server
from tests.unit.load.sockets.server import sent

WELCOME = sent(0x81, b"20")


def promised(_number: int, text: str) -> float | None:
    """Seconds are a welcome, and a word is another frame of the platform."""
    if text.startswith("<"):
        raise Failure("contract: frame not known")
    return float(text) if text.isdecimal() else None


def terms(within: float = 5.0) -> Terms:
    return Terms(promised=promised, welcome=within, expiry=EXPIRED)


def talking(*talks: Sequence[bytes]) -> contextlib.AbstractContextManager[str]:
    """A platform that agrees to everything; each connection hears other frames, one after the other, the last forever.

    What one hears is `talks` in the order in which they come.
    """
    turns = iter(talks)

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head))
        rest = list(next(turns))
        while True:
            connection.sendall(rest.pop(0) if len(rest) > 1 else rest[0])
            threading.Event().wait(0.1)

    return raw_server(says)


NO_FRAME, BINARY = sent(0x81, b"<html>"), sent(0x82, b"\0")


def test_who_is_not_welcomed_was_never_open() -> None:
    """Whatever comes instead of the welcome is the one sample of a connection, and a failed one."""
    pings, another, end = sent(0x89), sent(0x81, b"error"), sent(0x88, (1011).to_bytes(2, "big"))
    with talking([pings], [another], [NO_FRAME], [BINARY], [end]) as url, holding(url, 5, terms=terms(0.5)) as idle:
        opened, ended = split(settled(idle, 5))
        assert opened == []
        assert sorted(failure.cause for failure in ended) == [
            "closed unexpectedly 1011",
            "contract: frame not known",
            "no welcome",
            "no welcome",
            "protocol: a binary message",
        ]
        held = idle.held
        assert (held.opening, held.greeting, held.open, held.failed, held.lost) == (0, 0, 0, 5, 0)
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


def test_what_must_not_come_later_is_a_loss() -> None:
    """A connection that was open, and says what the contract does not know, has a bad sample more."""
    with talking([WELCOME, NO_FRAME], [WELCOME, BINARY]) as url, holding(url, 2, terms=terms()) as idle:
        opened, ended = split(settled(idle, 4))
        assert len(opened) == 2
        assert {failure.cause for failure in ended} == {"contract: frame not known", "protocol: a binary message"}
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


def test_who_was_let_in_late_has_all_the_time_to_be_welcomed(clock: Clock) -> None:
    """That is promised from the agreement on, and what came before it is in the latency of the opening."""
    agrees, welcomes = threading.Event(), threading.Event()

    def says(connection: socket.socket, head: bytes) -> None:
        agrees.wait(ENOUGH)
        connection.sendall(agreement(head))
        welcomes.wait(ENOUGH)
        connection.sendall(WELCOME)
        silent(connection, head)

    clock.stands()
    with raw_server(says) as url, holding(url, 1, connect=5.0, terms=terms(2.0)) as idle:
        holder = idle._holder
        assert holder is not None
        eventually(lambda: idle.held.opening, equals(1), within=ENOUGH, subject="openings")
        for seconds in (0.9, 1.8, 2.7):
            clock.ahead = seconds
            eventually(lambda: holder._awake, at_least(seconds - 0.01), within=ENOUGH, subject="seconds")
        agrees.set()
        eventually(lambda: idle.held.greeting, equals(1), within=ENOUGH, subject="agreements")
        threading.Event().wait(0.1)
        welcomes.set()
        [latency], ended = split(settled(idle, 1))
        assert ended == []
        assert latency == pytest.approx(2.7, abs=0.1)
