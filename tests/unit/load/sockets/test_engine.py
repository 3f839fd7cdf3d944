"""Messages in the engine: each is counted once, by its answer or by what kept it from coming."""

import gc
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.server import ServerConnection

from fixtures.checks import eventually
from fixtures.checks.match import equals
from fixtures.http1.target import Target
from fixtures.sandbox.tls import write_certificates
from loadtests.client import Timeouts
from loadtests.counts import Counts
from loadtests.engine import Engine
from loadtests.sockets.engine import Talk
from tests.unit.load.sockets.peers import agreement, closed_port, echoes, no_handshake, raw_server, websocket_server
from tests.unit.load.sockets.server import sent

RESETS = b"\x01\x00\x00\x00\x00\x00\x00\x00"
"""What SO_LINGER is set to for a connection that is reset when it is closed."""


def arrivals(count: int, **more: Any) -> Talk:  # noqa: ANN401 - of `Talk`
    """So many messages, one each 5 ms."""
    offsets = iter([number * 0.005 for number in range(count)])
    return Talk(**{"subject": "echo", "path": "/", "text": b"hello", "arrivals": offsets, "connections": 4, **more})


def counted(url: str, talk: Talk, *, ca_file: Path | None = None, timeouts: Timeouts | None = None) -> Counts:
    """Everything that the engine counted until the schedule was over and all was answered."""
    engine = Engine(Target.of(url, ca_file), timeouts=timeouts, drain=5)
    engine.start(talk)
    assert engine.wait(15)
    # An exception that nobody has taken breaks the engine when it is collected.
    gc.collect()
    assert engine.broken is None
    return engine.take()


def test_every_message_is_counted_once() -> None:
    """Each arrival of the schedule is one sample of the subject, and each opening one of the connection."""
    with websocket_server(echoes) as url:
        counts = counted(url, arrivals(40))
    assert counts.tallies["echo"].requests == 40
    assert 1 <= counts.tallies["connection"].requests <= 4
    assert counts.causes == {}
    assert (counts.asked.total(), counts.started.total(), counts.refused.total()) == (40, 40, 0)


def test_a_closed_loop_goes_on_until_it_is_stopped() -> None:
    """Every connection sends again as soon as it was answered, and what is in flight at the end is counted."""
    heard = []

    def talks(connection: ServerConnection) -> None:
        for message in connection:
            heard.append(message)
            connection.send(message)

    with websocket_server(talks) as url:
        engine = Engine(Target.of(url))
        engine.start(Talk("echo", "/", b"hello", connections=3))
        eventually(lambda: len(heard) > 50, equals(True), within=8, subject="messages")  # noqa: FBT003
        assert engine.stop()
    counts = engine.take()
    assert counts.tallies["echo"].requests == len(heard)
    assert counts.tallies["connection"].requests == 3
    assert counts.causes == {}


def test_what_is_no_answer_is_let_by() -> None:
    """Only a text that is the answer ends a message, also one that comes in fragments between pings."""

    def talks(connection: ServerConnection) -> None:
        connection.send('{"type":"welcome"}')
        for message in connection:
            nonce = json.loads(message)["nonce"]
            connection.send('{"type":"event"}')
            connection.ping()
            connection.send(iter(['{"type":"pong",', f'"nonce":"{nonce}"', "}"]))

    numbers = iter(range(100))
    talk = arrivals(
        20,
        text=lambda: json.dumps({"type": "ping", "nonce": str(next(numbers))}).encode(),
        is_answer=lambda text: b'"pong"' in text,
        check=lambda text: json.loads(text)["nonce"],
    )
    with websocket_server(talks) as url:
        counts = counted(url, talk)
    assert counts.tallies["echo"].requests == 20
    assert counts.causes == {}
    assert next(numbers) == 20


def test_what_a_check_finds_wrong_is_a_failed_sample() -> None:
    """An answer that is not as it has to be is a sample that failed, by the cause that the check gives."""

    def check(text: bytes) -> None:
        raise LookupError(text)

    with websocket_server(echoes) as url:
        counts = counted(url, arrivals(5, check=check))
    assert counts.causes == {("echo", "contract: LookupError"): 5}


def test_a_close_fails_what_was_under_way() -> None:
    """A connection that is closed is a failed message and an unexpected end, and the next message has another."""

    def talks(connection: ServerConnection) -> None:
        connection.recv()
        connection.close(4401, "token-expired")

    with websocket_server(talks) as url:
        counts = counted(url, arrivals(3))
    cause = "closed unexpectedly 4401"
    assert counts.causes == {("echo", cause): 3, ("connection", cause): 3}
    assert counts.tallies["connection"].requests == 6


def test_who_is_closed_together_with_the_agreement_takes_no_place() -> None:
    """A websocket that ends as it opens is an opening and an unexpected end, and others are opened in its place."""
    closes = iter([sent(0x88, (4401).to_bytes(2, "big"))] * 5)

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head) + next(closes, b""))
        while connection.recv(100):
            connection.sendall(sent(0x81, b"hello"))

    with raw_server(says) as url:
        counts = counted(url, arrivals(10, connections=1, warm=0), timeouts=Timeouts(read=1))
    cause = "closed unexpectedly 4401"
    assert counts.causes == {("echo", cause): 5, ("connection", cause): 5}
    assert (counts.tallies["echo"].requests, counts.tallies["connection"].requests) == (10, 11)


