"""Devices: every frame kept, every end told."""

import json
import time
import uuid

import pytest
from websockets.sync.server import ServerConnection

from fixtures.checks import CheckFailure, eventually
from fixtures.checks.match import has, length, present
from fixtures.clients.devices import Line, welcomed
from fixtures.clients.transport import Unanswered
from fixtures.contract import frames
from fixtures.http1.requests import USER_AGENT
from tests.unit.clients.make import transport
from tests.unit.clients.peer import says, socket_server, web_server
from tests.unit.descriptors import none_left

ME = str(uuid.uuid4())
WELCOME = {"type": "welcome", "user_id": ME, "connection_id": "c", "heartbeat_s": 20.0, "last_event_id": "1-0"}


def _event(identifier: str | None, name: str = "something.new") -> str:
    return json.dumps({"type": "event", "id": identifier, "event": name, "at": "2026-01-01T00:00:00.000Z", "data": {}})


def test_every_frame_is_kept_in_order() -> None:
    """A device has all frames in the order they came, however large, and knows where to resume from."""

    def talks(server: ServerConnection) -> None:
        server.send(json.dumps(WELCOME))
        for number in range(20):
            server.send(_event(f"2-{number}"))
        server.send(_event(None) + " " * (1 << 20))
        server.recv()

    with socket_server(talks) as base:
        line = Line(transport(base))
        phone = welcomed(line.opens_phone("phone", token="t"))  # noqa: S106  # no secret of anybody
        eventually(phone.frames, length(22), within=20)
        assert phone.subprotocol == "social.v1"
        assert phone.welcome().user_id == ME
        assert [event.id for event in phone.frames()[1:-1] if isinstance(event, frames.Event)] == [
            f"2-{number}" for number in range(20)
        ]
        assert phone.last_event_id == "2-19"
        assert len(phone.hears("something.new")) == 21
        assert len(phone.hears("something.new")) == 21
        line.hangs_up_all()
        assert phone.closure is not None
        assert phone.closure.by_us
        assert len(phone.frames()) == 22


def test_a_device_that_heard_nothing_durable_resumes_from_its_welcome() -> None:
    """What happened before it was connected is not asked for again, nor what happens after it left out."""

    def talks(server: ServerConnection) -> None:
        server.send(json.dumps(WELCOME))
        server.send(_event(None))
        server.recv()

    with socket_server(talks) as base:
        line = Line(transport(base))
        phone = line.opens_phone("phone", token=None)
        eventually(phone.frames, length(2), within=20)
        assert phone.last_event_id == "1-0"
        line.hangs_up_all()


def test_a_camera_tells_calls_apart_and_keeps_all_that_is_relayed() -> None:
    """The steps of one call are told without those of another, and of what the other sends nothing is left out."""
    calls = [str(uuid.uuid4()) for _ in range(2)]
    call: dict[str, object] = {
        "caller_id": ME,
        "callee_id": ME,
        "media": ["audio"],
        "state": "ringing",
        "end_reason": None,
    }
    call |= {"ring_timeout_s": 9, "created_at": "2026-01-01T00:00:00Z", "accepted_at": None, "ended_at": None}
    relayed = [("offer", "sdp"), ("answer", "sdp"), ("candidate", "candidate")]

    def talks(server: ServerConnection) -> None:
        for one in calls:
            server.send(json.dumps({"type": "call", "event": "ringing", "call": {**call, "call_id": one}}))
        for kind, member in relayed:
            told = {"type": kind, "call_id": calls[0], "from_user_id": ME, member: None if kind == member else "v=0"}
            server.send(json.dumps(told))
        server.recv()

    with socket_server(talks) as base:
        line = Line(transport(base))
        camera = line.opens_camera("camera", token=None)
        eventually(camera.frames, length(5), within=20)
        assert [[step.call.call_id for step in camera.steps(one)] for one in calls] == [[one] for one in calls]
        assert [type(frame) for frame in camera.relayed()] == [
            frames.RelayedOffer,
            frames.RelayedAnswer,
            frames.RelayedCandidate,
        ]
        line.hangs_up_all()


def test_a_device_that_was_not_greeted_first_has_no_welcome() -> None:
    """Whatever comes before the welcome, or in its place, is told as what it is."""

    def talks(server: ServerConnection) -> None:
        server.recv()
        server.send(_event("1-1"))
        server.recv()

    with socket_server(talks) as base:
        line = Line(transport(base))
        phone = line.opens_phone("phone", token=None)
        with pytest.raises(CheckFailure, match="nothing yet"):
            phone.welcome()
        phone.sends_raw("go on")
        eventually(phone.frames, length(1), within=20)
        with pytest.raises(CheckFailure, match="the first frame phone hears"):
            phone.welcome()
        line.hangs_up_all()


