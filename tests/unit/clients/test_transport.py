"""The HTTP transport: what it sends, how often, and what it says of what came back."""

import json
import re
import socket
import ssl
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from types import SimpleNamespace

import pytest

from fixtures.clients.exchanges import Exchange, Exchanges
from fixtures.clients.patience import SHARE, SILENCES, Patience
from fixtures.clients.transport import Transport, Unanswered, Unexpected
from fixtures.clients.witness import Witness
from fixtures.contract import auth, objects, shared
from fixtures.environments import ForbiddenEffectError
from fixtures.runs.attribution import invalidity
from fixtures.runs.verdict import Invalid
from tests.unit.clients.make import AN_ID, environment, transport
from tests.unit.clients.peer import says, web_server
from tests.unit.descriptors import none_left

SERVED = 'auth;slot=green;build="prod-1234567";instance="auth-1"'
KEYS = b'{"keys": []}'
SIGNED = "?X-Amz-Credential=someone&X-Amz-Signature=0123abcd"


def test_each_request_begins_a_trace_and_is_marked_synthetic() -> None:
    """Every request carries a traceparent of its own and the run's mark."""
    seen: list[tuple[str, str]] = []

    def answers(handler: BaseHTTPRequestHandler) -> None:
        seen.append((handler.headers["traceparent"], handler.headers["X-Synthetic-Run"]))
        says(handler, 200, KEYS)

    with web_server(answers) as base:
        sender = transport(base)
        assert sender.send(auth.key_set()).keys == ()
        sender.send(auth.key_set())
    assert {run for _, run in seen} == {"run"}
    assert len({trace for trace, _ in seen}) == 2


