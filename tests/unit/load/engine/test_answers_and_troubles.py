"""The engine against real servers: what each kind of answer, and each kind of trouble, is counted as."""

from __future__ import annotations

import itertools
import select
import socket
import struct
from typing import TYPE_CHECKING

import pytest

from tests.closed import closed_port
from tests.unit.load.engine.runs import PATIENCE_S, SUBJECT, arriving, engine
from tests.unit.load.engine.server import OK, Server, answering, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from loadtests.counts import Counts

THREE = (0.0, 0.02, 0.04)
GOOD = {
    "whole": (OK,),
    "in bytes": tuple(OK[at : at + 1] for at in range(len(OK))),
    "chunked": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",),
    "chunked in pieces": (
        b"HTTP/1.1 200 OK\r\nTransfer-Enc",
        b"oding: chunked\r\n\r\n1\r",
        b"\no\r\n1;x=y\r\nk\r\n",
        b"0\r\nTrailer: t\r\n\r\n",
    ),
    "interim": (b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK,),
    "interim before": (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 102 Processing\r\n\r\n", OK),
    "no body": (b"HTTP/1.1 204 No Content\r\n\r\n",),
    "not modified": (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n",),
}


def samples(counts: Counts) -> tuple[int, int, dict[tuple[str, str], int]]:
    """Requests, failures and causes."""
    tally = counts.tally(SUBJECT)
    return tally.requests, tally.failed, dict(counts.causes)


@pytest.mark.parametrize("pieces", GOOD.values(), ids=GOOD)
def test_good_answers_are_good_in_any_pieces(pieces: tuple[bytes, ...]) -> None:
    """Every framing of HTTP/1.1 is read, in whatever pieces it comes, and the connection is used again."""
    with serving(lambda server, peer: server.answers(peer, *pieces)) as server:
        counts = arriving(server, THREE, statuses=frozenset({200, 204, 304}), connections=1)
    assert samples(counts) == (3, 0, {})
    assert server.requests == 3
    assert server.connections == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\n\r\nok",
    ],
    ids=["close", "HTTP/1.0", "ends with the connection"],
)
def test_a_connection_that_ends_with_its_answer_is_replaced(answer: bytes) -> None:
    """An answer that says that it is the last, or that only the end of the connection ends, is good."""

    def once(server: Server, peer: socket.socket) -> None:
        server.request(peer)
        peer.sendall(answer)

    seen: list[bytes] = []
    with serving(once) as server:
        counts = arriving(server, THREE, check=lambda _, body: seen.append(body))
    assert samples(counts) == (3, 0, {})
    assert seen == [b"ok"] * 3
    assert server.connections >= 3


