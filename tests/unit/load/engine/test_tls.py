"""The engine over TLS 1.3: the same answers, and the troubles that only TLS has."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock

import pytest

from loadtests.counts import Counts
from loadtests.engine import Plan
from loadtests.engine.recording import Ledger, Recorder
from loadtests.engine.tls import TlsConnection
from loadtests.engine.watch import Watch
from loadtests.native import new_lock
from tests.unit.load.engine.runs import GET, SUBJECT, arriving, ends, engine
from tests.unit.load.engine.server import OK, PATIENCE_S, Server, answering, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

THREE = (0.0, 0.02, 0.04)
ENDLESS = b"HTTP/1.1 200 OK\r\n\r\nok"


@pytest.mark.parametrize(
    "pieces",
    [(OK,), tuple(OK[at : at + 7] for at in range(0, len(OK), 7)), (OK.replace(b": 2", b": 40000") + b"x" * 39_998,)],
    ids=["whole", "in pieces", "many records"],
)
def test_answers_over_tls_are_as_good(certificates: Path, pieces: tuple[bytes, ...]) -> None:
    """Answers are read whatever records they come in, over one connection."""
    sizes: list[int] = []
    with serving(lambda server, peer: server.answers(peer, *pieces), certificates) as server:
        counts = arriving(server, THREE, connections=1, check=lambda _, body: sizes.append(len(body)))
    assert (counts.tally(SUBJECT).requests, counts.tally(SUBJECT).failed) == (3, 0)
    assert sizes == [len(b"".join(pieces).partition(b"\r\n\r\n")[2])] * 3
    assert server.connections == 1


def cuts_off(server: Server, peer: socket.socket) -> None:
    """Close the connection below TLS."""
    server.request(peer)
    peer.sendall(ENDLESS)
    socket.socket(fileno=peer.detach()).close()


def says_goodbye(server: Server, peer: socket.socket) -> None:
    """Close the connection as TLS has it."""
    server.request(peer)
    peer.sendall(ENDLESS)
    assert isinstance(peer, ssl.SSLSocket)
    with contextlib.suppress(OSError):
        peer.unwrap()


def spoils(server: Server, peer: socket.socket) -> None:
    """Go on in plain text."""
    server.request(peer)
    with socket.socket(fileno=peer.detach()) as plain:
        plain.sendall(OK)
        server.over.wait(PATIENCE_S)


def test_a_target_that_lets_nobody_in_delays_no_arrival(certificates: Path) -> None:
    """Who is due is taken up then, and has failed by the target's fault; nothing of it is the engine's lag."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        origin = Server(silent.getsockname()[1], ssl.create_default_context(cafile=certificates / "ca.pem"))
        runs = engine(origin, connect=60.0, read=0.5)
        begins = time.perf_counter() + 0.2
        late: list[float] = []

        def arrivals() -> Iterator[float]:
            for offset in THREE:
                yield offset
                late.append(time.perf_counter() - begins - offset)

        runs.start(Plan(SUBJECT, GET, arrivals=arrivals(), connections=8), begins=begins)
        ends(runs)
        counts = runs.take()
    assert counts.causes == {(SUBJECT, "time-out"): 3}
    # Nobody waited for the handshake, which would have taken a minute, and what the machine took is not the target's.
    assert len(late) == len(counts.lag) == 3
    assert (counts.lag.quantile(1.0) or 0.0) <= max(late) * 1.01 + 0.001


def hangs(server: Server, _: socket.socket) -> None:
    """Say nothing at all."""
    server.over.wait(PATIENCE_S)


@pytest.mark.parametrize(
    ("handle", "cause"), [(says_goodbye, ""), (cuts_off, "cut off"), (spoils, "TLS")], ids=["ends", "cut", "spoilt"]
)
def test_only_tls_can_end_a_body(
    certificates: Path, handle: Callable[[Server, socket.socket], None], cause: str
) -> None:
    """A body without a length is complete when TLS says that it ended, and not when the connection was cut."""
    with serving(handle, certificates) as server:
        counts = arriving(server, THREE[:2])
    assert dict(counts.causes) == ({(SUBJECT, cause): 2} if cause else {})
    assert counts.tally(SUBJECT).requests == 2


