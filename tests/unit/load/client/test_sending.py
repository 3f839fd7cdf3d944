"""Requests that do not fit into the socket's buffer, and what comes before they are sent."""

import contextlib
import select
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import gevent
import pytest

from fixtures.contract.operation import Endpoint, Operation
from tests.unit.http1.peer import OK, Peer, server
from tests.unit.load.client.visitor import GET, POST, Visitor, cause_of, does, wire_of
from tests.unit.load.turns import ENOUGH, waits


def test_a_large_body_is_sent_whole(visitor: Visitor) -> None:
    """What does not fit into the socket's buffer at once follows, over TLS as well."""
    body = bytes(range(256)) * 40_000
    put = Operation(Endpoint("chat", "put", "PUT", "/x", {200: str}, auth="none"), "/x", content=body)
    with server(does(OK)) as known:
        visitor.client(known.url, read=ENOUGH).send(put)
    assert known.requests[0].body == body


def test_an_answer_before_the_end_of_a_request_is_heard(visitor: Visitor) -> None:
    """A server that refuses a body while it comes is understood, and its connection used no more."""
    refused: Endpoint[None] = Endpoint("chat", "put", "PUT", "/x", {413: None}, auth="none")
    put = Operation(refused, "/x", content=bytes(30_000_000))
    over = threading.Event()

    def refuses(peer: Peer) -> None:
        if peer.number:
            peer.answers(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n")
            return
        peer.connection.recv(1000)
        peer.says(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n")
        over.wait(ENOUGH)  # and takes no more of it

    with server(refuses) as known:
        client = visitor.client(known.url)
        client.send(put)
        client.send(Operation(refused, "/x"))
        client.close()
        over.set()
    assert visitor.causes == ["", ""]
    assert known.connections == 2


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize(
    ("answer", "cause"), [(b"HTTP/1.1 413 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", ""), (b"", "reset")]
)
def test_an_answer_is_heard_though_its_peer_has_gone(
    visitor: Visitor, certificates: Path, answer: bytes, cause: str, *, secure: bool
) -> None:
    """A server that closes in the middle of a request resets the connection, and may have answered before."""
    refused: Endpoint[None] = Endpoint("chat", "put", "PUT", "/x", {413: None}, auth="none")
    put = Operation(refused, "/x", content=bytes(30_000_000))
    begun, due, gone = threading.Event(), threading.Event(), threading.Event()

    def refuses(peer: Peer) -> None:
        peer.connection.recv(1000)
        begun.set()
        due.wait(ENOUGH)
        peer.says(answer)
        peer.hangs_up()
        gone.set()

    with server(refuses, certificates=certificates if secure else None) as known:
        asker = gevent.spawn(cause_of, visitor.client(known.url, certificates / "ca.pem", read=ENOUGH), put)
        waits(begun.is_set)
        due.set()
        gone.wait(ENOUGH)  # answer and reset are there together
        asker.join(ENOUGH)
        assert asker.value == cause


@pytest.mark.parametrize(("said", "ends", "cause"), [(b"", Peer.resets, "reset"), (OK[:30], Peer.hangs_up, "cut off")])
def test_an_end_in_an_answers_place_is_told_from_one_in_its_middle(
    visitor: Visitor, said: bytes, ends: Callable[[Peer], None], cause: str
) -> None:
    """Also of a request that could not be sent at once: only what had begun to come can be cut off."""
    put = Operation(Endpoint("chat", "put", "PUT", "/x", {200: str}, auth="none"), "/x", content=bytes(8_000_000))

    def leaves(peer: Peer) -> None:
        peer.hears()
        peer.says(said)
        ends(peer)

    with server(leaves) as known:
        assert cause_of(visitor.client(known.url, read=ENOUGH), put) == cause


def test_who_has_begun_to_refuse_a_request_gets_no_more_of_it(visitor: Visitor) -> None:
    """Its answer is read to the end, and the rest of a large body stays here, whether or not the peer would take it."""
    refused: Endpoint[bytes] = Endpoint("chat", "put", "PUT", "/x", {413: bytes}, auth="none")
    put = Operation(refused, "/x", content=bytes(30_000_000))
    begun = threading.Event()
    took: list[int] = []

    def refuses(peer: Peer) -> None:
        peer.connection.recv(1000)
        peer.says(b"HTTP/1.1 413 No\r\nContent-Length: 5\r\n\r\nto")
        begun.wait(ENOUGH)
        peer.connection.settimeout(0.05)
        with contextlib.suppress(TimeoutError):
            while taken := peer.connection.recv(1 << 20):
                took.append(len(taken))
        peer.says(b"o l")

    with server(refuses) as known:
        client = visitor.client(known.url, read=ENOUGH)
        asker = gevent.spawn(client.send, put)
        waits(lambda: client._exchange is not None and client._exchange.answers.begun)
        begun.set()
        asker.join(ENOUGH)
        assert asker.value == b"too l"
    assert sum(took) < 29_000_000


def test_who_ends_in_the_middle_of_a_request_has_not_answered(visitor: Visitor) -> None:
    """A server that reads no further and ends its side is told from one that resets."""
    put = Operation(Endpoint("chat", "put", "PUT", "/x", {200: str}, auth="none"), "/x", content=bytes(30_000_000))
    over = threading.Event()

    def ends(peer: Peer) -> None:
        peer.connection.shutdown(socket.SHUT_WR)
        over.wait(ENOUGH)

    with server(ends) as known:
        assert cause_of(visitor.client(known.url, read=ENOUGH), put) == "closed without an answer"
        over.set()


@pytest.mark.parametrize(
    "pieces",
    [
        (b"HTTP/1.1 100 Continue\r\n\r\n",),
        (b"HTTP/1.1 102 Processing\r\n\r\n", b"HTTP/1.1 102 Processing\r\n\r\n"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n", b"\r\n"),
    ],
    ids=["100", "102 twice", "103 in pieces"],
)
def test_an_interim_answer_stops_no_request(visitor: Visitor, pieces: tuple[bytes, ...]) -> None:
    """What comes before the end of a request and is no final answer is passed over, and the rest of it sent."""
    put = Operation(Endpoint("chat", "put", "PUT", "/x", {200: str}, auth="none"), "/x", content=bytes(8_000_000))

    def says(peer: Peer) -> None:
        for piece in pieces:
            peer.says(piece)
            time.sleep(0.05)
        peer.answers(OK, OK)

    with server(says) as known:
        client = visitor.client(known.url, read=ENOUGH)
        assert [client.send(put), client.send(GET)] == ['"ok"', '"ok"']
        client.close()
    assert len(known.requests[0].body) == 8_000_000
    assert known.connections == 1


@pytest.mark.parametrize(("operation", "ends"), [(GET, Peer.resets), (POST, Peer.hangs_up)])
def test_what_met_an_end_that_was_there_already_is_sent_again(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch, operation: Operation[str], ends: Callable[[Peer], None]
) -> None:
    """Nothing of such a request was taken, however recently its connection was used."""
    monkeypatch.setattr("loadtests.client.client.RESTED", 3600.0)
    answered = threading.Event()

    def leaves(peer: Peer) -> None:
        peer.answers(OK)
        if peer.number == 0:
            answered.wait(ENOUGH)
            ends(peer)

    with server(leaves) as known:
        client = visitor.client(known.url)
        assert cause_of(client) == ""
        answered.set()
        # The loop, which could tell of it, has no turn meanwhile.
        assert select.select([wire_of(client)._socket], [], [], ENOUGH)[0]
        assert cause_of(client, operation) == ""
        client.close()
    assert (known.connections, len(known.requests)) == (2, 2)