def reset(peer: socket.socket) -> None:
    """Close in the rudest way there is."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def drips(server: Server, peer: socket.socket) -> None:
    """Answer without end."""
    server.request(peer)
    peer.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not server.over.is_set():
        peer.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")


def after_request(act: Callable[[socket.socket], object]) -> Callable[[Server, socket.socket], None]:
    def handle(server: Server, peer: socket.socket) -> None:
        server.request(peer)
        act(peer)

    return handle


TROUBLES: dict[str, tuple[Callable[[Server, socket.socket], object], str]] = {
    "status": (lambda server, peer: server.answers(peer, OK.replace(b"200", b"503")), "status 503"),
    "status in pieces": (
        lambda server, peer: server.answers(peer, b"HTTP/1.1 40", b"4 Gone\r\nContent-Length: 0\r\n\r\n"),
        "status 404",
    ),
    "garbage": (after_request(lambda peer: peer.sendall(b"\x00\x01\x02 what is this?\r\n\r\n")), "not HTTP"),
    "two lengths": (
        after_request(lambda peer: peer.sendall(OK.replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n"))),
        "not HTTP",
    ),
    "upgrade": (
        after_request(
            lambda peer: peer.sendall(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
        ),
        "not HTTP",
    ),
    "closed": (after_request(lambda _: None), "closed without an answer"),
    "cut": (after_request(lambda peer: peer.sendall(OK[:-1])), "cut off"),
    "reset": (after_request(reset), "reset"),
    "gigabytes": (drips, "answer too large"),
    "endless head": (
        after_request(lambda peer: peer.sendall(b"HTTP/1.1 200 OK\r\n" + b"X-Pad: pad\r\n" * 20_000)),
        "answer too large",
    ),
    "hangs": (lambda server, peer: (server.request(peer), server.over.wait(5)), "time-out"),
    "hangs midway": (lambda server, peer: server.answers(peer, OK[:-1]), "time-out"),
}


@pytest.mark.parametrize(("handle", "cause"), TROUBLES.values(), ids=TROUBLES)
def test_each_trouble_has_its_cause(handle: Callable[[Server, socket.socket], None], cause: str) -> None:
    """Every way in which a target fails is counted as one failure of each request, under its cause."""
    with serving(handle) as server:
        counts = arriving(server, THREE, on=engine(server, read=0.3 if cause == "time-out" else PATIENCE_S))
    assert samples(counts) == (3, 3, {(SUBJECT, cause): 3})


def test_a_target_that_refuses_is_counted_so() -> None:
    """Nobody listening is a failure of each arrival, be they more than are opened at one time."""
    counts = arriving(Server(closed_port()), [0.0] * 40, connections=40, warm=0)
    assert samples(counts) == (40, 40, {(SUBJECT, "refused"): 40})


def test_a_name_that_does_not_resolve_is_counted_so() -> None:
    """A host without an address is a failure of each arrival."""
    counts = arriving(Server(1, host="nowhere.invalid"), THREE[:1], warm=0)
    assert samples(counts) == (1, 1, {(SUBJECT, "name does not resolve"): 1})


def test_what_comes_unasked_spoils_the_connection_not_the_answer() -> None:
    """Bytes after an answer, or between two, close the connection and fail nothing."""

    def chatty(server: Server, peer: socket.socket) -> None:
        server.request(peer)
        peer.sendall(OK + b"HTTP/1.1 408 Request Time-out\r\n\r\n")
        server.over.wait(5)

    with serving(chatty) as server:
        counts = arriving(server, THREE)
    assert samples(counts) == (3, 0, {})
    assert server.connections >= 3


@pytest.mark.parametrize("pieces", [1, 2])
def test_a_refusal_has_the_platforms_own_word(pieces: int) -> None:
    """Of an answer with a bad status the cause names its problem, in however many pieces it comes."""
    body = b'{"type":"urn:social-platform:problem:dependency-unavailable","title":"","status":503,"detail":"",'
    body += b'"instance":"","trace_id":""}'
    answer = b"HTTP/1.1 503 No\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    parts = (answer,) if pieces == 1 else (answer[:-20], answer[-20:])
    with serving(lambda server, peer: server.answers(peer, *parts)) as server:
        counts = arriving(server, THREE, check=lambda _status, _body: None)
    assert samples(counts) == (3, 3, {(SUBJECT, "status 503 dependency-unavailable"): 3})


@pytest.mark.parametrize("farewell", [b"", b"HTTP/1.1 408 Request Time-out\r\nConnection: close\r\n\r\n"])
def test_a_connection_closed_between_requests_fails_nothing(farewell: bytes) -> None:
    """A server may end keep-alive whenever nothing is asked."""

    def once(server: Server, peer: socket.socket) -> None:
        while server.request(peer):
            peer.sendall(OK)
            if not select.select([peer], [], [], 0.01)[0]:
                peer.sendall(farewell)
                return

    def until_three_were_closed() -> Iterator[float]:
        # Some come at once, after the machine stood still, and find the connection open. So far apart, that it would
        # have to stand still for long before one crosses the end.
        for number in itertools.count():
            if server.connections > 3:
                return
            yield number / 5

    with serving(once) as server:
        counts = arriving(server, until_three_were_closed(), connections=1)
    assert samples(counts) == (server.requests, 0, {})


@pytest.mark.parametrize(
    ("pieces", "idempotent", "rested", "crossed", "failures"),
    [
        ((OK,), True, 0.05, 60.0, 0),
        ((OK[:9], OK[9:]), True, 0.05, 60.0, 0),
        ((OK,), True, 60.0, 60.0, 1),
        ((OK,), False, 0.05, 60.0, 1),
        ((OK,), False, 60.0, 60.0, 1),
        ((OK,), True, 0.05, 0.0, 1),
    ],
)
def test_only_what_may_be_repeated_is_sent_again(  # noqa: PLR0913 - each is a fact of it
    monkeypatch: pytest.MonkeyPatch,
    *,
    pieces: tuple[bytes, ...],
    idempotent: bool,
    rested: float,
    crossed: float,
    failures: int,
) -> None:
    """A request that the end of a rested connection crossed is sent once more if it changes nothing; others failed."""
    monkeypatch.setattr("loadtests.engine.connection.RESTED", rested)
    monkeypatch.setattr("loadtests.engine.connection.CROSSED", crossed)

    def shuts_on_second(server: Server, peer: socket.socket) -> None:
        server.request(peer)
        for piece in pieces:
            peer.sendall(piece)
            server.over.wait(0.01)
        server.request(peer)

    with serving(shuts_on_second) as server:
        counts = arriving(server, (0.0, 0.2), connections=1, idempotent=idempotent)
    assert samples(counts)[:2] == (2, failures)
    assert server.connections == (1 if failures else 2)


def test_what_was_begun_to_be_answered_is_not_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer that is cut off says that the request was taken, on a connection that had rested, too."""
    monkeypatch.setattr("loadtests.engine.connection.RESTED", 0.05)
    monkeypatch.setattr("loadtests.engine.connection.CROSSED", 60.0)

    def cuts_the_second(server: Server, peer: socket.socket) -> None:
        for answer in (OK, OK[:-1]):
            server.request(peer)
            peer.sendall(answer)

    with serving(cuts_the_second) as server:
        counts = arriving(server, (0.0, 0.1), connections=1, idempotent=True)
    assert samples(counts) == (2, 1, {(SUBJECT, "cut off"): 1})


