"""Opening a websocket: what is sent, what is told of it, how long it is waited for, and how it is lost."""

import contextlib
import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.sync.server import ServerConnection
from websockets.utils import accept_key

from fixtures.checks import CheckFailure, eventually
from fixtures.checks.match import length
from fixtures.clients import devices
from fixtures.clients.devices import Line, Phone
from fixtures.clients.dialling import dial
from fixtures.clients.patience import PATIENCE, SHARE, SILENCES
from fixtures.clients.transport import Unanswered
from fixtures.clients.witness import Witness
from fixtures.contract.websocket_signaling import SERVICE
from fixtures.http1.tls import trust
from tests.unit.clients.make import transport
from tests.unit.clients.peer import Answers, says, socket_server, web_server

SERVED = 'websocket-signaling;slot=green;build="prod-1234567";instance="ws-1"'


def opens(base: str, time_scale: float = 4.0) -> Phone:
    """Open a websocket to who answers, within as long as a busy machine may need."""
    return Line(transport(base, time_scale=time_scale)).opens_phone("phone", token=None)


def upgraded(then: Callable[[socket.socket], None]) -> Answers:
    """Agree on a websocket, byte by byte, and go on with the connection as it is."""

    def answers(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(101)
        handler.send_header("Upgrade", "websocket")
        handler.send_header("Connection", "Upgrade")
        handler.send_header("Sec-WebSocket-Accept", accept_key(handler.headers["Sec-WebSocket-Key"]))
        handler.end_headers()
        handler.close_connection = True
        then(handler.connection)

    return answers


def says_nothing(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.settimeout(20.0)
    handler.connection.recv(1)
    handler.close_connection = True


def test_who_answers_a_websocket_is_told_with_the_address() -> None:
    """A websocket that leads into another slot shows that as any answer does, and one that is refused was tried."""
    touched, answered = list[str](), list[tuple[str, ...]]()
    witness = Witness(lambda service, _: touched.append(service), lambda *who: answered.append(who))
    with socket_server(lambda server: server.close(), SERVED) as base:
        line = Line(transport(base))
        line.transport.witness = witness
        line.opens_phone("phone", token=None)
    assert answered == [(SERVICE, "green", "prod-1234567", base, "ws-1")]
    with pytest.raises(Unanswered):
        line.opens_phone("phone", token=None)
    assert touched == [SERVICE] * 2
    assert len(answered) == 1


def test_a_websocket_is_marked_synthetic_and_begins_a_trace() -> None:
    """As each request is: what is done over it must move no number of the business."""
    seen = list[tuple[str, str]]()

    def talks(server: ServerConnection) -> None:
        assert server.request is not None
        assert "Sec-WebSocket-Extensions" not in server.request.headers
        seen.append((server.request.headers["X-Synthetic-Run"], server.request.headers["traceparent"][:3]))

    with socket_server(talks) as base:
        opens(base)
        eventually(lambda: seen, length(1), within=20)
    assert seen == [("run", "00-")]


def test_silent_handshakes_are_waited_for_ever_less_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """As silent answers are: with its websockets alone a service that hangs could cost the run."""
    waits: list[float] = []

    def dials(url: str, *, handshake: float, **how: Any) -> ClientConnection:  # noqa: ANN401 - as its own
        waits.append(handshake)
        return dial(url, handshake=handshake, **how)

    monkeypatch.setattr(devices, "dial", dials)
    with web_server(says_nothing) as base:
        for _ in range(SILENCES + 1):
            with pytest.raises(Unanswered, match=r"no answer to the handshake within \d"):
                opens(base, time_scale=0.1)
    assert waits == pytest.approx([0.5] * SILENCES + [0.5 * SHARE])


def test_a_websocket_that_opens_restores_patience() -> None:
    """A service that was silent is waited for as any other once it has answered."""
    with socket_server(lambda server: server.close()) as base:
        for _ in range(SILENCES):
            PATIENCE.silent(base, SERVICE)
        opens(base)
        assert PATIENCE.left(base, SERVICE, 1.0) == 1.0


def test_a_handshake_that_is_refused_at_once_was_no_silence() -> None:
    """Who says no has answered, and the next try is given all the time there is."""
    with web_server(lambda handler: says(handler, 503, b"{}")) as base:
        for _ in range(SILENCES):
            with pytest.raises(Unanswered):
                opens(base)
        assert PATIENCE.left(base, SERVICE, 1.0) == 1.0


def hangs_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


def agrees_on_nothing(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(101)
    handler.end_headers()
    handler.close_connection = True


@pytest.mark.parametrize("does", [hangs_up, agrees_on_nothing])
def test_what_is_no_handshake_is_a_failure_of_the_service(does: Answers) -> None:
    """An end without a word, or a 101 that upgrades to nothing, is what the service did and no error of ours."""
    with web_server(does) as base, pytest.raises(Unanswered, match="no websocket handshake") as failure:
        opens(base)
    assert failure.value.service == SERVICE


def test_no_heartbeat_of_ours_hides_that_of_the_server_and_no_proxy_is_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """What keeps a quiet connection alive is what is judged, and on the way that the address says."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for kind in ("http", "https", "ws", "socks", "all"):
        monkeypatch.setenv(f"{kind}_proxy", "http://127.0.0.1:1")
    with socket_server(lambda server: server.close()) as base:
        url = base.replace("http", "ws")
        dialled = dial(url, subprotocols=["any"], headers={}, context=trust(None), handshake=20.0, close=1.0)
    assert dialled.ping_interval is None


def test_who_vanishes_resets_the_connection() -> None:
    """As a lost network does: an end of the stream would be a goodbye that no lost network says."""
    ends = list[str]()

    def listens(connection: socket.socket) -> None:
        connection.settimeout(20.0)
        try:
            ends.append(f"{len(connection.recv(1))} bytes")
        except ConnectionResetError:
            ends.append("reset")

    with web_server(upgraded(listens)) as base:
        phone = opens(base)
        phone.vanishes()
        eventually(lambda: ends, length(1), within=20)
    assert ends == ["reset"]
    assert phone.closure is not None
    assert (phone.closure.code, phone.closure.by_us) == (1006, True)
    assert phone.frames() == ()


def test_a_peer_that_reads_nothing_fails_whoever_sends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A frame that does not get on its way is the service's failure, and waited for with an end, as is a goodbye."""
    monkeypatch.setattr("fixtures.clients.sockets._SENDING", 0.3)
    over = list[socket.socket]()

    def reads_nothing(connection: socket.socket) -> None:
        over.append(connection)
        with contextlib.suppress(TimeoutError):
            eventually(lambda: over, length(2), within=20)

    with web_server(upgraded(reads_nothing)) as base:
        phone = opens(base)
        with pytest.raises(CheckFailure, match="phone can send") as failure:
            phone.sends_raw(b" " * 16_000_000)
        phone.vanishes()
        monkeypatch.setattr("fixtures.clients.sockets._LEAVING", 0.0)
        phone.leaves()
        over.append(over[0])
    assert failure.value.service == SERVICE
