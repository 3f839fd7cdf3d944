"""Messages in the engine: each is counted once, by its answer or by what kept it from coming."""

import contextlib
import gc
import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.frames import Opcode
from websockets.sync.server import ServerConnection

from fixtures.checks import eventually
from fixtures.checks.match import equals
from fixtures.http1.requests import USER_AGENT
from fixtures.http1.target import Target
from fixtures.sandbox.tls import write_certificates
from loadtests.client import Timeouts
from loadtests.engine import Engine
from loadtests.sockets.engine import Talk
from tests.closed import closed_address
from tests.unit.load.sockets.peers import agreement, echoes, raw_server, websocket_server
from tests.unit.load.sockets.server import heard, open_server, sent
from tests.unit.load.sockets.talking import arrivals, counted


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


def test_what_comes_between_two_messages_answers_none() -> None:
    """Whoever says everything twice has answered each message once."""

    def twice(connection: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            for message in connection:
                connection.send(message)
                connection.send(message)

    with websocket_server(twice) as url:
        counts = counted(url, arrivals(20))
    assert (counts.tallies["echo"].requests, dict(counts.causes)) == (20, {})


def test_what_a_check_finds_wrong_is_a_failed_sample() -> None:
    """An answer that is not as it has to be is a sample that failed, by the cause that the check gives."""

    def check(text: bytes) -> None:
        raise LookupError(text)

    with websocket_server(echoes) as url:
        counts = counted(url, arrivals(5, check=check))
    assert counts.causes == {("echo", "contract: LookupError"): 5}


@pytest.mark.parametrize(
    ("cause", "says"),
    [
        ("status 401", lambda connection, _: connection.sendall(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")),
        ("not HTTP", lambda connection, _: connection.sendall(b"rubbish\r\n\r\n")),
        ("time-out", lambda connection, _: connection.recv(1)),
        (
            "subprotocol not offered",
            lambda connection, head: connection.sendall(agreement(head, "Sec-WebSocket-Protocol: other")),
        ),
        (
            "extension not offered",
            lambda connection, head: connection.sendall(
                agreement(head, "Sec-WebSocket-Extensions: permessage-deflate")
            ),
        ),
    ],
)
def test_an_opening_that_fails_says_why(cause: str, says: Callable[[socket.socket, bytes], None]) -> None:
    """What keeps a websocket from being opened is the cause of the failed opening and of the message that wanted it."""
    with raw_server(says) as url:
        counts = counted(url, arrivals(1, warm=0), timeouts=Timeouts(connect=0.3 if cause == "time-out" else 10))
    assert {name for _, name in counts.causes} == {cause}
    assert counts.causes["echo", cause] == 1


def test_a_text_is_what_it_is_however_it_comes() -> None:
    """Whole, in fragments with a ping between them, as large as may be, or with letters of more than one byte."""
    texts = ["", "x" * 1000, "grüße", "x" * 500 + "ü" * 250]
    replies = [
        sent(0x81),
        sent(0x81, texts[1].encode()),
        sent(0x01, b"gr\xc3") + sent(0x89, b"beat") + sent(0x80, b"\xbc\xc3\x9fe"),
        sent(0x81, texts[3].encode()),
    ]
    pongs: list[bytes] = []

    def says(connection: socket.socket, head: bytes) -> None:
        server, due = open_server(), iter(replies)
        connection.sendall(agreement(head))
        while data := connection.recv(100):
            for frame in heard(server, data):
                if frame.opcode is Opcode.TEXT:
                    connection.sendall(next(due))
                elif frame.opcode is Opcode.PONG:
                    pongs.append(bytes(frame.data))

    answers: list[bytes] = []
    with raw_server(says) as url:
        counts = counted(url, arrivals(4, connections=1, check=answers.append), timeouts=Timeouts(largest=1000))
    assert counts.causes == {}
    assert [answer.decode() for answer in answers] == texts
    assert pongs == [b"beat"]


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
    counts = counted(closed_address(), arrivals(3))
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
        headers = connection.request.headers
        offered.append((connection.subprotocol, headers["X-Synthetic-Run"], headers["User-Agent"]))
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
    assert sorted(offered) == [(f"bearer.{number}", "r", USER_AGENT) for number in range(2)]