def test_a_connection_rests_since_its_last_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if that one's head was read before, and until the next request: who drops that one later has dropped it."""
    monkeypatch.setattr("loadtests.engine.connection.RESTED", 0.2)
    monkeypatch.setattr("loadtests.engine.connection.CROSSED", 60.0)

    def drops_the_third(server: Server, peer: socket.socket) -> None:
        for _ in range(2):
            server.request(peer)
            peer.sendall(OK)
        server.request(peer)
        server.over.wait(0.25)

    with serving(drops_the_third) as server:
        counts = arriving(server, (0.0, 0.3, 0.3), connections=1, idempotent=True)
    assert samples(counts)[:2] == (3, 1)


def test_who_ends_a_connection_at_its_first_request_has_dropped_it() -> None:
    """It has not rested, so nothing crossed: the request was taken, and is not sent again."""
    number = itertools.count()

    def drops_the_first(server: Server, peer: socket.socket) -> None:
        if next(number):
            server.answers(peer, OK)
        server.request(peer)

    with serving(drops_the_first) as server:
        counts = arriving(server, (0.0,), connections=1, idempotent=True)
    assert samples(counts)[:2] == (1, 1)


def test_a_check_gets_the_body_of_its_own_answer() -> None:
    """Whatever was read before it on the same connection, and by the way that heads are read which differ each time."""
    bodies: list[bytes] = []

    def answers(server: Server, peer: socket.socket) -> None:
        for number in range(3):
            server.request(peer)
            peer.sendall(b"HTTP/1.1 200 OK\r\nX-Number: %d\r\nContent-Length: 1\r\n\r\n%d" % (number, number))

    with serving(answers) as server:
        arriving(server, (0.0, 0.02, 0.04), connections=1, check=lambda _, body: bodies.append(body))
    assert bodies == [b"0", b"1", b"2"]


def test_a_check_says_what_is_wrong() -> None:
    """What a check raises is the cause: its own word, the field it names, or the kind of mistake."""

    class Wrong(Exception):  # noqa: N818 - as the contract's own
        def __init__(self, **named: str) -> None:
            self.__dict__ |= named

    raised = iter([None, Wrong(cause="status 418"), Wrong(field="items[7].at"), ValueError("no")])

    def check(status: int, body: bytes) -> None:
        assert (status, body) == (200, b"ok")
        if error := next(raised):
            raise error

    with serving(answering) as server:
        counts = arriving(server, (0.0, 0.02, 0.04, 0.06), check=check)
    assert samples(counts)[:2] == (4, 3)
    assert {cause for _, cause in counts.causes} == {"status 418", "contract: items[].at", "contract: ValueError"}
