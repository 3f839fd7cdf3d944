"""The opening handshake: what is asked, and which answers open a websocket."""

import pytest
from hypothesis import given
from websockets.http11 import Response
from websockets.server import ServerProtocol

from fixtures.http1.requests import USER_AGENT
from loadtests.failure import Failure
from loadtests.sockets.handshake import Handshake
from tests.unit.load.sockets.peers import agreement
from tests.unit.load.sockets.server import cut, places


def opening() -> Handshake:
    return Handshake("h:1", "/v1/socket", subprotocols=("social.v1", "bearer.x"), headers={"X-Synthetic-Run": "r-1"})


@given(places)
def test_the_other_side_agrees(pieces: list[int]) -> None:
    """A server of another package accepts the request, and its answer opens the websocket in whatever pieces."""
    handshake = opening()
    server = ServerProtocol(select_subprotocol=lambda _, offered: offered[0])
    server.receive_data(handshake.request)
    (request,) = server.events_received()
    response = server.accept(request)  # type: ignore[arg-type]
    assert isinstance(response, Response)
    assert response.status_code == 101
    server.send_response(response)
    server.send_text(b"welcome")
    data = b"".join(server.data_to_send())
    rest, got = b"", None
    for piece in cut(data, pieces):
        if got is None:
            got = handshake.feed(piece)
        else:
            rest += piece
    assert got is not None
    assert got + rest == b"\x81\x07welcome"
    assert handshake.subprotocol == "social.v1"
    assert request.headers["X-Synthetic-Run"] == "r-1"  # type: ignore[union-attr]
    assert request.headers["User-Agent"] == USER_AGENT  # type: ignore[union-attr]


def test_answers_that_only_say_to_wait_are_passed_over() -> None:
    """An interim answer is followed by the one that counts."""
    handshake = opening()
    assert handshake.feed(b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n") is None
    assert handshake.feed(agreement(handshake.request)) == b""
    assert "x" not in handshake.headers


def test_white_space_around_values_is_none_of_them() -> None:
    """Blanks and tabs before and behind the value of a header do not count, as RFC 9110 has it in section 5.5."""
    handshake = opening()
    answer = agreement(handshake.request, "Sec-WebSocket-Protocol: \tsocial.v1\t ")
    for line in (b"Upgrade: websocket", b"Connection: Upgrade"):
        answer = answer.replace(line, line + b" \t ")
    head, _, _ = answer.partition(b"\r\n\r\n")
    assert handshake.feed(head + b" \t\r\n\r\n") == b""
    assert handshake.subprotocol == "social.v1"
    assert handshake.headers["upgrade"] == "websocket"


WRONG = {
    "status 401": b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
    "status 200": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "not HTTP": b"\x16\x03\x01 rubbish\r\n\r\n",
    "closed while opening": b"",
    "answer too large": b"HTTP/1.1 101 Switching Protocols\r\nX: " + b"y" * 70_000,
    "not a websocket": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
}


@pytest.mark.parametrize("cause", WRONG)
def test_every_other_answer_says_what_it_is(cause: str) -> None:
    """An answer that does not open a websocket fails with a cause of few words."""
    with pytest.raises(Failure) as failed:
        opening().feed(WRONG[cause])
    assert failed.value.cause == cause


@pytest.mark.parametrize(
    ("cause", "old", "new"),
    [
        ("not a websocket", b"Accept: ", b"Accept: x"),
        ("not a websocket", b"Connection: Upgrade", b"Connection: close"),
        ("not a websocket", b"Connection: Upgrade", b"Connection: keep-alive, upgrades"),
        ("not a websocket", b"Upgrade: websocket\r\n", b""),
        ("not a websocket", b"Upgrade: websocket", b"Upgrade: h2c"),
        ("subprotocol not offered", b"\r\n\r\n", b"\r\nSec-WebSocket-Protocol: z\r\n\r\n"),
        (
            "subprotocol not offered",
            b"\r\n\r\n",
            b"\r\nSec-WebSocket-Protocol: z\r\nSec-WebSocket-Protocol: social.v1\r\n\r\n",
        ),
        ("extension not offered", b"\r\n\r\n", b"\r\nSec-WebSocket-Extensions: z\r\n\r\n"),
    ],
)
def test_an_agreement_must_be_to_what_was_asked(cause: str, old: bytes, new: bytes) -> None:
    """The proof of the key, the protocol switched to, the subprotocol and the extensions are checked."""
    handshake = opening()
    with pytest.raises(Failure) as failed:
        handshake.feed(agreement(handshake.request).replace(old, new))
    assert failed.value.cause == cause