def test_a_connection_that_ended_is_told_with_the_newest_frames() -> None:
    """What came last says most of why it ended."""

    def talks(server: ServerConnection) -> None:
        for number in range(15):
            server.send(_event(f"2-{number}"))

    with socket_server(talks) as base:
        phone = Line(transport(base)).opens_phone("phone", token=None)
        eventually(lambda: phone.closure, present(), within=20)
        with pytest.raises(CheckFailure, match="stays connected") as failure:
            phone.frames()
    assert [f"2-{number}" in str(seen) for number, seen in enumerate(failure.value.history, 3)] == [True] * 12


def test_a_device_that_cannot_be_opened_from_here_is_nobody_elses() -> None:
    """Who has no file descriptor left was refused by no server."""
    line = Line(transport("http://127.0.0.1:1"))
    with pytest.raises(Unanswered):
        line.opens_phone("phone", token=None)
    with none_left(), pytest.raises(OSError, match="Too many open files"):
        line.opens_phone("phone", token=None)


def test_a_closing_server_is_told_with_code_and_reason() -> None:
    """How the server closed is known, and whoever waits for a frame learns at once that none can come."""
    with socket_server(lambda server: server.close(4401, "token-expired")) as base:
        phone = Line(transport(base)).opens_phone("phone", token=None)
        eventually(lambda: phone.closure, has(code=4401, reason="token-expired", by_us=False), within=20)
        with pytest.raises(CheckFailure, match="4401 'token-expired'"):
            phone.frames()
        with pytest.raises(CheckFailure) as failure:
            phone.sends_raw("too late")
        assert failure.value.got == str(phone.closure)
        assert phone.arrivals == ()


@pytest.mark.parametrize(
    "rubbish", ["{not json of a stranger", '{"type": "welcome", "t": "stranger"}', b"\x00stranger"]
)
def test_rubbish_is_told_to_the_check(rubbish: str | bytes) -> None:
    """A frame that the contract does not know fails whoever listens, and the failure does not show what is in it."""

    def talks(server: ServerConnection) -> None:
        server.send(rubbish)
        server.recv()

    with socket_server(talks) as base:
        line = Line(transport(base))
        with pytest.raises(CheckFailure, match="only frames of the contract") as failure:
            welcomed(line.opens_phone("phone", token=None))
        assert "stranger" not in str(failure.value)
        with pytest.raises(CheckFailure, match="only frames of the contract"):
            line.devices[0].arrivals  # noqa: B018  # a property that raises
        phone = line.devices[0]
        line.hangs_up_all()
        assert phone.closure is not None


def test_a_vanished_device_says_no_goodbye() -> None:
    """A device that vanishes resets its connection: the server gets no close frame."""
    codes: list[int | None] = []

    def talks(server: ServerConnection) -> None:
        server.send(json.dumps(WELCOME))
        try:
            server.recv()
        finally:
            codes.append(server.close_code)

    with socket_server(talks) as base:
        phone = welcomed(Line(transport(base)).opens_phone("phone", token=None))
        phone.vanishes()
        assert phone.closure is not None
        eventually(lambda: codes, length(1), within=20)
    assert codes == [1006]


def test_a_refused_handshake_is_a_failure_of_the_service() -> None:
    """A handshake that is answered otherwise is told with the status and laid to the service."""
    body = b'{"detail": "no way", "text": "what a stranger wrote"}'
    with web_server(lambda handler: says(handler, 503, body)) as base, pytest.raises(Unanswered) as failure:
        Line(transport(base)).opens_phone("phone", token=None)
    assert failure.value.service == "websocket-signaling"
    assert failure.value.got == "HTTP 503 instead of 101, body {detail: no way, text: <21 characters>}"


def test_a_silent_handshake_is_given_up() -> None:
    """A peer that takes the connection and says nothing costs the handshake's time-out, scaled."""

    def says_nothing(handler: object) -> None:
        connection = handler.connection  # type: ignore[attr-defined]  # the web server's request handler
        connection.settimeout(8.0)
        connection.recv(1)

    began = time.monotonic()
    with web_server(says_nothing) as base, pytest.raises(Unanswered):
        Line(transport(base, time_scale=0.02)).opens_phone("phone", token=None)
    assert time.monotonic() - began < 5


def test_tokens_and_subprotocols_are_offered_as_asked() -> None:
    """The websocket offers the subprotocol first and the token as a second, or none, and says who asks."""
    offered, agents = list[str](), set[str]()

    def talks(server: ServerConnection) -> None:
        assert server.request is not None
        offered.append(server.request.headers["Sec-WebSocket-Protocol"])
        agents.add(server.request.headers["User-Agent"])

    with socket_server(talks) as base:
        line = Line(transport(base))
        line.opens_phone("phone", token="abc")  # noqa: S106  # no secret of anybody
        line.opens_camera("camera", token=None)
        line.opens_camera("camera", token="")
        line.opens_camera("old camera", token=None, subprotocol="call.v0")
        eventually(lambda: offered, length(4), within=20)
        line.hangs_up_all()
    assert sorted(offered) == ["call.v0", "call.v1", "call.v1, bearer.", "social.v1, bearer.abc"]
    assert agents == {USER_AGENT}