@pytest.mark.parametrize("status", [500, 503, 429])
def test_nothing_is_tried_again(status: int) -> None:
    """A request is sent once, whatever the answer."""
    asked: list[str] = []

    def answers(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        says(handler, status, b"{}", Retry_After="0")

    with web_server(answers) as base, pytest.raises(Unexpected) as failure:
        transport(base).send(auth.key_set())
    assert len(asked) == 1
    assert (failure.value.status, failure.value.service) == (status, "auth")


def test_a_request_that_went_out_again_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was sent once more, since its kept connection had ended, is told as that, answered or not."""
    monkeypatch.setattr("fixtures.http1.connections.CROSSED", 60.0)
    turns = iter(["answered", "dropped", "answered", "dropped", "dropped"])

    def answers(handler: BaseHTTPRequestHandler) -> None:
        if next(turns) == "dropped":
            handler.close_connection = True
        else:
            says(handler, 200, KEYS)

    with web_server(answers) as base:
        sender = transport(base)
        sender.send(auth.key_set())
        sender.send(auth.key_set())
        with pytest.raises(Unanswered, match="sent twice"):
            sender.send(auth.key_set())
    assert [exchange.repeated for exchange in sender.exchanges] == [False, True, True]
    assert ["sent twice" in str(exchange) for exchange in sender.exchanges] == [False, True, True]


def test_an_unexpected_answer_says_how_to_ask_again() -> None:
    """The failure of an exchange has the service, what was expected, and a command without the secrets."""
    with web_server(lambda handler: says(handler, 200, b"<html>")) as base, pytest.raises(Unexpected) as failure:
        transport(base).send(auth.log_in("a@b.c", "a secret password"))
    text = str(failure.value)
    assert "a secret password" not in text
    assert failure.value.expected not in failure.value.got
    assert "curl" in failure.value.repeat
    assert "$PASSWORD" in failure.value.repeat


def test_what_answers_in_a_services_place_is_told_where_services_say_who_they_are() -> None:
    """Of a limit before the services it is said where to look, and nothing where no service ever says who it is."""
    turns = iter([200, 429, 200, 429, 429])
    served = iter([False, False, True, False, True])

    def answers(handler: BaseHTTPRequestHandler) -> None:
        says(handler, next(turns), KEYS, **({"X_Served_By": SERVED} if next(served) else {}))

    with web_server(answers) as base:
        told = []
        for _ in range(2):
            transport(base).send(auth.key_set())
            with pytest.raises(Unexpected, match="no X-Served-By, Server BaseHTTP") as failure:
                transport(base).send(auth.key_set())
            told.append(failure.value.likely)
        with pytest.raises(Unexpected) as failure:
            transport(base).send(auth.key_set())
    assert told[0] == failure.value.likely == ""
    assert "something before the service answered" in told[1]
    assert "exempt it" in told[1]


def test_no_answer_names_the_service_and_comes_from_the_error() -> None:
    """What cannot be reached is laid to the service that was asked, with the network's error as its cause."""
    with web_server(lambda handler: says(handler, 200, KEYS)) as base:
        gone = base
    with pytest.raises(Unanswered) as failure:
        transport(gone).send(auth.key_set())
    assert failure.value.service == "auth"
    assert failure.value.__cause__ is not None
    assert re.fullmatch(r"ConnectionRefusedError: .* refused, after \d\.\d\d s", failure.value.got)


def test_an_answer_that_is_no_http_is_no_answer() -> None:
    """Garbage on the wire is an exchange without an answer, not an error of ours."""

    def answers(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"\x00\x01garbage\r\n\r\n")
        handler.close_connection = True

    with web_server(answers) as base, pytest.raises(Unanswered) as failure:
        transport(base).send(auth.key_set())
    assert "sent twice" not in failure.value.got


def test_an_answer_that_breaks_off_is_no_answer() -> None:
    """A body shorter than its announced length is an exchange without an answer."""

    def answers(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"{")
        handler.close_connection = True

    with web_server(answers) as base, pytest.raises(Unanswered):
        transport(base).send(auth.key_set())


@pytest.mark.parametrize(
    "address",
    [
        *("", "   ", "/bucket/key", "//storage.example/key", "storage.example/key"),
        *("ftp://storage.example/key", "https:///key", "https://storage.example:port/key"),
        *("https://storage.example:99999/key", "https://[::1/key", "https://storage..example/key", "https://b\xfc/key"),
    ],
)
@pytest.mark.parametrize("verb", ["get", "put"])
def test_an_address_that_is_none_is_no_answer(address: str, verb: str) -> None:
    """An address given out that cannot be asked is named without its signature, and nothing is asked in its place."""
    asked: list[str] = []

    def answers(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        says(handler, 200, KEYS)

    upload = shared.Upload("PUT", address + SIGNED, {}, datetime.now(UTC))
    operation = objects.put(upload, b"content") if verb == "put" else objects.get(address + SIGNED)
    with web_server(answers) as base:
        sender = transport(base)
        with pytest.raises(Unanswered) as failure:
            sender.answer(operation)
    assert repr(address) in failure.value.got
    assert "the service that gave this address out" in failure.value.likely
    (kept,) = sender.exchanges
    for shown in (str(failure.value), failure.value.repeat, str(failure.value.__cause__), kept.outcome, kept.curl):
        assert "0123abcd" not in shown
        assert "someone" not in shown
    assert asked == []


def test_a_silent_peer_is_given_up() -> None:
    """A peer that never answers costs the read time-out, scaled, and no more."""

    def answers(handler: BaseHTTPRequestHandler) -> None:
        handler.connection.settimeout(20.0)
        handler.connection.recv(1)
        handler.close_connection = True

    with web_server(answers) as base, pytest.raises(Unanswered) as failure:
        transport(base, time_scale=0.02).send(auth.key_set())
    assert "TimeoutError: nothing came for 0.12 s" in failure.value.got


def untimely() -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate is not yet valid")
    error.verify_code = 9
    return error


@pytest.mark.parametrize(
    ("error", "likely"),
    [
        (TimeoutError("slow"), "no service has seen the request: look at the network"),
        (ConnectionRefusedError("no"), "nothing listens"),
        (ConnectionResetError("cut"), "cut in the middle"),
        (socket.gaierror(socket.EAI_NONAME, "unknown"), "does not resolve"),
        (ssl.SSLCertVerificationError(1, "unknown authority"), "ca_file"),
        (untimely(), "this machine's clock says 20"),
    ],
)
def test_what_is_likely_wrong_is_said(monkeypatch: pytest.MonkeyPatch, error: OSError, likely: str) -> None:
    """Whoever reads of a request without an answer is told where to look first."""

    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(socket, "create_connection", fails)
    with pytest.raises(Unanswered) as failure:
        transport("http://127.0.0.1:1").send(auth.key_set())
    assert likely in failure.value.likely


def test_what_is_lacking_here_is_no_missing_answer() -> None:
    """Who has no file descriptor left has asked nobody."""
    sender = transport("http://127.0.0.1:1")
    with none_left(), pytest.raises(OSError, match="Too many open files") as lacking:
        sender.send(auth.key_set())
    (problem,) = invalidity(lacking.value)
    assert problem.cause is Invalid.ENVIRONMENT_UNUSABLE
    assert "ulimit -n" in problem.text


def test_a_connection_that_did_not_come_is_laid_to_no_service() -> None:
    """Nothing of the platform has seen the request: what was too slow is the way, or whoever ends TLS."""
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Unanswered) as failure:
        transport(f"https://127.0.0.1:{silent.getsockname()[1]}", time_scale=0.05).send(auth.key_set())
    assert "ConnectTimeoutError: no TLS within 0.15 s" in failure.value.got
    assert "look at the network from here and at the load balancer" in failure.value.likely


def test_a_refusal_is_read_as_one() -> None:
    """An expected refusal gives its problem, and a good answer in its place is a failure."""
    body = (
        b'{"type": "urn:social-platform:problem:not-verified", "title": "t", "status": 403, "detail": "d",'
        b' "instance": "i", "trace_id": "x"}'
    )
    with web_server(lambda handler: says(handler, 403, body, Content_Type="application/problem+json")) as base:
        assert transport(base).refused(auth.account(), "not-verified").slug == "not-verified"
    with web_server(lambda handler: says(handler, 200, b"{}")) as base, pytest.raises(Unexpected):
        transport(base).refused(auth.account(), "not-verified")


def test_an_environment_without_effects_is_only_looked_at() -> None:
    """Where only reading is allowed nothing else is sent."""
    asked: list[str] = []

    def answers(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        says(handler, 200, KEYS)

    with web_server(answers) as base:
        careful = transport(base, effects=frozenset({"read"}))
        careful.send(auth.key_set())
        with pytest.raises(ForbiddenEffectError):
            careful.send(auth.register("a@b.c", "p" * 12, "A"))
    assert len(asked) == 1


def test_the_witness_hears_of_touch_and_of_who_answered() -> None:
    """Each exchange is told with its service, and a well-formed X-Served-By with where it came from."""
    touched: list[str] = []
    answered: list[tuple[str, ...]] = []

    def touch(service: str, exchange: Exchange | None = None, /) -> None:
        touched.append(f"{service} {exchange.outcome if exchange else ''}")

    def answer(*who: str) -> None:
        answered.append(who)

    witness = Witness(touch, answer)
    with web_server(lambda handler: says(handler, 200, KEYS, X_Served_By=SERVED)) as base:
        Transport(environment(base), run_id="r", witness=witness, exchanges=Exchanges()).send(auth.key_set())
    with web_server(lambda handler: says(handler, 200, KEYS, X_Served_By="?!")) as other:
        Transport(environment(other), run_id="r", witness=witness, exchanges=Exchanges()).send(auth.key_set())
    assert touched == ["auth 200", "auth 200"]
    assert answered == [("auth", "green", "prod-1234567", base, "auth-1")]


def test_another_address_is_asked_there() -> None:
    """A transport towards another address keeps the check's record and asks at that address."""
    with web_server(lambda handler: says(handler, 200, KEYS)) as base:
        sender = transport("http://127.0.0.1:1")
        sender.towards(base).send(auth.key_set())
    assert [str(exchange.outcome) for exchange in sender.exchanges] == ["200"]


def test_health_of_a_service_that_is_down_is_not_good() -> None:
    """A health answer of 503 is unexpected, so a check of health fails by itself."""
    with web_server(lambda handler: says(handler, 503, b"{}")) as base, pytest.raises(Unexpected):
        transport(base).send(shared.health("chat"))


def test_a_peer_that_stays_silent_is_waited_for_ever_less_long() -> None:
    """After some silences in a row less is waited, and one answer restores all of it."""
    patience = Patience()
    assert patience.left("https://a", "chat", 6.0) == 6.0
    for _ in range(SILENCES + 1):
        patience.silent("https://a", "chat")
    assert patience.left("https://a", "chat", 6.0) == 6.0 * SHARE
    assert patience.left("https://a", "auth", 6.0) == 6.0
    assert patience.left("https://b", "chat", 6.0) == 6.0
    patience.heard("https://a", "chat")
    assert patience.left("https://a", "chat", 6.0) == 6.0


@pytest.mark.parametrize("ours", [-300.0, 0.0, 300.0])
def test_how_far_our_clock_is_off_is_told(monkeypatch: pytest.MonkeyPatch, ours: float) -> None:
    """The date of an answer shows whether this machine's clock is that of the platform."""
    told: list[float] = []
    clock = SimpleNamespace(time=lambda: time.time() + ours, monotonic=time.monotonic)
    monkeypatch.setattr("fixtures.clients.transport.time", clock)
    with web_server(lambda handler: says(handler, 200, KEYS)) as base:
        witness = Witness(timed=told.append)
        Transport(environment(base), run_id="run", witness=witness, exchanges=Exchanges()).send(auth.key_set())
    assert told == [pytest.approx(ours, abs=1.5)]


def test_tokens_are_told_to_who_hides_them() -> None:
    """Whoever is given a session's tokens, and however, they are known as secrets before anything can show them."""
    entrusted: list[str] = []
    tokens = {"access_token": "a1", "token_type": "Bearer", "expires_in": 1, "refresh_token": "r1"}
    tokens |= {"refresh_expires_in": 1, "user_id": AN_ID, "session_id": AN_ID}
    with web_server(lambda handler: says(handler, 200, json.dumps(tokens).encode())) as base:
        asking = Transport(
            environment(base), run_id="run", witness=Witness(entrusted=entrusted.append), exchanges=Exchanges()
        )
        asking.send(auth.refresh("r0"))
        with pytest.raises(Unexpected):
            asking.send(auth.account())
    assert entrusted == ["a1", "r1"]
