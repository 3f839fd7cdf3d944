"""Idle websockets: opened at a pace, held, answered for, and every loss of them counted."""

import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

from fixtures.checks import eventually
from fixtures.checks.match import equals
from fixtures.http1.target import Target
from fixtures.sandbox.tls import write_certificates
from loadtests import sockets
from loadtests.client import Timeouts
from loadtests.failure import Failure
from loadtests.sockets import room
from loadtests.sockets.frames import Closing
from loadtests.sockets.holding import Offer, Terms
from loadtests.sockets.idle import Idle, Sample
from loadtests.sockets.room import NoRoomError, allow_descriptors, sources
from tests.unit.load.sockets.peers import agreement, closed_port, echoes, raw_server, websocket_server
from tests.unit.load.sockets.server import sent


@contextmanager
def holding(
    url: str,
    count: int,
    *,
    rate: float = 1000,
    connect: float = 5.0,
    ca_file: Path | None = None,
    **more: Any,  # noqa: ANN401 - of `Idle`
) -> Iterator[Idle]:
    idle = Idle(Target.of(url, ca_file), "/", count=count, rate=rate, timeouts=Timeouts(connect=connect), **more)
    idle.start()
    try:
        yield idle
    finally:
        idle.stop(threading.Event().wait)


def settled(idle: Idle, count: int) -> list[Sample]:
    """Everything that happened until there were so many samples."""
    samples: list[Sample] = []

    def number() -> int:
        samples.extend(idle.take())
        return len(samples)

    eventually(number, equals(count), within=8, subject="samples")
    return samples


def split(samples: Sequence[Sample]) -> tuple[list[float], list[Failure]]:
    """Latencies of what succeeded, and what failed."""
    return (
        [sample.latency for sample in samples if sample.latency is not None],
        [sample.failure for sample in samples if sample.failure is not None],
    )


def test_it_opens_holds_and_closes() -> None:
    """Every connection is opened once, held until it is told to stop, and then closed as one closes a websocket."""
    codes = []

    def talks(connection: ServerConnection) -> None:
        echoes(connection)
        codes.append(connection.protocol.close_code)

    with websocket_server(talks) as url, holding(url, 30) as idle:
        assert [sample.failure for sample in settled(idle, 30)] == [None] * 30
        assert (idle.held.open, idle.held.failed, idle.held.lost) == (30, 0, 0)
        idle.stop(threading.Event().wait)
        assert (idle.held.open, idle.take()) == (0, [])
    assert codes == [1000] * 30


def test_pings_are_answered_and_messages_let_by() -> None:
    """A ping gets its pong while nobody asks the connection for anything, and what else it is told does not matter."""
    answered = []

    def talks(connection: ServerConnection) -> None:
        connection.send("welcome")
        connection.send(b"x" * 70_000)
        answered.append(connection.ping(b"beat").wait(5))
        echoes(connection)

    with websocket_server(talks) as url, holding(url, 3) as idle:
        eventually(
            lambda: (len(answered), idle.held.pings, idle.held.messages), equals((3, 3, 6)), within=8, subject="beats"
        )
    assert answered == [True] * 3


@pytest.mark.parametrize(
    ("cause", "after"),
    [
        ("closed unexpectedly 1006", b""),
        ("closed unexpectedly 4401", sent(0x88, (4401).to_bytes(2, "big") + b"token-expired")),
        ("protocol: reserved bits set", sent(0xF1)),
    ],
)
def test_an_end_that_nobody_asked_for_is_counted(cause: str, after: bytes) -> None:
    """A connection that ends has a sample of its opening and one of its end, with the code or the breach for cause."""

    def says(connection: socket.socket, head: bytes) -> None:
        # Together with the agreement: what comes at once must not get lost.
        connection.sendall(agreement(head) + sent(0x81, b"welcome") + after)

    with raw_server(says) as url, holding(url, 1) as idle:
        opened, ended = settled(idle, 2)
        assert opened.latency is not None
        assert opened.failure is None
        assert ended.latency is None
        assert ended.failure is not None
        assert ended.failure.cause == cause
        assert (idle.held.open, idle.held.lost) == (0, 1)


def _silent(connection: socket.socket, _head: bytes) -> None:
    connection.recv(1)


