"""Idle websockets: opened at a pace, held, answered for, and every loss of them counted."""

import resource
import socket
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

from fixtures.checks import eventually
from fixtures.checks.match import at_least, equals
from fixtures.sandbox.tls import write_certificates
from loadtests import sockets
from loadtests.sockets import room
from loadtests.sockets.held import Offer
from loadtests.sockets.holding import TURN
from loadtests.sockets.room import NoRoomError, allow_descriptors, sources
from tests.closed import closed_address
from tests.unit.load.sockets.idling import ENOUGH, Clock, holding, settled, silent, split
from tests.unit.load.sockets.peers import RESETS, agreement, echoes, raw_server, websocket_server
from tests.unit.load.sockets.server import sent


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
        eventually(lambda: codes, equals([1000] * 30), within=ENOUGH, subject="codes")


def test_pings_are_answered_and_messages_let_by() -> None:
    """A ping gets its pong while nobody asks the connection for anything, and what else it is told does not matter."""
    answered = []

    def talks(connection: ServerConnection) -> None:
        connection.send("welcome")
        connection.send(b"x" * 70_000)
        answered.append(connection.ping(b"beat").wait(ENOUGH))
        echoes(connection)

    with websocket_server(talks) as url, holding(url, 3) as idle:
        eventually(
            lambda: (len(answered), idle.held.pings, idle.held.messages),
            equals((3, 3, 6)),
            within=ENOUGH,
            subject="beats",
        )
    assert answered == [True] * 3


