"""How websockets of the engine end: closed, reset, or for what must not be sent; each fails itself and nothing else."""

import asyncio
import contextlib
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from websockets.sync.server import ServerConnection

from fixtures.sandbox.tls import write_certificates
from loadtests.client import Timeouts
from loadtests.counts import Counts
from loadtests.engine.recording import Ledger, Recorder
from loadtests.native import new_lock
from loadtests.sockets.engine import Line, Talk
from loadtests.sockets.frames import masks
from loadtests.sockets.handshake import Handshake
from tests.unit.load.sockets.peers import (
    RESETS,
    SealedPeer,
    agreement,
    no_handshake,
    raw_server,
    sealed_server,
    websocket_server,
)
from tests.unit.load.sockets.server import heard, open_server, sent
from tests.unit.load.sockets.talking import arrivals, counted


def test_a_close_fails_what_was_under_way() -> None:
    """A connection that is closed is a failed message and an unexpected end, and the next message has another."""

    def talks(connection: ServerConnection) -> None:
        connection.recv()
        connection.close(4401, "token-expired")

    with websocket_server(talks) as url:
        counts = counted(url, arrivals(3))
    cause = "closed unexpectedly 4401 token-expired"
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
        counts = counted(url, arrivals(10, connections=1, warm=0))
    cause = "closed unexpectedly 4401"
    assert counts.causes == {("echo", cause): 5, ("connection", cause): 5}
    assert (counts.tallies["echo"].requests, counts.tallies["connection"].requests) == (10, 11)


@pytest.mark.parametrize(
    ("cause", "after"),
    [
        ("closed unexpectedly 1006", b""),
        ("protocol: reserved bits set", sent(0xF1)),
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


def test_what_has_ended_is_under_way_no_more() -> None:
    """Whoever looks for time-outs, or ends the run, before the engine has taken it out would count it once more."""
    recorder, openings = (Recorder(subject, Ledger(Counts(), new_lock())) for subject in ("echo", "connection"))
    owner: Any = SimpleNamespace(freed=None)

    async def made() -> Line:
        return Line(Talk("echo", "/", b""), Handshake("host", "/"), 100, masks(), recorder, openings, owner)

    line = asyncio.run(made())
    line.busy = True
    line._end("closed unexpectedly 1000")
    line._end("closed unexpectedly 1000")
    assert recorder._causes == ["closed unexpectedly 1000"]
    assert not line.busy


@pytest.mark.parametrize(("cause", "resets"), [("closed while opening", False), ("reset", True)])
def test_who_leaves_while_opening_fails_that_opening_alone(cause: str, resets: bool) -> None:  # noqa: FBT001
    """A connection that ends before the answer is whole is a failed opening, and the next message has another try."""

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head)[:40])
        if resets:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETS)

    with raw_server(says) as url:
        counts = counted(url, arrivals(20, warm=0))
    assert counts.causes == {("echo", cause): 20, ("connection", cause): 20}


def test_who_leaves_during_the_tls_handshake_fails_that_opening_alone(tmp_path: Path) -> None:
    """A peer that is gone before the keys are agreed on has reset the connection, and is asked again."""
    write_certificates(tmp_path)
    with no_handshake() as url:
        counts = counted(url, arrivals(3, warm=0), ca_file=tmp_path / "ca.pem")
    assert counts.causes == {("echo", "reset"): 3, ("connection", "reset"): 3}


def _fragments(size: int) -> bytes:
    """More than fits, in pieces each of which does."""
    return sent(0x01, b"x" * size) + sent(0x00, b"x" * size) * 20 + sent(0x80, b"x" * size)


BREACHES = [
    pytest.param("masked by the server", 1002, sent(0x81, b"x", second=0x80), id="masked"),
    pytest.param("unknown opcode", 1002, sent(0x83), id="opcode"),
    pytest.param(
        "length not in its shortest form", 1002, sent(0x81, b"x", second=126, length=b"\x00\x01"), id="length"
    ),
    pytest.param("reserved bits set", 1002, sent(0xC9), id="of a ping"),
    pytest.param("reserved bits set", 1002, sent(0xA1, b"hello"), id="of a text"),
    pytest.param("continuation of nothing", 1002, sent(0x80, b"hello"), id="continuation"),
    pytest.param("message inside a message", 1002, sent(0x01, b"he") + sent(0x81, b"llo"), id="text in fragments"),
    pytest.param("message inside a message", 1002, sent(0x01, b"he") + sent(0x81), id="text of nothing in fragments"),
    pytest.param("message inside a message", 1002, sent(0x01, b"he") + sent(0x01, b"llo"), id="fragment in fragments"),
    pytest.param("text is not UTF-8", 1007, sent(0x81, b"\xff"), id="text"),
    pytest.param("text is not UTF-8", 1007, sent(0x01, b"\xc3") + sent(0x80, b"x"), id="text in fragments, not UTF-8"),
    pytest.param("a binary message", 1003, sent(0x82, b"hello"), id="binary"),
    pytest.param("message too large", 1009, sent(0x81, b"x" * 70_000), id="large frame"),
    pytest.param("message too large", 1009, sent(0x81, b"x" * 1001)[:500], id="begin of a large frame"),
    pytest.param("message too large", 1009, _fragments(900), id="many fragments"),
    pytest.param("close code not allowed", 1002, sent(0x88, (1006).to_bytes(2, "big")), id="code never sent"),
    pytest.param("close code not allowed", 1002, sent(0x88, (5000).to_bytes(2, "big")), id="code of nobody"),
    pytest.param("close reason is not UTF-8", 1007, sent(0x88, (1000).to_bytes(2, "big") + b"\xff"), id="reason"),
]


