"""What is asked over a websocket is sent and heard together with what others ask: nothing of it is lost, or mixed."""

import gc
import socket
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import gevent
import pytest
from gevent import get_hub
from websockets.sync.server import ServerConnection
from websockets.utils import apply_mask

from fixtures.sandbox.tls import write_certificates
from loadtests.failure import Failure
from loadtests.sockets import frames
from tests.unit.load.sockets.events import Events
from tests.unit.load.sockets.peers import SealedPeer, agreement, echoes, raw_server, sealed_server, websocket_server
from tests.unit.load.sockets.server import sent
from tests.unit.load.turns import ENOUGH, waits

LARGE, MASK = b"x" * 20_000_000, bytes(4)
LOST = "closed unexpectedly 1006"


def reads_late(connection: socket.socket, head: bytes, reads: threading.Event, said: Iterable[bytes]) -> None:
    """Read nothing until told to; then answer each of these frames with its number, as long as it is what comes."""
    connection.sendall(agreement(head))
    reads.wait(ENOUGH)
    for number, expected in enumerate(said):
        came = bytearray()
        while len(came) < len(expected) and (data := connection.recv(len(expected) - len(came))):
            came += data
        assert _unmasked(bytes(came)) == expected
        connection.sendall(sent(0x81, b"%d" % number))


def _unmasked(came: bytes) -> bytes:
    """The same frame with a mask that changes nothing."""
    at = {126: 4, 127: 10}.get(came[1] & 0x7F, 2)
    return came[:at] + MASK + apply_mask(came[at + 4 :], came[at : at + 4])


def test_what_comes_beside_an_answer_is_met(events: Events) -> None:
    """A ping is answered, an answer comes with its last piece, and what came unasked is heard before any other."""
    pong: list[bytes] = []

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head))
        connection.recv(100)
        connection.sendall(sent(0x89, b"beat"))
        pong.append(connection.recv(100)[:2])
        connection.sendall(sent(0x01, b"an"))
        rest.wait(ENOUGH)
        connection.sendall(sent(0x80, b"swer") + sent(0x81, b"unasked"))
        for text in ("second", "third"):
            connection.recv(6 + len(text))
        connection.sendall(sent(0x81, b"more"))

    rest = threading.Event()
    with raw_server(says) as url:
        websocket = events.opens(url)
        since = time.perf_counter()
        asking = gevent.spawn(websocket.ask, "first", "echo", ENOUGH, since=since)
        waits(lambda: websocket._reader._pending)
        waited = time.perf_counter() - since
        rest.set()
        asking.join(ENOUGH)
        assert asking.value == "answer"
        assert websocket.ask("second", "echo", ENOUGH) == "unasked"
        assert websocket.ask("third", "echo", ENOUGH) == "more"
        websocket.close()
    assert pong == [b"\x8a\x84"]
    assert events.causes == [("connection", ""), *[("echo", "")] * 3]
    assert all(event["response_time"] > 0 for event in events.fired)
    assert events.fired[1]["response_time"] > waited * 1000


def test_what_comes_together_with_an_answer_is_not_lost(events: Events) -> None:
    """A text behind an answer, in the same piece of bytes, is what is heard next."""

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head))
        connection.recv(100)
        connection.sendall(sent(0x81, b"answer") + sent(0x81, b"next"))
        connection.recv(100)

    with raw_server(says) as url:
        websocket = events.opens(url)
        assert websocket.ask("hello", "echo", ENOUGH) == "answer"
        assert websocket.receive(ENOUGH) == "next"
        websocket.close()
    assert events.causes == [("connection", ""), ("echo", "")]


def test_an_answer_ends_when_it_was_received(events: Events) -> None:
    """What the greenlet waits for its turn after that is nobody's latency."""
    with websocket_server(echoes) as url:
        websocket = events.opens(url)
        since = time.perf_counter() - 10
        websocket.ask("hello", "echo", ENOUGH, since=since)
        came = websocket._exchange.came
        websocket.close()
    assert events.fired[1]["response_time"] == (came - since) * 1000


def test_a_question_that_does_not_go_at_once_has_all_its_time_after_that(events: Events) -> None:
    """The time for an answer does not run while a question is sent that is larger than all buffers."""
    said, reads = [frames.frame(frames.TEXT, LARGE, MASK)], threading.Event()
    with raw_server(lambda connection, head: reads_late(connection, head, reads, said)) as url:
        websocket = events.opens(url)
        asking = gevent.spawn(websocket.ask, LARGE.decode(), "echo", ENOUGH)
        waits(lambda: websocket._wire._rest)
        assert not websocket._timer.active
        reads.set()
        asking.join(ENOUGH)
        assert asking.value == "0"
        websocket.close()
    assert events.causes == [("connection", ""), ("echo", "")]