@pytest.mark.parametrize(
    ("cause", "after"),
    [
        ("closed unexpectedly 1006", b""),
        ("closed unexpectedly 4401 token-expired", sent(0x88, (4401).to_bytes(2, "big") + b"token-expired")),
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


@pytest.mark.parametrize(
    ("cause", "says"),
    [
        ("status 503", lambda connection, _: connection.sendall(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")),
        ("not HTTP", lambda connection, _: connection.sendall(b"rubbish\r\n\r\n")),
        ("closed while opening", lambda _connection, _head: None),
        ("time-out", silent),
    ],
)
def test_an_opening_that_fails_says_why(cause: str, says: Callable[[socket.socket, bytes], None]) -> None:
    """An answer that is no agreement, none at all, and an end before it are failed openings with their cause."""
    with raw_server(says) as url, holding(url, 2, connect=0.5 if cause == "time-out" else ENOUGH) as idle:
        samples = settled(idle, 2)
        assert [sample.failure and sample.failure.cause for sample in samples] == [cause] * 2
        assert (idle.held.open, idle.held.failed) == (0, 2)


def test_nobody_there_is_a_refusal() -> None:
    """A port where nobody listens is a failed opening for each connection, and every one is tried."""
    with holding(closed_address(), 5) as idle:
        assert {sample.failure.cause for sample in settled(idle, 5) if sample.failure} == {"refused"}
        assert idle.held.started == 5


def test_an_opening_that_failed_is_not_over_again_when_its_time_is(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sample for each, also past the time that an opening may take, and none is still taken for being opened."""
    monkeypatch.setattr(sockets.holding, "_AWAKE", 2 * ENOUGH)

    def says(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")

    with raw_server(says) as url, holding(url, 5) as idle:
        causes = [sample.failure and sample.failure.cause for sample in settled(idle, 5)]
        clock.ahead = 2 * ENOUGH
        assert not threading.Event().wait(0.2)
        assert causes + idle.take() == ["status 503"] * 5
        assert idle.held.failed == 5
        assert idle.held.opening == 0


def test_who_is_opened_late_has_all_the_time_for_it(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time that an opening may take begins with it, and not with the run."""
    monkeypatch.setattr(sockets.holding, "_AWAKE", 2 * ENOUGH)

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head))
        silent(connection, head)

    with raw_server(says) as url, holding(url, 2, rate=1 / ENOUGH) as idle:
        assert settled(idle, 1)[0].failure is None
        clock.ahead = 2 * ENOUGH
        assert settled(idle, 1)[0].failure is None
        assert idle.held.open == 2


def test_latency_counts_from_the_intended_start() -> None:
    """Openings keep their pace, and one that waits for others counts from when it was due."""
    offered: list[float] = []

    def offer(_number: int) -> Offer:
        offered.append(time.perf_counter())
        return Offer()

    began = time.perf_counter()
    with websocket_server(echoes) as url, holding(url, 10, rate=50, offer=offer) as idle:
        samples = settled(idle, 10)
        assert all(0 < (sample.latency or 0) < ENOUGH for sample in samples)
    assert all(at >= began + number / 50 for number, at in enumerate(offered))


def test_each_connection_offers_its_own() -> None:
    """Connection number n offers what is said for n, all carry the same headers, and what they are answered is told."""
    offered: list[tuple[str | None, str]] = []
    agreed: list[Mapping[str, str]] = []

    def talks(connection: ServerConnection) -> None:
        assert connection.request is not None
        offered.append((connection.subprotocol, connection.request.headers["X-Synthetic-Run"]))
        echoes(connection)

    def offer(number: int) -> Offer:
        return Offer((f"bearer.{number}",))

    with (
        websocket_server(talks) as url,
        holding(url, 3, offer=offer, headers={"X-Synthetic-Run": "r"}, agreed=agreed.append) as idle,
    ):
        settled(idle, 3)
    assert [headers["upgrade"] for headers in agreed] == ["websocket"] * 3
    assert sorted(offered) == [(f"bearer.{number}", "r") for number in range(3)]


def test_it_holds_over_tls(tmp_path: Path) -> None:
    """With TLS the same holds, and a certificate that is not trusted is a failed opening."""
    write_certificates(tmp_path)
    answered = []

    def talks(connection: ServerConnection) -> None:
        answered.append(connection.ping(b"beat").wait(ENOUGH))
        echoes(connection)

    with websocket_server(talks, certificates=tmp_path) as url:
        with holding(url, 3, ca_file=tmp_path / "ca.pem") as idle:
            assert [sample.failure for sample in settled(idle, 3)] == [None] * 3
            eventually(lambda: (len(answered), idle.held.open), equals((3, 3)), within=ENOUGH, subject="beats")
        with holding(url, 1) as idle:
            (sample,) = settled(idle, 1)
            assert sample.failure is not None
            assert sample.failure.cause.startswith("certificate: ")


def test_samples_become_events() -> None:
    """Everything that happened is told once, as Locust's event for connections."""
    events: list[dict[str, Any]] = []
    with holding(closed_address(), 1) as idle:
        eventually(lambda: idle.held.failed, equals(1), within=ENOUGH, subject="failures")
        idle.tell(lambda **event: events.append(event))
        idle.tell(lambda **event: events.append(event))
    (event,) = events
    assert (event["request_type"], event["name"], event["response_time"]) == ("WS", "idle connection", None)
    assert event["exception"].cause == "refused"


def test_what_breaks_the_thread_is_told() -> None:
    """A thread that came to grief is no silence: whoever asks for samples gets what broke it."""

    def no_offer(number: int) -> Offer:
        raise LookupError(number)

    with holding(closed_address(), 1, offer=no_offer) as idle:
        eventually(lambda: idle._crash is not None, equals(True), within=ENOUGH, subject="crash")  # noqa: FBT003
        with pytest.raises(RuntimeError, match="came to grief"):
            idle.take()


def test_a_vanished_peer_is_told_by_its_reset() -> None:
    """A connection that is reset is an end without a close frame."""

    def talks(connection: ServerConnection) -> None:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESETS)
        connection.socket.close()
        with pytest.raises((ConnectionClosed, OSError)):
            connection.recv(0)

    with websocket_server(talks) as url, holding(url, 1) as idle:
        ended = settled(idle, 2)[1]
        assert ended.failure is not None
        assert ended.failure.cause in {"closed unexpectedly 1006", "reset"}


def test_more_files_than_allowed_are_refused_before_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections beyond the hard limit of open files are refused by its name, and within it the soft one rises."""
    raised = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 5000))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: raised.append(limits))
    allow_descriptors(10)
    assert raised == []
    allow_descriptors(3000)
    assert raised == [(5000, 5000)]
    with pytest.raises(NoRoomError, match="hard limit"):
        allow_descriptors(5000)


def test_room_is_what_open_files_and_ports_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever is less; the soft limit of open files is raised for it."""
    raised = []
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: raised.append(limits))
    monkeypatch.setattr(room, "ports", lambda: 28_000)
    for hard, most in ((5000, range(3000, 4745)), (100, range(1)), (1_000_000, range(28_000, 28_001))):
        monkeypatch.setattr(resource, "getrlimit", lambda _, hard=hard: (64, hard))
        assert room.most_connections() in most
    assert raised == [(5000, 5000), (100, 100), (1_000_000, 1_000_000)]
    for soft in (64, resource.RLIM_INFINITY, 1_000_000):
        monkeypatch.setattr(resource, "getrlimit", lambda _, soft=soft: (soft, resource.RLIM_INFINITY))
        assert room.most_connections() == 28_000
    [(soft, hard)] = raised[3:]
    assert 28_256 < soft < 30_000
    assert hard == resource.RLIM_INFINITY


def test_loopback_has_as_many_addresses_as_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond one address's ports, loopback is called from several addresses, and anywhere else is refused."""
    monkeypatch.setattr(room, "ports", lambda: 100)
    assert sources(["127.0.0.1"], 100) == ()
    assert sources(["127.0.0.1"], 250) == ("127.0.0.1", "127.0.0.2", "127.0.0.3")
    assert sources(["192.0.2.1", "192.0.2.2"], 200) == ()
    with pytest.raises(NoRoomError, match="more machines"):
        sources(["192.0.2.1"], 101)


@pytest.mark.parametrize(("count", "processes"), [(6, 1), (3, 2)])
def test_it_connects_from_several_addresses(count: int, processes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one address does not have ports for all processes of the machine, connections come from several in turn."""
    monkeypatch.setattr(room, "ports", lambda: 2)
    peers = []

    def talks(connection: ServerConnection) -> None:
        peers.append(connection.remote_address[0])
        echoes(connection)

    with websocket_server(talks) as url, holding(url, count, processes=processes) as idle:
        settled(idle, count)
    assert sorted(set(peers)) == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]


def test_an_opening_began_when_it_was_due(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who cannot be let in because others are not yet waits for the platform, and that is in the latency."""
    monkeypatch.setattr(sockets.holding, "_OPENING", 1)

    def says(connection: socket.socket, head: bytes) -> None:
        threading.Event().wait(0.2)
        connection.sendall(agreement(head))
        silent(connection, head)

    with raw_server(says) as url, holding(url, 3) as idle:
        opened, ended = split(settled(idle, 3))
    assert ended == []
    assert max(opened) >= 0.58


def test_nothing_more_is_opened_when_it_is_to_hold_what_there_is() -> None:
    """A run that is ended early waits for what was begun, and begins nothing while it does."""
    with websocket_server(echoes) as url, holding(url, 5000, rate=100) as idle:
        holder = idle._holder
        assert holder is not None
        eventually(lambda: idle.held.open, at_least(3), within=ENOUGH, subject="connections")
        holder.stay()
        threading.Event().wait(4 * TURN)
        began = idle.held.started
        threading.Event().wait(4 * TURN)
        assert idle.held.started == began < 5000
