"""How a websocket of one greenlet ends: counted if nobody asked for it, told to whoever goes on, and closed."""

import socket
import threading
from typing import Any

import gevent
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.frames import Opcode
from websockets.sync.server import ServerConnection

from fixtures.http1.target import Target
from loadtests.failure import Failure
from loadtests.sockets import duplex, greenlet
from loadtests.sockets.greenlet import Closure, Socket
from tests.unit.load.sockets.events import Events
from tests.unit.load.sockets.peers import RESETS, agreement, echoes, raw_server, websocket_server
from tests.unit.load.sockets.server import heard, open_server, sent
from tests.unit.load.turns import ENOUGH, passes, waits

ENDS = [
    ("closed unexpectedly 1006", 1006, b""),
    ("closed unexpectedly 4401 token-expired", 4401, sent(0x88, (4401).to_bytes(2, "big") + b"token-expired")),
    ("closed unexpectedly 1005", 1005, sent(0x88)),
    ("protocol: masked by the server", 1002, sent(0x81, b"maskx", second=0x80)),
    ("protocol: text is not UTF-8", 1007, sent(0x81, b"\xff")),
    ("protocol: message too large", 1009, sent(0x82, b"x" * 2000)),
    ("protocol: a binary message", 1003, sent(0x82, b"x")),
]


@pytest.mark.parametrize(("cause", "code", "after"), ENDS, ids=[cause for cause, _, _ in ENDS])
@pytest.mark.parametrize("listens", [False, True])
def test_an_end_that_nobody_asked_for_is_counted_once(
    cause: str,
    code: int,
    after: bytes,
    listens: bool,  # noqa: FBT001
    events: Events,
) -> None:
    """What was said before the end is heard, who goes on is told it each time, and the other side is told its code."""
    answered: list[bytes] = []

    def says(connection: socket.socket, head: bytes) -> None:
        # Together with the agreement: what comes at once must not get lost.
        connection.sendall(agreement(head) + sent(0x81, b"welcome") + after)
        if after:
            answered.append(connection.recv(200))

    texts: list[str] = []
    ends: list[Closure] = []
    with raw_server(says) as url:
        websocket = events.opens(url, largest=1000)
        if listens:
            websocket.listen(texts.append, ends.append)
            waits(lambda: websocket.closure)
            waits(lambda: texts)
            assert texts == ["welcome"]
        else:
            assert websocket.receive(ENOUGH) == "welcome"
            with pytest.raises(Failure):
                websocket.receive(ENOUGH)
        for again in (lambda: websocket.receive(ENOUGH), lambda: websocket.send("late")):
            with pytest.raises(Failure) as failed:
                again()
            assert failed.value.cause == cause
    assert websocket.closure is not None
    assert (websocket.closure.code, websocket.closure.by_us) == (code, False)
    assert ends == ([websocket.closure] if listens else [])
    assert events.causes == [("connection", ""), ("connection", cause)]
    assert events.fired[1]["response_time"] is None
    told = heard(open_server(), b"".join(answered))
    assert [frame.opcode for frame in told] == ([Opcode.CLOSE] if after else [])
    assert [int.from_bytes(frame.data[:2], "big") or 1005 for frame in told] == ([code] if after else [])


@pytest.mark.parametrize(
    ("cause", "last"),
    [
        ("closed unexpectedly 4401", sent(0x88, (4401).to_bytes(2, "big"))),
        ("protocol: masked by the server", sent(0x81, b"maskx", second=0x80)),
    ],
)
def test_why_it_ended_is_what_was_said_last_also_where_nobody_hears_the_answer(
    cause: str, last: bytes, events: Events
) -> None:
    """Who says why and is gone at once, as a balancer that drains, cannot be answered, which is no cause of the end."""
    opened, gone = threading.Event(), threading.Event()

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head))
        opened.wait(ENOUGH)
        connection.sendall(last)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETS)
        connection.close()
        gone.set()

    with raw_server(says) as url:
        websocket = events.opens(url)
        opened.set()
        waits(gone.is_set)
        with pytest.raises(Failure) as failed:
            websocket.receive(ENOUGH)
    assert failed.value.cause == cause
    assert events.causes == [("connection", ""), ("connection", cause)]