def test_a_question_that_did_not_go_at_once_is_not_waited_with_for_ever(events: Events) -> None:
    """Its answer has its time from then on, and no more."""

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head))
        while connection.recv(1 << 20):
            pass

    with raw_server(says) as url:
        websocket = events.opens(url)
        with gevent.Timeout(ENOUGH), pytest.raises(Failure, match="time-out"):
            websocket.ask(LARGE.decode(), "echo", 0.2)
    assert events.causes == [("connection", ""), ("echo", "time-out")]


def test_a_question_is_not_mixed_with_what_is_being_sent(events: Events) -> None:
    """One that is asked while another greenlet sends a large text goes behind it, whole."""
    said, reads = [frames.frame(frames.TEXT, text, MASK) for text in (LARGE, b"short")], threading.Event()
    with raw_server(lambda connection, head: reads_late(connection, head, reads, said)) as url:
        websocket = events.opens(url)
        sending = gevent.spawn(websocket.send, LARGE.decode())
        waits(lambda: websocket._wire._rest)
        asking = gevent.spawn(websocket.ask, "short", "echo", ENOUGH)
        waits(lambda: websocket._exchange.waiter)
        reads.set()
        gevent.joinall([sending, asking], timeout=ENOUGH, raise_error=True)
        assert asking.value == "0"
        assert websocket.receive(ENOUGH) == "1"
        websocket.close()


def test_nothing_is_asked_after_leaving(events: Events, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question of the turn in which another greenlet closes the socket is not sent behind the close frame."""
    opcodes: list[int] = []
    with websocket_server(echoes) as url:
        websocket = events.opens(url)
        put = websocket._wire.put

        def puts(data: bytes) -> bool:
            opcodes.append(data[0] & 0x0F)
            return put(data)

        monkeypatch.setattr(type(websocket._wire), "put", lambda _wire, data: puts(data))
        asking = gevent.spawn(websocket.ask, "late", "echo", 0.1)
        closing = gevent.spawn(websocket.close)
        gevent.joinall([asking, closing], timeout=ENOUGH)
    assert opcodes == [frames.CLOSE]
    assert isinstance(asking.exception, Failure)


def test_who_asks_is_told_that_it_cannot_be_sent(events: Events, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question that the connection does not take is the end of it, and nobody waits for the answer."""

    def breaks(*_: Any) -> bool:  # noqa: ANN401 - as it is called
        raise ConnectionResetError

    with websocket_server(echoes) as url:
        websocket = events.opens(url)
        with monkeypatch.context() as broken:
            broken.setattr(type(websocket._wire), "put", breaks)
            with gevent.Timeout(ENOUGH), pytest.raises(Failure, match=LOST):
                websocket.ask("hello", "echo", 10 * ENOUGH)
    assert events.causes == [("connection", ""), ("connection", LOST), ("echo", LOST)]


@pytest.mark.parametrize("together", [False, True])
def test_an_end_is_told_to_who_asks_next(together: bool, events: Events, tmp_path: Path) -> None:  # noqa: FBT001
    """Also one that was received together with an answer, of which the loop tells nothing any more."""

    def says(peer: SealedPeer, head: bytes) -> None:
        peer.send(agreement(head))
        peer.read()
        peer.send(sent(0x81, b"answer"), farewell=together)
        (told if together else asked).wait(ENOUGH)

    write_certificates(tmp_path)
    asked, told = threading.Event(), threading.Event()
    with sealed_server(says, tmp_path) as url:
        websocket = events.opens(url, ca_file=tmp_path / "ca.pem")
        assert websocket.ask("hello", "echo", ENOUGH) == "answer"
        asked.set()
        with gevent.Timeout(ENOUGH), pytest.raises(Failure, match=LOST):
            websocket.ask("anybody?", "echo", 10 * ENOUGH)
        told.set()
    assert events.causes == [("connection", ""), ("echo", ""), ("connection", LOST), ("echo", LOST)]


def test_what_comes_unasked_keeps_nobody_busy(events: Events) -> None:
    """It is there to be read for as long as nobody does, and the loop does not run for it again and again."""

    def talks(connection: ServerConnection) -> None:
        connection.send(connection.recv())
        due.wait(ENOUGH)
        connection.send("unasked")
        echoes(connection)

    due = threading.Event()
    with websocket_server(talks) as url:
        websocket = events.opens(url)
        assert websocket.ask("hello", "echo", ENOUGH) == "hello"
        due.set()
        waits(lambda: not websocket._exchange.watched)
        before = get_hub().loop.iteration
        gevent.sleep(0.2)
        assert get_hub().loop.iteration - before < 20
        assert websocket.receive(ENOUGH) == "unasked"
        websocket.close()


def test_a_socket_that_is_forgotten_is_closed(events: Events) -> None:
    """The loop, which watches the connections of those who ask, keeps none that nobody else knows."""
    ended = threading.Event()

    def talks(connection: ServerConnection) -> None:
        echoes(connection)
        ended.set()

    with websocket_server(talks) as url:
        websocket = events.opens(url)
        websocket.ask("hello", "echo", ENOUGH)
        del websocket
        gc.collect()
        waits(ended.is_set)