@pytest.mark.parametrize(
    ("cause", "after"),
    [
        ("closed unexpectedly 1006", b""),
        ("protocol: closed with 1002", sent(0xF1)),
        ("closed unexpectedly 1005", sent(0x88)),
    ],
)
def test_an_end_says_how(cause: str, after: bytes) -> None:
    """No close frame, a breach of the protocol and a close without a code are told apart."""

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head))
        connection.recv(100)
        connection.sendall(after)

    with raw_server(says) as url:
        counts = counted(url, arrivals(1))
    assert counts.causes == {("echo", cause): 1, ("connection", cause): 1}


@pytest.mark.parametrize(
    ("cause", "says"),
    [
        ("status 401", lambda connection, _: connection.sendall(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")),
        ("not a websocket", lambda connection, _: connection.sendall(b"rubbish\r\n\r\n")),
        ("time-out", lambda connection, _: connection.recv(1)),
        (
            "subprotocol not offered",
            lambda connection, head: connection.sendall(agreement(head, "Sec-WebSocket-Protocol: other")),
        ),
    ],
)
def test_an_opening_that_fails_says_why(cause: str, says: Callable[[socket.socket, bytes], None]) -> None:
    """What keeps a websocket from being opened is the cause of the failed opening and of the message that wanted it."""
    with raw_server(says) as url:
        counts = counted(url, arrivals(1, warm=0), timeouts=Timeouts(connect=0.3))
    assert {name for _, name in counts.causes} == {cause}
    assert counts.causes["echo", cause] == 1


@pytest.mark.parametrize("resets", [False, True])
def test_who_leaves_while_opening_fails_that_opening_alone(resets: bool) -> None:  # noqa: FBT001
    """A connection that ends before the answer is whole is a failed opening, and the next message has another try."""

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head)[:40])
        if resets:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETS)

    with raw_server(says) as url:
        counts = counted(url, arrivals(20, warm=0))
    assert counts.causes == {("echo", "reset"): 20, ("connection", "reset"): 20}


def test_who_leaves_during_the_tls_handshake_fails_that_opening_alone(tmp_path: Path) -> None:
    """A peer that is gone before the keys are agreed on has reset the connection, and is asked again."""
    write_certificates(tmp_path)
    with no_handshake() as url:
        counts = counted(url, arrivals(3, warm=0), ca_file=tmp_path / "ca.pem")
    assert counts.causes == {("echo", "reset"): 3, ("connection", "reset"): 3}


@pytest.mark.parametrize(
    ("code", "after"),
    [
        pytest.param(1002, sent(0x81, b"x", second=0x80), id="masked"),
        pytest.param(1002, sent(0x83), id="opcode"),
        pytest.param(1002, sent(0x81, b"x", second=126, length=b"\x00\x01"), id="length"),
        pytest.param(1002, sent(0x88, (2000).to_bytes(2, "big")), id="close code"),
    ],
)
def test_a_breach_of_the_protocol_fails_that_connection_alone(code: int, after: bytes) -> None:
    """Whoever finds it, it is a failed message and an unexpected end, and the next message has another connection."""

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head))
        connection.recv(100)
        connection.sendall(after)
        connection.recv(100)

    with raw_server(says) as url:
        counts = counted(url, arrivals(3))
    cause = f"protocol: closed with {code}"
    assert counts.causes == {("echo", cause): 3, ("connection", cause): 3}


def test_a_mistake_of_its_own_is_known_and_ends_it() -> None:
    """What fails where an answer is looked at is nothing that the target did: the engine says that it is broken."""

    def impossible(_: bytes) -> bool:
        raise LookupError("no nonce")

    with websocket_server(echoes) as url:
        engine = Engine(Target.of(url), drain=5)
        engine.start(arrivals(3, is_answer=impossible))
        assert engine.wait(15)
    gc.collect()
    assert isinstance(engine.broken, LookupError)


def test_nobody_there_is_a_refusal() -> None:
    """A port where nobody listens refuses each message."""
    counts = counted(closed_port(), arrivals(3))
    assert counts.causes["echo", "refused"] == 3, counts.causes


def test_an_answer_that_does_not_come_is_a_time_out() -> None:
    """A message is given up after the time for an answer."""

    def talks(connection: ServerConnection) -> None:
        for _ in connection:
            pass

    with websocket_server(talks) as url:
        counts = counted(url, arrivals(2), timeouts=Timeouts(read=0.2))
    assert counts.causes == {("echo", "time-out"): 2}


def test_each_opening_offers_its_own(tmp_path: Path) -> None:
    """Over TLS as well, the n-th opening offers what is said for n, and all carry the same headers."""
    write_certificates(tmp_path)
    offered = []

    def talks(connection: ServerConnection) -> None:
        assert connection.request is not None
        offered.append((connection.subprotocol, connection.request.headers["X-Synthetic-Run"]))
        echoes(connection)

    talk = Talk(
        "echo",
        "/",
        b"hello",
        arrivals=iter([0.0]),
        warm=2,
        subprotocols=lambda number: (f"bearer.{number}",),
        headers={"X-Synthetic-Run": "r"},
    )
    with websocket_server(talks, certificates=tmp_path) as url:
        counts = counted(url, talk, ca_file=tmp_path / "ca.pem")
    assert counts.causes == {}
    assert sorted(offered) == [("bearer.0", "r"), ("bearer.1", "r")]
