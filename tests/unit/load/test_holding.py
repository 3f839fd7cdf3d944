"""What the contract says of idle websockets, and how a process holds its share of them."""

import contextlib
import json
import math
import socket
import time
from dataclasses import dataclass, replace
from types import SimpleNamespace
from uuid import UUID

import jwt
import pytest

from fixtures.checks import eventually
from fixtures.checks.match import at_least, equals
from fixtures.checks.time_scale import forget_time_scale, set_time_scale
from fixtures.contract.promises import PROMISES
from loadtests.client import Timeouts
from loadtests.holding import Holding
from loadtests.session import Session
from loadtests.sockets import idle
from tests.closed import closed_address
from tests.unit.load.sockets.peers import agreement, raw_server
from tests.unit.load.sockets.server import sent
from tests.unit.load.told import PLATFORM
from tests.unit.load.working import session

SEEN = 'websocket-signaling;slot=blue;build="b1";instance="one"'
ME, FRIEND = (str(UUID(int=number)) for number in (1, 2))
WELCOME = {
    "type": "welcome",
    "user_id": ME,
    "connection_id": "c",
    "heartbeat_s": 20,
    "last_event_id": None,
}


@dataclass
class Pool:
    """People, of whom only is asked what tokens they have, who they are, and when they talked."""

    tokens: tuple[str, ...]
    good_until: tuple[float, ...]
    talked_at: float = -math.inf

    @property
    def people(self) -> tuple[SimpleNamespace, ...]:
        return tuple(SimpleNamespace(user_id=user_id) for user_id in (ME, FRIEND)[: len(self.tokens)])

    def talked(self, _person: int) -> float:
        return self.talked_at


def holds(
    api: str, connections: int, *tokens: str, begins_in: float = 0.0, time_scale: float = 1.0
) -> tuple[Session, Holding]:
    made = session(begins_in)
    made.profile = replace(made.profile, connections=connections)
    made.platform = replace(PLATFORM, api=api, time_scale=time_scale)
    made.pool = Pool(tokens, (0.0,) * len(tokens))  # type: ignore[assignment]
    return made, Holding(made)


def test_a_connection_outlives_its_token_by_the_next() -> None:
    """What the platform ends when the token's life is over is opened again, and no failure, whatever its clock says."""
    old, new = (jwt.encode({"exp": time.time() + ahead}, "k" * 32) for ahead in (300, 1200))

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(
            agreement(head, f"Sec-WebSocket-Protocol: social.v1\r\nX-Served-By: {SEEN}")
            + sent(0x81, json.dumps(WELCOME).encode())
        )
        if old.encode() in head:
            connection.sendall(sent(0x88, (4401).to_bytes(2, "big") + b"token-expired"))
        with contextlib.suppress(OSError):
            connection.recv(1)

    with raw_server(says) as url:
        made, holding = holds(url, 2, old)
        holding.begin()
        eventually(lambda: holding._idle.held.expired, equals(2), within=20, subject="expired")
        made.pool.tokens, made.pool.good_until = (new,), (time.monotonic() + 900,)  # type: ignore[misc, union-attr]
        holding.collect()
        assert holding.stop(20) == 0
    tally = made.recorder.take().tallies["idle connection"]
    assert (tally.requests, tally.failed) == (2, 0)
    assert [*made.sightings] == [("websocket-signaling", SEEN)]


@pytest.mark.parametrize(("begins_in", "refused"), [(-1000.0, True), (0.0, False)], ids=["at the end", "early"])
def test_connections_whose_turn_never_came_are_refused_arrivals(
    monkeypatch: pytest.MonkeyPatch, *, begins_in: float, refused: bool
) -> None:
    """A run that had its whole time and did not open all its connections says so; one that was cut short does not."""
    monkeypatch.setattr("loadtests.holding.CONNECTING", 20.0)
    made, holding = holds(closed_address(), 500, "token", begins_in=begins_in)
    holding.begin()
    eventually(lambda: holding._idle.held.started, at_least(1), within=20, subject="started")
    assert holding.stop(20) == 0
    counts = made.recorder.take()
    assert counts.asked.total() == counts.refused.total()
    opened = counts.tallies["idle connection"].requests
    assert 0 < opened < 500
    assert counts.refused.total() == (500 - opened if refused else 0)


def test_an_opening_may_take_as_long_as_the_world_is_slow() -> None:
    """The time that an opening may take is scaled like that of everybody else's."""

    def says(connection: socket.socket, _head: bytes) -> None:
        connection.recv(1)

    with raw_server(says) as url:
        made, holding = holds(url, 1, "token", time_scale=0.02)
        assert holding._idle._timeouts == Timeouts().scaled(0.02)
        holding.begin()
        eventually(lambda: holding._idle.held.failed, equals(1), within=20, subject="failed")
        holding.stop(0)
    assert made.recorder.take().causes == {("idle connection", "time-out"): 1}


