"""Ends of connections that were kept for the next request, and what of it is sent once more."""

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from fixtures.http1.connections import Connections, _Connection
from fixtures.http1.errors import ClosedError, CutOffError
from tests.unit.http1.asking import ENOUGH, POST, ask
from tests.unit.http1.peer import OK, Peer, server


@pytest.mark.parametrize("ending", ["closes", "says more", "says goodbye"])
def test_what_ended_while_it_waited_is_not_used_again(connections: Connections, ending: str) -> None:
    """A kept connection that its peer has closed, or on which something came unasked, is left for a new one."""
    done = threading.Event()
    answer = OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") if ending == "says goodbye" else OK

    def does(peer: Peer) -> None:
        peer.answers(answer)
        if peer.number == 0:
            if ending == "closes":
                peer.connection.shutdown(socket.SHUT_RDWR)
            elif ending == "says more":
                peer.says(OK)
            done.set()

    with server(does) as known:
        ask(connections, known.url)
        assert done.wait(ENOUGH)
        assert ask(connections, known.url).status == 200
        connections.close()
    assert (known.connections, len(known.requests)) == (2, 2)


@pytest.mark.parametrize(("limit", "none"), [("_KEPT", 0), ("_IDLE_S", 0.0)])
def test_no_more_are_kept_than_may_be_nor_for_longer(
    connections: Connections, monkeypatch: pytest.MonkeyPatch, limit: str, none: float
) -> None:
    """A connection that is one too many, or has waited too long, is closed, and a new one opened."""
    monkeypatch.setattr(f"fixtures.http1.connections.{limit}", none)
    ends: list[bytes] = []

    def does(peer: Peer) -> None:
        peer.answers(OK)
        ends.append(peer.connection.recv(1))

    with server(does) as known:
        for _ in range(2):
            assert ask(connections, known.url).status == 200
        connections.close()
    assert (known.connections, ends) == (2, [b"", b""])


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("ending", [Peer.hangs_up, Peer.resets])
def test_what_met_the_end_of_a_kept_connection_is_sent_once_more(
    connections: Connections,
    certificates: Path,
    monkeypatch: pytest.MonkeyPatch,
    ending: Callable[[Peer], None],
    *,
    secure: bool,
) -> None:
    """A request that may be sent twice has its answer, which says that it was, if only the kept connection ended."""
    monkeypatch.setattr("fixtures.http1.connections.CROSSED", ENOUGH)

    def does(peer: Peer) -> None:
        peer.answers(OK)
        peer.hears()
        if peer.number == 0:
            time.sleep(0.02)
            ending(peer)
        else:
            peer.says(OK)

    ours = certificates / "ca.pem"
    with server(does, certificates=certificates if secure else None) as known:
        told = [ask(connections, known.url, ca_file=ours) for _ in range(3)]
        connections.close()
    assert [answer.repeated for answer in told] == [False, True, False]
    assert told[1].elapsed >= 0.02, "it took as long as both took"
    assert (known.connections, len(known.requests)) == (2, 4)


def test_a_new_connection_that_ends_has_dropped_the_request(
    connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request is sent twice at the most: who ends a new connection without an answer has failed it."""
    monkeypatch.setattr("fixtures.http1.connections.CROSSED", ENOUGH)

    def does(peer: Peer) -> None:
        if peer.number == 0:
            peer.answers(OK)
        peer.hears()

    with server(does) as known:
        ask(connections, known.url)
        with pytest.raises(ClosedError) as failure:
            ask(connections, known.url)
        assert isinstance(failure.value.__cause__, ClosedError)
        with pytest.raises(ClosedError) as failure:
            ask(connections, known.url)
        assert failure.value.__cause__ is None
    assert (known.connections, len(known.requests)) == (3, 4)


@pytest.mark.parametrize("ending", ["late", "in the middle"])
def test_what_was_taken_is_not_sent_again(
    connections: Connections, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    """Who ends a kept connection long after the request came, or in the middle of the answer, has failed it."""
    monkeypatch.setattr("fixtures.http1.connections.CROSSED", -1.0 if ending == "late" else ENOUGH)

    def does(peer: Peer) -> None:
        peer.answers(OK)
        peer.hears()
        if ending != "late":
            peer.says(OK[:20])

    with server(does) as known:
        ask(connections, known.url)
        with pytest.raises((ClosedError, CutOffError)):
            ask(connections, known.url)
    assert (known.connections, len(known.requests)) == (1, 2)


@pytest.mark.parametrize("secure", [False, True])
def test_what_the_peer_did_not_read_is_sent_once_more(
    connections: Connections, certificates: Path, monkeypatch: pytest.MonkeyPatch, *, secure: bool
) -> None:
    """A request that may not be sent twice is, if it met a connection that had been closed when it came."""
    monkeypatch.setattr("fixtures.http1.connections.CROSSED", ENOUGH)
    monkeypatch.setattr(_Connection, "is_silent", lambda _: True)  # as long as its end is on the way
    ended = threading.Event()

    def does(peer: Peer) -> None:
        peer.answers(OK)
        if peer.number == 0:
            peer.hangs_up()
            ended.set()

    ours = certificates / "ca.pem"
    with server(does, certificates=certificates if secure else None) as known:
        assert not ask(connections, known.url, endpoint=POST, ca_file=ours).repeated
        assert ended.wait(ENOUGH)
        assert ask(connections, known.url, endpoint=POST, ca_file=ours).repeated
        connections.close()
    assert (known.connections, len(known.requests)) == (2, 2)


@pytest.mark.parametrize("ending", [Peer.hangs_up, Peer.resets])
def test_what_may_have_been_done_is_not_asked_for_again(
    connections: Connections, monkeypatch: pytest.MonkeyPatch, ending: Callable[[Peer], None]
) -> None:
    """Who reads a request that does something each time, and ends the connection in whatever way, has failed it."""
    monkeypatch.setattr("fixtures.http1.connections.CROSSED", 0.05)

    def does(peer: Peer) -> None:
        peer.answers(OK)
        peer.hears()
        ending(peer)

    with server(does) as known:
        ask(connections, known.url, endpoint=POST)
        with pytest.raises(ConnectionError):
            ask(connections, known.url, endpoint=POST)
    assert (known.connections, len(known.requests)) == (1, 2)