@pytest.mark.parametrize(("cause", "code", "after"), BREACHES)
def test_what_must_not_be_sent_is_no_answer(cause: str, code: int, after: bytes) -> None:
    """It fails the message and the connection in the words of all websockets, and the other side is told its code."""
    answered: list[int] = []

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head))
        connection.recv(100)
        connection.sendall(after)
        data = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(200):
                data += piece
        assert len(data) == 6 + (data[1] & 0x7F), "one frame"
        (close,) = heard(open_server(), data)
        answered.append(int.from_bytes(close.data[:2], "big"))

    with raw_server(says) as url:
        counts = counted(url, arrivals(1), timeouts=Timeouts(largest=1000))
    assert counts.causes == {("echo", f"protocol: {cause}"): 1, ("connection", f"protocol: {cause}"): 1}
    assert answered == [code]


@pytest.mark.parametrize(("after", "echoed"), [(b"", b""), ((4401).to_bytes(2, "big") + b"over", b"\x11\x31")])
def test_nothing_is_heard_after_a_close(after: bytes, echoed: bytes) -> None:
    """The close frame is answered once, with its code if it has one, and a text after it answers nothing."""
    answered: list[list[bytes]] = []

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head))
        connection.recv(100)
        connection.sendall(sent(0x88, after) + sent(0x81, b"hello") + sent(0x88, after))
        answered.append([bytes(frame.data) for frame in heard(open_server(), connection.recv(200))])

    with raw_server(says) as url:
        counts = counted(url, arrivals(1))
    cause = f"closed unexpectedly {int.from_bytes(echoed, 'big') or 1005}{' over' if b'over' in after else ''}"
    assert counts.causes == {("echo", cause): 1, ("connection", cause): 1}
    assert answered == [[echoed]]


def test_what_was_good_before_a_breach_is_an_answer() -> None:
    """A text is heard also where it comes together with something that must not be sent, whoever finds that."""

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head))
        connection.recv(100)
        connection.sendall(sent(0x81, b"hello") + next(breaches))

    breaches = iter([sent(0x83), sent(0x82, b"x")])
    with raw_server(says) as url:
        counts = counted(url, arrivals(2, arrivals=iter([0.0, 0.2]), connections=1))
    assert counts.tallies["echo"].requests == 2
    assert counts.causes == {
        ("connection", "protocol: unknown opcode"): 1,
        ("connection", "protocol: a binary message"): 1,
    }


@pytest.mark.parametrize("after", [sent(0x88, (4401).to_bytes(2, "big")), sent(0x83)], ids=["closed", "breach"])
def test_who_ends_over_tls_and_stays_takes_no_place(after: bytes, tmp_path: Path) -> None:
    """A peer that does not say good-bye by TLS keeps nobody else from being connected."""
    write_certificates(tmp_path)
    ends = iter([after])

    def says(peer: SealedPeer, head: bytes) -> None:
        peer.send(agreement(head))
        peer.read()
        peer.send(next(ends, sent(0x81, b"hello")))
        while peer.connection.recv(4096):
            pass

    with sealed_server(says, tmp_path) as url:
        counts = counted(
            url,
            arrivals(2, arrivals=iter([0.0, 0.1]), connections=1, warm=0),
            ca_file=tmp_path / "ca.pem",
        )
    assert (counts.tallies["echo"].requests, counts.tallies["echo"].failed) == (2, 1)
    assert {cause for _, cause in counts.causes} <= {"closed unexpectedly 4401", "protocol: unknown opcode"}


def test_what_is_no_tls_ends_it(tmp_path: Path) -> None:
    """Whatever breaks the encryption fails the message and the connection, and the next message has another."""
    write_certificates(tmp_path)
    breaks = iter([b"\x17\x03\x03\x00\x20" + b"x" * 32])

    def says(peer: SealedPeer, head: bytes) -> None:
        peer.send(agreement(head))
        peer.read()
        if (garbage := next(breaks, None)) is None:
            peer.send(sent(0x81, b"hello"))
        else:
            peer.connection.sendall(garbage)
        while peer.connection.recv(4096):
            pass

    with sealed_server(says, tmp_path) as url:
        talk = arrivals(2, arrivals=iter([0.0, 0.1]), connections=1, warm=0)
        counts = counted(url, talk, ca_file=tmp_path / "ca.pem")
    assert (counts.tallies["echo"].requests, counts.tallies["echo"].failed) == (2, 1)
    assert counts.causes == {("echo", "TLS"): 1, ("connection", "TLS"): 1}
