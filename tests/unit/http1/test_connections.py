"""Connections that wait: each request has its own answer or a word for why there is none."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures.contract.operation import Endpoint
from fixtures.http1.connections import _GLANCE, Connections, Limits, _Connection
from fixtures.http1.errors import ClosedError, CutOffError, NotHttpError, TooLargeError
from tests.unit.http1.asking import ENOUGH, PUT, ask, text
from tests.unit.http1.conftest import LARGEST
from tests.unit.http1.peer import OK, Peer, server


def test_a_connection_is_kept_for_the_next_request(connections: Connections) -> None:
    """Whoever asks the same target again does so on the same connection, and another target has its own."""
    with server(lambda peer: peer.answers(*[OK] * 3)) as known, server(lambda peer: peer.answers(OK)) as other:
        answers = [ask(connections, url) for url in (known.url, other.url, known.url, known.url)]
        connections.close()
    assert [(answer.status, answer.body, answer.media_type) for answer in answers] == [
        (200, b'"ok"', "application/json")
    ] * 4
    assert all(0 < answer.elapsed < 5 for answer in answers)
    assert (known.connections, other.connections) == (1, 1)


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.binary(max_size=50), st.sampled_from(["length", "chunks", "end"])), max_size=6))
def test_each_request_has_its_own_answer(exchanges: list[tuple[bytes, str]]) -> None:
    """Whatever the bodies and however their ends are told, each request gets the answer that was given to it."""
    left = list(exchanges)

    def answers(peer: Peer) -> None:
        while left and peer.hears() is not None:
            body, way = left.pop(0)
            if way == "length":
                peer.says(text(body))
            elif way == "chunks":
                chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
                peer.says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk, b"0\r\n\r\n")
            else:
                peer.says(b"HTTP/1.1 200 OK\r\n\r\n", body)
                return

    with server(answers) as known:
        connections = Connections(LARGEST)
        assert [ask(connections, known.url).body for _ in exchanges] == [body for body, _ in exchanges]
        connections.close()
    assert len(known.requests) == len(exchanges)


def test_many_may_ask_at_once(connections: Connections) -> None:
    """Threads have connections of their own while they ask, so nobody gets an answer that is another's."""

    def echoes(peer: Peer) -> None:
        while (request := peer.hears()) is not None:
            peer.says(text(request.body))

    wanted = [b"%d" % number for number in range(200)]
    with server(echoes) as known, ThreadPoolExecutor(8) as threads:
        found = threads.map(lambda body: ask(connections, known.url, endpoint=PUT, content=body).body, wanted)
        assert list(found) == wanted
        connections.close()
    assert known.connections <= 8
    assert len(known.requests) == 200


def test_an_answer_that_is_late_is_nobodys(connections: Connections) -> None:
    """After a time-out the connection is given up: what comes on it later is not the answer to the next request."""
    late = threading.Event()

    def does(peer: Peer) -> None:
        peer.hears()
        if peer.number == 0:
            late.wait(ENOUGH)
            peer.says(text(b"late"))
        else:
            peer.says(text(b"mine"))

    with server(does) as known:
        with pytest.raises(TimeoutError, match=r"nothing came for 0\.1 s"):
            ask(connections, known.url, limits=Limits(ENOUGH, 0.1, ENOUGH))
        late.set()
        assert ask(connections, known.url).body == b"mine"
        connections.close()
    assert known.connections == 2


def test_an_answer_that_drips_comes_to_an_end(connections: Connections) -> None:
    """A piece now and then keeps nobody waiting beyond the time for all of it."""
    over = threading.Event()

    def drips(peer: Peer) -> None:
        peer.hears()
        peer.says(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n")
        for _ in range(400):
            peer.says(b".")
            if over.wait(0.02):
                return

    with server(drips) as known:
        with pytest.raises(TimeoutError, match=r"still arriving after 0\.25 s"):
            ask(connections, known.url, limits=Limits(ENOUGH, ENOUGH, 0.25))
        over.set()


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", NotHttpError, "Expected HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort", CutOffError, "before the answer did"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", CutOffError, "before the answer did"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", ClosedError, "without an answer"),
        (b"", ClosedError, "without an answer"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 2 * LARGEST, TooLargeError, "no end"),
    ],
)
def test_what_is_no_answer_has_a_word_for_it(
    connections: Connections, answer: bytes, error: type[Exception], said: str
) -> None:
    """Garbage, an answer without its end, none at all and one without bounds are told apart."""
    with server(lambda peer: peer.answers(answer)) as known, pytest.raises(error, match=said):
        ask(connections, known.url)