def test_a_connection_without_a_welcome_is_none() -> None:
    """Who only agrees, and pings, leaves everybody waiting: the world's own time for a frame is over then."""

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head) + sent(0x89))
        with contextlib.suppress(OSError):
            while connection.recv(100):
                pass

    set_time_scale(0.02)
    try:
        with raw_server(says) as url:
            made, holding = holds(url, 2, "token")
            holding.begin()
            eventually(lambda: holding._idle.held.failed, equals(2), within=20, subject="failed")
            assert holding.stop(3) == 0
    finally:
        forget_time_scale()
    assert made.recorder.take().causes == {("idle connection", "no welcome"): 2}


def test_each_connection_is_that_of_the_person_whose_token_it_has() -> None:
    """Of four connections of two people the second and the fourth are taken for somebody else's; all are synthetic."""
    marks: list[bool] = []

    def says(connection: socket.socket, head: bytes) -> None:
        marks.append(f"\r\nX-Synthetic-Run: {made.run_id}\r\n".encode() in head)
        connection.sendall(
            agreement(head, "Sec-WebSocket-Protocol: social.v1") + sent(0x81, json.dumps(WELCOME).encode())
        )
        with contextlib.suppress(OSError):
            connection.recv(1)

    with raw_server(says) as url:
        made, holding = holds(url, 4, "mine", "friend's")
        holding.begin()
        eventually(lambda: (holding._idle.held.open, holding._idle.held.failed), equals((2, 2)), within=20)
        assert holding.stop(20) == 0
    assert made.recorder.take().causes == {("idle connection", "somebody else's user_id"): 2}
    assert marks == [True] * 4


def test_nobody_is_refused_when_all_were_opened() -> None:
    """An opening that failed is a failure, and no arrival without a place."""
    made, holding = holds(closed_address(), 5, "token", begins_in=-1000.0)
    holding.begin()
    eventually(lambda: holding._idle.held.failed, equals(5), within=20, subject="failed")
    holding.stop(0)
    counts = made.recorder.take()
    assert (counts.asked.total(), counts.refused.total(), counts.tallies["idle connection"].failed) == (0, 0, 5)


def test_connection_that_hears_nothing_of_a_chat_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Welcomed, alive, and deaf: what its person said to a friend reached the friend's phone, and not this one."""
    monkeypatch.setattr("loadtests.sockets.holding._LOOK_EVERY", 0.05)

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head, f"X-Served-By: {SEEN}") + sent(0x81, json.dumps(WELCOME).encode()))
        with contextlib.suppress(OSError):
            connection.recv(1)

    set_time_scale(0.02)
    try:
        with raw_server(says) as url:
            made, holding = holds(url, 1, "token")
            assert holding._idle._terms.heartbeat == pytest.approx(0.02 * PROMISES.sockets.heartbeat)
            holding.begin()
            eventually(lambda: holding._idle.held.open, equals(1), within=20, subject="open")
            made.pool.talked_at = time.perf_counter() + 1  # type: ignore[union-attr]
            eventually(lambda: holding._idle.held.lost, equals(1), within=20, subject="lost")
            assert holding.stop(3) == 0
    finally:
        forget_time_scale()
    counts = made.recorder.take()
    assert counts.causes == {("idle connection", "no messages"): 1}
    assert counts.instances == {("idle connection", None, "one"): 1}


def test_an_address_that_refuses_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever becomes of a connection at the next, it was passed over at the one before."""
    url = closed_address()
    addresses = [(socket.AF_INET, (host, int(url.rpartition(":")[2]))) for host in ("127.0.0.1", "127.0.0.2")]
    monkeypatch.setattr(idle, "_addresses", lambda *_: addresses)
    made, holding = holds(url, 4, "token")
    holding.begin()
    eventually(lambda: holding._idle.held.failed, equals(4), within=20, subject="failed")
    holding.stop(0)
    assert made.recorder.take().passed_over == {
        ("refused", "127.0.0.1 (one of 2 addresses)"): 2,
        ("refused", "127.0.0.2 (one of 2 addresses)"): 2,
    }


def test_a_token_that_is_good_for_a_minute_is_not_over_yet() -> None:
    """A platform that ends connections long before their tokens do has lost them, whatever it calls that."""

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(
            agreement(head)
            + sent(0x81, json.dumps(WELCOME).encode())
            + sent(0x88, (4401).to_bytes(2, "big") + b"token-expired")
        )

    with raw_server(says) as url:
        made, holding = holds(url, 1, "token")
        made.pool.good_until = (time.monotonic() + 60,)  # type: ignore[misc, union-attr]
        holding.collect()
        holding.begin()
        eventually(lambda: holding._idle.held.lost, equals(1), within=20, subject="lost")
        holding.stop(0)
    assert made.recorder.take().causes == {("idle connection", "closed unexpectedly 4401 token-expired"): 1}


def test_processes_open_no_more_a_second_together_than_one_alone() -> None:
    """Each of four opens at a quarter of the rate at which a load may connect."""
    made, _ = holds(closed_address(), 8, "token")
    made.share, made.of = 1, 4
    assert Holding(made)._idle._rate == 50.0