def test_a_listener_may_leave(events: Events) -> None:
    """Who hears what it waited for may close the socket where it heard it."""
    ends: list[Closure] = []
    with websocket_server(echoes) as url:
        websocket = events.opens(url)
        websocket.listen(lambda _: websocket.close(), ends.append)
        websocket.send("enough")
        waits(lambda: ends)
    assert ends == [Closure(1000, "", by_us=True)]
    assert events.causes == [("connection", "")]


@pytest.mark.parametrize("listens", [False, True])
def test_who_is_killed_while_it_leaves_has_left(listens: bool, events: Events) -> None:  # noqa: FBT001
    """A peer that does not answer the close frame keeps neither a connection nor who listens to it."""
    heard: list[bytes] = []
    ends: list[Closure] = []

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head))
        while data := connection.recv(100):
            heard.append(data[:1])
        heard.append(b"the end")

    with raw_server(says) as url:
        websocket = events.opens(url)
        if listens:
            websocket.listen(lambda _: None, ends.append)
        leaving = gevent.spawn(websocket.close, 1001, "going")
        waits(lambda: heard)
        leaving.kill(timeout=1)
        assert websocket.closure == Closure(1001, "going", by_us=True)
        waits(lambda: len(heard) == 2)
        waits(lambda: len(ends) == listens)
    assert heard == [b"\x88", b"the end"]
    assert events.causes == [("connection", "")]


def test_a_peer_that_vanished_ends_who_sends(events: Events) -> None:
    """A connection that was reset is an unexpected end, whoever notices it first."""

    def talks(connection: ServerConnection) -> None:
        connection.recv()
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETS)
        connection.socket.close()
        with pytest.raises((ConnectionClosed, OSError)):
            connection.recv(0)

    with websocket_server(talks) as url:
        websocket = events.opens(url)

        def goes_on() -> None:
            for _ in range(1000):
                websocket.send("x")
                gevent.sleep(0.01)

        with pytest.raises(Failure, match="1006"):
            goes_on()
    assert events.causes == [("connection", ""), ("connection", "closed unexpectedly 1006")]


@pytest.mark.parametrize("listens", [False, True])
def test_who_leaves_hears_the_last_word_of_the_other_side(listens: bool, events: Events) -> None:  # noqa: FBT001
    """The other side's close frame is waited for, whatever comes before it, and is how the websocket ended."""
    pong: list[bytes] = []

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head))
        connection.recv(100)
        connection.sendall(sent(0x89, b"beat"))
        pong.append(connection.recv(100)[:1])
        connection.sendall(sent(0x88, (1001).to_bytes(2, "big") + b"bye"))
        connection.recv(100)

    ends: list[Closure] = []
    with raw_server(says) as url:
        websocket = events.opens(url)
        if listens:
            websocket.listen(lambda _: None, ends.append)
        websocket.close()
        waits(lambda: len(ends) == listens)
    assert websocket.closure == Closure(1001, "bye", by_us=True)
    assert pong == [b"\x8a"]
    assert events.causes == [("connection", "")]


@pytest.mark.parametrize("listens", [False, True])
def test_a_peer_without_a_last_word_is_left_without_it(
    listens: bool,  # noqa: FBT001
    events: Events,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who leaves waits for the other side's close frame no longer than for its time, and is gone then."""
    monkeypatch.setattr(greenlet, "_LEAVING", 0.1)
    gone: list[bytes] = []
    ends: list[Closure] = []

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head))
        connection.recv(100)
        gone.append(connection.recv(100))

    with raw_server(says) as url:
        websocket = events.opens(url)
        if listens:
            websocket.listen(lambda _: None, ends.append)
        with gevent.Timeout(ENOUGH):
            websocket.close(1001, "going")
        assert websocket.closure == Closure(1001, "going", by_us=True)
        waits(lambda: gone)
        waits(lambda: len(ends) == listens)
    assert gone == [b""]
    assert events.causes == [("connection", "")]