def test_an_answer_before_the_requests_end_is_one(connections: Connections) -> None:
    """Who refuses a large body and reads no further has answered; the connection is not used again."""
    refusal = b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

    def refuses(peer: Peer) -> None:
        peer.connection.recv(1000)
        peer.says(refusal)
        peer.connection.shutdown(socket.SHUT_WR)
        while peer.connection.recv(65536):  # else the reset could overtake the answer
            pass

    with server(refuses) as known:
        assert ask(connections, known.url, endpoint=PUT, content=bytes(3_000_000)).status == 413
        assert ask(connections, known.url, endpoint=PUT, content=bytes(3_000_000)).status == 413
    assert known.connections == 2


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("stays", [False, True])
def test_an_answer_is_heard_though_nobody_reads_on(
    connections: Connections, certificates: Path, monkeypatch: pytest.MonkeyPatch, *, stays: bool, secure: bool
) -> None:
    """Who refuses a large body has answered, closed or not, and may do so in pieces; the connection is used no more."""
    monkeypatch.setattr("fixtures.http1.connections._GLANCE", ENOUGH)  # is the refusal there already? It may be late
    over, limits = threading.Event(), Limits(ENOUGH, 0.1, ENOUGH)

    def refuses(peer: Peer) -> None:
        peer.connection.recv(1000)
        peer.says(b"HTTP/1.1 413 Too Large\r\n", b"Content-Length: 0\r\n\r\n")  # two records of TLS
        if stays:
            over.wait(ENOUGH)

    ours, waited = certificates / "ca.pem", waits(monkeypatch)
    with server(refuses, certificates=certificates if secure else None) as known:
        for _ in range(2):
            waited.clear()
            answer = ask(connections, known.url, endpoint=PUT, content=bytes(30_000_000), limits=limits, ca_file=ours)
            assert answer.status == 413
            assert waited[1:] == [limits.read] * len(waited[1:])
        over.set()
    assert known.connections == 2


@pytest.mark.parametrize("secure", [False, True])
def test_a_request_that_nobody_takes_is_given_up(
    connections: Connections, certificates: Path, monkeypatch: pytest.MonkeyPatch, *, secure: bool
) -> None:
    """A peer that neither reads nor answers costs the time for one piece, and not another one for its answer."""
    over, ours = threading.Event(), certificates / "ca.pem"
    limits, waited = Limits(ENOUGH, 0.5, ENOUGH), waits(monkeypatch)
    with server(lambda _: over.wait(ENOUGH), certificates=certificates if secure else None) as known:
        with pytest.raises(TimeoutError, match="nothing more of the request was taken"):
            ask(connections, known.url, endpoint=PUT, content=bytes(30_000_000), limits=limits, ca_file=ours)
        assert waited == [_GLANCE]
        over.set()


def waits(monkeypatch: pytest.MonkeyPatch) -> list[float | None]:
    """How long each piece of an answer is waited for, as the socket has it."""
    received, waited = _Connection._received, list[float | None]()

    def receives(connection: _Connection, read: float) -> bool:
        waited.append(connection._socket.gettimeout())
        return received(connection, read)

    monkeypatch.setattr(_Connection, "_received", receives)
    return waited


def test_who_resets_has_not_answered(connections: Connections) -> None:
    """A reset is what it is called."""

    def resets(peer: Peer) -> None:
        peer.hears()
        peer.resets()

    with server(resets) as known, pytest.raises(ConnectionResetError):
        ask(connections, known.url)

    def resets_early(peer: Peer) -> None:
        peer.connection.recv(1000)
        peer.resets()

    with server(resets_early) as known, pytest.raises((ConnectionResetError, BrokenPipeError)):
        ask(connections, known.url, endpoint=PUT, content=bytes(30_000_000))


def test_where_nobody_listens_is_refused(connections: Connections) -> None:
    """A closed port is an error at once, and an address that swallows everything costs the time to connect."""
    with server(lambda _: None) as known:
        gone = known.url
    with pytest.raises(ConnectionRefusedError):
        ask(connections, gone)


def test_the_answer_to_head_ends_with_its_head(connections: Connections) -> None:
    """The length that is stated is that of a body which does not come, also where a connection waits."""
    head: Endpoint[str] = Endpoint("chat", "headText", "HEAD", "/text", {200: str}, auth="none")
    with server(lambda peer: peer.answers(OK, OK)) as known:
        assert ask(connections, known.url).body == b'"ok"'
        answer = ask(connections, known.url, endpoint=head)
        connections.close()
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", "4")