@pytest.mark.parametrize(
    ("cause", "says"),
    [
        ("status 503", lambda connection, _: connection.sendall(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")),
        ("not HTTP", lambda connection, _: connection.sendall(b"rubbish\r\n\r\n")),
        ("closed while opening", lambda _connection, _head: None),
        ("time-out", _silent),
    ],
)
def test_an_opening_that_fails_says_why(cause: str, says: Callable[[socket.socket, bytes], None]) -> None:
    """An answer that is no agreement, none at all, and an end before it are failed openings with their cause."""
    with raw_server(says) as url, holding(url, 2, connect=0.5) as idle:
        samples = settled(idle, 2)
        assert [sample.failure and sample.failure.cause for sample in samples] == [cause] * 2
        assert (idle.held.open, idle.held.failed) == (0, 2)


def test_nobody_there_is_a_refusal() -> None:
    """A port where nobody listens is a failed opening for each connection, and every one is tried."""
    with holding(closed_port(), 5) as idle:
        assert {sample.failure.cause for sample in settled(idle, 5) if sample.failure} == {"refused"}
        assert idle.held.started == 5


def test_an_opening_that_failed_is_not_over_again_when_its_time_is() -> None:
    """One sample for each, also past the time that an opening may take, and none is still taken for being opened."""

    def says(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")

    with raw_server(says) as url, holding(url, 5, connect=0.3) as idle:
        causes = [sample.failure and sample.failure.cause for sample in settled(idle, 5)]
        assert not threading.Event().wait(0.5)
        assert causes + idle.take() == ["status 503"] * 5
        assert idle.held.failed == 5
        assert idle._holder is not None
        assert idle._holder._opening == 0


def test_latency_counts_from_the_intended_start() -> None:
    """Openings keep their pace, and one that waits for others counts from when it was due."""
    with websocket_server(echoes) as url, holding(url, 10, rate=50) as idle:
        began = threading.Event()
        assert not began.wait(0.1)
        assert idle.held.started < 10
        samples = settled(idle, 10)
        assert all(0 < (sample.latency or 0) < 5 for sample in samples)


def test_each_connection_offers_its_own() -> None:
    """Connection number n offers what is said for n, and all carry the same headers."""
    offered = []

    def talks(connection: ServerConnection) -> None:
        assert connection.request is not None
        offered.append((connection.subprotocol, connection.request.headers["X-Synthetic-Run"]))
        echoes(connection)

    def offer(number: int) -> Offer:
        return Offer((f"bearer.{number}",))

    with websocket_server(talks) as url, holding(url, 3, offer=offer, headers={"X-Synthetic-Run": "r"}) as idle:
        settled(idle, 3)
    assert sorted(offered) == [(f"bearer.{number}", "r") for number in range(3)]


def test_it_holds_over_tls(tmp_path: Path) -> None:
    """With TLS the same holds, and a certificate that is not trusted is a failed opening."""
    write_certificates(tmp_path)
    answered = []

    def talks(connection: ServerConnection) -> None:
        answered.append(connection.ping(b"beat").wait(5))
        echoes(connection)

    with websocket_server(talks, certificates=tmp_path) as url:
        with holding(url, 3, ca_file=tmp_path / "ca.pem") as idle:
            assert [sample.failure for sample in settled(idle, 3)] == [None] * 3
            eventually(lambda: (len(answered), idle.held.open), equals((3, 3)), within=8, subject="beats")
        with holding(url, 1) as idle:
            (sample,) = settled(idle, 1)
            assert sample.failure is not None
            assert sample.failure.cause == "certificate"


def test_samples_become_events() -> None:
    """Everything that happened is told once, as Locust's event for connections."""
    events: list[dict[str, Any]] = []
    with holding(closed_port(), 1) as idle:
        eventually(lambda: idle.held.failed, equals(1), within=8, subject="failures")
        idle.tell(lambda **event: events.append(event))
        idle.tell(lambda **event: events.append(event))
    (event,) = events
    assert (event["request_type"], event["name"], event["response_time"]) == ("WS", "connection", None)
    assert event["exception"].cause == "refused"


def test_what_breaks_the_thread_is_told() -> None:
    """A thread that came to grief is no silence: whoever asks for samples gets what broke it."""

    def no_offer(number: int) -> Offer:
        raise LookupError(number)

    with holding(closed_port(), 1, offer=no_offer) as idle:
        eventually(lambda: idle._crash is not None, equals(True), within=8, subject="crash")  # noqa: FBT003
        with pytest.raises(RuntimeError, match="came to grief"):
            idle.take()


def test_a_vanished_peer_is_told_by_its_reset() -> None:
    """A connection that is reset is an end without a close frame."""

    def talks(connection: ServerConnection) -> None:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        connection.socket.close()
        with pytest.raises((ConnectionClosed, OSError)):
            connection.recv(0)

    with websocket_server(talks) as url, holding(url, 1) as idle:
        ended = settled(idle, 2)[1]
        assert ended.failure is not None
        assert ended.failure.cause in {"closed unexpectedly 1006", "reset"}


@pytest.fixture
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is silent is seen at once."""
    monkeypatch.setattr(sockets.holding, "_LOOK_EVERY", 0.05)


EXPIRED = Closing(4401, "token-expired")


class Tokens:
    """What connections offer: one that is good for `left` seconds at first, and another from `renewed` on."""

    def __init__(self, left: float) -> None:
        self.first = time.time() + left
        self.renewed = True
        self.asked: list[tuple[int, float]] = []

    def offer(self, number: int) -> Offer:
        again = self.renewed and any(number == before for before, _ in self.asked)
        self.asked.append((number, time.perf_counter()))
        return Offer(("new",), self.first + 900) if again else Offer(("old",), self.first)


def _ends_the_old(code: int, reason: str) -> Callable[[socket.socket, bytes], None]:
    """Welcome everybody, close what was opened with the first token, and hold the rest."""

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head))
        if b"Protocol: old" in head:
            connection.sendall(sent(0x88, code.to_bytes(2, "big") + reason.encode()))
        _silent(connection, head)

    return says


@pytest.mark.parametrize("left", [-1.0, 3.0], ids=["when it was over", "by a clock that is ahead"])
def test_what_ends_with_its_token_is_opened_again(left: float) -> None:
    """The agreed end is no failure: the connection is opened again with another token, and that is what is counted."""
    tokens = Tokens(left)
    with (
        raw_server(_ends_the_old(EXPIRED.code, EXPIRED.reason)) as url,
        holding(url, 4, rate=20, offer=tokens.offer, terms=Terms(expiry=EXPIRED, clocks=5)) as idle,
    ):
        opened, ended = split(settled(idle, 8))
        assert (len(opened), ended) == (8, [])
        assert (idle.held.open, idle.held.lost, idle.held.expired) == (4, 0, 4)


def test_openings_again_keep_the_pace() -> None:
    """Connections that all expire at once are not all opened again at once, and each counts from when it was due."""
    tokens, over = Tokens(-1.0), threading.Event()

    def says(connection: socket.socket, head: bytes) -> None:
        if b"Protocol: old" in head:
            connection.sendall(agreement(head))
            over.wait(8)
            connection.sendall(sent(0x88, EXPIRED.code.to_bytes(2, "big") + EXPIRED.reason.encode()))
        else:
            _ends_the_old(EXPIRED.code, EXPIRED.reason)(connection, head)

    try:
        with (
            raw_server(says) as url,
            holding(url, 4, rate=5, offer=tokens.offer, terms=Terms(expiry=EXPIRED)) as idle,
        ):
            settled(idle, 4)
            over.set()
            assert max(split(settled(idle, 4))[0]) < 0.4
    finally:
        over.set()
    again = [at for _, at in tokens.asked[4:]]
    assert again[-1] - again[0] > 0.15


@pytest.mark.parametrize(
    ("left", "code", "reason"),
    [(8.0, 4401, "token-expired"), (-1.0, 4401, "token-invalid"), (-1.0, 1001, "token-expired")],
)
def test_any_other_end_is_counted_and_stays(left: float, code: int, reason: str) -> None:
    """Before the token expires, for another reason or with another code, an end is as bad as any."""
    tokens = Tokens(left)
    with (
        raw_server(_ends_the_old(code, reason)) as url,
        holding(url, 1, offer=tokens.offer, terms=Terms(expiry=EXPIRED, clocks=5)) as idle,
    ):
        assert [failure.cause for failure in split(settled(idle, 2))[1]] == [f"closed unexpectedly {code}"]
        assert not threading.Event().wait(0.2)
        assert (idle.take(), idle.held.lost, len(tokens.asked)) == ([], 1, 1)


def test_nothing_is_opened_again_with_the_same_token() -> None:
    """It would be refused, again and again: the connection waits until there is another."""
    tokens = Tokens(-1.0)
    tokens.renewed = False
    with (
        raw_server(_ends_the_old(EXPIRED.code, EXPIRED.reason)) as url,
        holding(url, 2, rate=50, offer=tokens.offer, terms=Terms(expiry=EXPIRED)) as idle,
    ):
        assert len(settled(idle, 2)) == 2
        assert not threading.Event().wait(0.5)
        assert (idle.take(), idle.held.open, idle.held.expired) == ([], 0, 2)
        assert len(tokens.asked) < 50
        tokens.renewed = True
        assert [sample.failure for sample in settled(idle, 2)] == [None] * 2
        assert idle.held.open == 2


@pytest.mark.parametrize(
    ("terms", "after"),
    [
        pytest.param(Terms(heartbeat=60, promised=float), sent(0x81, b"0.2"), id="as the platform has promised"),
        pytest.param(Terms(heartbeat=0.2), b"", id="before it has promised anything"),
    ],
)
@pytest.mark.usefixtures("looks_often")
def test_a_peer_that_is_gone_without_a_word_is_lost_once(terms: Terms, after: bytes) -> None:
    """No sign of life for two heartbeats is the loss of a connection, and it has one sample."""
    over = threading.Event()

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head) + after)
        over.wait(8)

    try:
        with raw_server(says) as url, holding(url, 3, terms=terms) as idle:
            opened, ended = split(settled(idle, 6))
            assert len(opened) == 3
            assert {failure.cause for failure in ended} == {"no heartbeat"}
            assert not threading.Event().wait(0.5)
            assert (idle.take(), idle.held.open, idle.held.lost) == ([], 0, 3)
            over.set()
    finally:
        over.set()


@pytest.mark.parametrize("sign", [sent(0x89), sent(0x8A), sent(0x81, b"event")], ids=["ping", "pong", "message"])
@pytest.mark.usefixtures("looks_often")
def test_who_gives_any_sign_of_life_is_not_lost(sign: bytes) -> None:
    """Pings, and whatever else comes before two heartbeats are over, keep a connection from being lost."""
    over = threading.Event()

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head) + sent(0x81, b"0.5"))
        while not over.wait(0.3):
            connection.sendall(sign)

    with raw_server(says) as url, holding(url, 2, terms=Terms(promised={"0.5": 0.5}.get)) as idle:
        assert [sample.failure for sample in settled(idle, 2)] == [None] * 2
        assert not threading.Event().wait(1.5)
        assert (idle.take(), idle.held.open) == ([], 2)
        over.set()


@pytest.mark.usefixtures("looks_often")
def test_what_this_process_slept_through_is_nobodys_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that stood still for many heartbeats calls nobody silent for it."""
    ahead = [0.0]
    monkeypatch.setattr(sockets.holding, "time", SimpleNamespace(perf_counter=lambda: time.perf_counter() + ahead[0]))

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head) + sent(0x81, b"5"))
        _silent(connection, head)

    with raw_server(says) as url, holding(url, 1, terms=Terms(promised=float)) as idle:
        settled(idle, 1)
        ahead[0] = 60.0
        assert not threading.Event().wait(0.5)
        assert (idle.take(), idle.held.open) == ([], 1)


def test_more_files_than_allowed_are_refused_before_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections beyond the hard limit of open files are refused by its name, and within it the soft one rises."""
    raised = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 5000))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: raised.append(limits))
    allow_descriptors(10)
    assert raised == []
    allow_descriptors(3000)
    assert raised[0][0] > 3000
    with pytest.raises(NoRoomError, match="hard limit"):
        allow_descriptors(5000)


def test_loopback_has_as_many_addresses_as_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond one address's ports, loopback is called from several addresses, and anywhere else is refused."""
    monkeypatch.setattr(room, "ports", lambda: 100)
    assert sources(["127.0.0.1"], 100) == ()
    assert sources(["127.0.0.1"], 250) == ("127.0.0.1", "127.0.0.2", "127.0.0.3")
    assert sources(["192.0.2.1", "192.0.2.2"], 200) == ()
    with pytest.raises(NoRoomError, match="more machines"):
        sources(["192.0.2.1"], 101)


def test_it_connects_from_several_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one address does not have enough ports, connections come from several in turn."""
    monkeypatch.setattr(room, "ports", lambda: 2)
    peers = []

    def talks(connection: ServerConnection) -> None:
        peers.append(connection.remote_address[0])
        echoes(connection)

    with websocket_server(talks) as url, holding(url, 6) as idle:
        settled(idle, 6)
    assert sorted(set(peers)) == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