def test_a_peer_that_takes_nothing_ends_who_sends(events: Events, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is larger than all buffers is not waited with for ever: the connection has ended then."""
    monkeypatch.setattr(duplex, "_SENDING", 0.1)
    over = threading.Event()

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head))
        over.wait(ENOUGH)

    with raw_server(says) as url:
        websocket = events.opens(url)
        with gevent.Timeout(ENOUGH), pytest.raises(Failure, match="1006: time-out the other side did not take it all"):
            websocket.send("x" * 20_000_000)
        over.set()
    assert events.causes == [("connection", ""), ("connection", "closed unexpectedly 1006")]


def test_a_peer_that_takes_in_drops_ends_who_sends(events: Events, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time for sending is that for all of it: each drop would else be a reason to wait as long again."""
    monkeypatch.setattr(duplex, "_SENDING", 0.3)
    over = threading.Event()

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head))
        while not over.wait(0.01) and connection.recv(100_000):
            pass

    with raw_server(says) as url:
        websocket = events.opens(url)
        with gevent.Timeout(ENOUGH), pytest.raises(Failure, match="1006: time-out the other side did not take it all"):
            websocket.send("x" * 20_000_000)
        over.set()
    assert events.causes == [("connection", ""), ("connection", "closed unexpectedly 1006")]


class Fickle:
    """A socket that is writable, and takes nothing the first few times."""

    def __init__(self, connected: socket.socket) -> None:
        self._connected = connected
        self.refusals = 3

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a socket has
        return getattr(self._connected, name)

    def send(self, data: bytes) -> int:
        self.refusals -= 1
        if self.refusals >= 0:
            raise BlockingIOError
        return self._connected.send(data)


def test_who_is_woken_for_nothing_sends_when_it_can(events: Events) -> None:
    """That a socket is said to be writable and takes nothing after all is no end of a connection."""
    with websocket_server(echoes) as url:
        websocket = events.opens(url)
        fickle = websocket._wire._socket = Fickle(websocket._wire._socket)  # type: ignore[assignment]
        websocket.send("hello")
        assert websocket.receive(ENOUGH) == "hello"
        websocket.close()
    assert fickle.refusals < 0
    assert events.causes == [("connection", "")]


def test_what_is_asked_for_is_what_was_meant(events: Events) -> None:
    """The path and the headers of an opening, which name the run, are those that were given."""
    heads: list[bytes] = []
    with raw_server(lambda _, head: heads.append(head)) as url, pytest.raises(Failure):
        Socket.connect(Target.of(url, None), "/v1/calls", headers={"X-Synthetic-Run": "r-1"}, fire=events.fire)
    (line, *more) = heads[0].split(b"\r\n")
    assert line == b"GET /v1/calls HTTP/1.1"
    assert b"X-Synthetic-Run: r-1" in more


def test_nothing_is_heard_after_a_breach(events: Events) -> None:
    """What comes together with a message that must not be sent is heard only if it comes before that."""

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head) + sent(0x81, b"welcome") + sent(0x82, b"x") + sent(0x81, b"late"))
        connection.recv(100)

    with raw_server(says) as url:
        websocket = events.opens(url)
        assert websocket.receive(ENOUGH) == "welcome"
        with pytest.raises(Failure, match="a binary message"):
            websocket.receive(ENOUGH)
    assert events.causes == [("connection", ""), ("connection", "protocol: a binary message")]


def test_who_is_killed_in_the_middle_of_sending_keeps_nothing_for_others() -> None:
    """What the next one sends is not put behind a rest that nobody sends, as if it had gone."""
    near, far = socket.socketpair()
    with near, far:
        near.settimeout(0)
        wire = duplex._BothWays(near, gevent.get_hub())
        sender = gevent.spawn(wire.send, bytes(8_000_000))
        passes()
        sender.kill()
        assert not wire.put(b"next")
        wire.close()


def test_who_listens_hears_a_text_out_though_another_ends_the_socket(events: Events) -> None:
    """Only the wait for what comes next ends with it: whoever is told something has done with it, and hears the end."""
    texts: list[str] = []
    ends: list[Closure] = []

    def takes_its_time(text: str) -> None:
        gevent.sleep(0.02)
        texts.append(text)

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head) + sent(0x81, b"welcome"))
        connection.recv(200)

    with raw_server(says) as url:
        websocket = events.opens(url)
        websocket.listen(takes_its_time, ends.append)
        gevent.sleep(0)
        websocket._lost(None)
        waits(lambda: ends)
    assert (texts, [end.code for end in ends]) == (["welcome"], [1006])