def test_a_certificate_that_is_not_trusted_is_counted_so(certificates: Path) -> None:
    """Whom the engine cannot be sure of, it asks nothing."""
    with serving(answering, certificates) as server:
        server.context = ssl.create_default_context()
        counts = arriving(server, THREE, warm=0)
    ((subject, cause),) = counts.causes
    assert (subject, cause[:13], counts.causes[subject, cause]) == (SUBJECT, "certificate: ", 3)
    assert server.requests == 0


def test_what_is_not_tls_is_counted_so(certificates: Path) -> None:
    """A target that answers the handshake in plain text has no TLS."""
    context = ssl.create_default_context(cafile=str(certificates / "ca.pem"))

    def plain(server: Server, peer: socket.socket) -> None:
        peer.recv(100)
        peer.sendall(OK)
        server.over.wait(PATIENCE_S)

    with serving(plain) as server:
        server.context = context
        counts = arriving(server, THREE[:2], warm=0)
    assert dict(counts.causes) == {(SUBJECT, "TLS"): 2}


def test_a_handshake_that_hangs_is_a_time_out() -> None:
    """To connect includes the handshake."""
    with serving(hangs) as server:
        server.context = ssl.create_default_context()
        counts = arriving(server, THREE[:1], warm=0, on=engine(server, connect=0.2))
    assert dict(counts.causes) == {(SUBJECT, "time-out connecting"): 1}


class Shaking:
    """Both sides of a handshake in memory, with nothing between them but `passes`."""

    def __init__(self, certificates: Path, trusted: ssl.SSLContext) -> None:
        origin: Any = SimpleNamespace(context=trusted, server_name="127.0.0.1")
        owner: Any = None
        recorder, watch = Recorder("s", Ledger(Counts(), new_lock())), Watch(lambda _: None, "s")
        self.connection = TlsConnection(Plan("s", b""), 1000, recorder, watch, owner, origin)
        self.transport = MagicMock(asyncio.Transport)
        self.transport.get_extra_info.return_value.fileno.return_value = -1
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.peer = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    def passes(self) -> None:
        """What we wrote reaches the peer, and its answer us."""
        for call in self.transport.write.call_args_list:
            self._incoming.write(*call.args)
        self.transport.write.reset_mock()
        with contextlib.suppress(ssl.SSLWantReadError):
            self.peer.do_handshake()
        self.connection.data_received(self._outgoing.read())


def test_a_peer_that_is_not_trusted_is_told_why(certificates: Path) -> None:
    """Who looks for the mistake on that side finds it there, too."""

    async def shakes() -> None:
        both = Shaking(certificates, ssl.create_default_context())
        both.connection.connection_made(both.transport)
        both.passes()
        assert isinstance(both.connection.ready.exception(), ssl.SSLCertVerificationError)
        with pytest.raises(ssl.SSLError, match="UNKNOWN_CA"):
            both.passes()

    asyncio.run(shakes())


def test_what_is_no_record_ends_a_connection_at_rest(certificates: Path) -> None:
    """What would be asked on it could not be answered; nothing was asked, so nothing has failed."""

    async def rests() -> None:
        both = Shaking(certificates, ssl.create_default_context(cafile=certificates / "ca.pem"))
        both.connection.connection_made(both.transport)
        both.passes()
        both.passes()
        assert both.connection.usable
        both.connection.data_received(b"no record of TLS")
        assert (both.connection.usable, both.transport.abort.called) == (False, True)

    asyncio.run(rests())


def test_who_was_given_up_shakes_no_hands(certificates: Path) -> None:
    """The time to connect may be over just as there is a connection: that is one time-out, and no mistake."""

    async def gives_up() -> None:
        both = Shaking(certificates, ssl.create_default_context())
        both.connection.ready.cancel()
        both.connection.connection_made(both.transport)
        assert not both.transport.write.called
        both.connection.data_received(b"no record of TLS")

    asyncio.run(gives_up())
