"""What a token opens, and until when."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler

import pytest
from websockets.sync.server import ServerConnection

from fixtures.checks import CheckFailure
from fixtures.checks.time_scale import forget_time_scale, set_time_scale
from fixtures.clients.protected import services_refuse_once_expired, sockets_refuse
from fixtures.contract.errors import UnexpectedAnswer
from fixtures.contract.promises import PROMISES
from tests.unit.clients.make import person
from tests.unit.clients.peer import heard, says, socket_server, web_server

TOKEN = "head.claims.signature"  # noqa: S105  # no secret of anybody


@pytest.fixture
def scale() -> Iterator[None]:
    """Forget the time scale that a test sets."""
    yield
    forget_time_scale()


def _refuses(handler: BaseHTTPRequestHandler, slug: str) -> None:
    problem = {"type": f"urn:social-platform:problem:{slug}", "title": "t", "status": 401, "detail": "d"}
    body = json.dumps({**problem, "instance": "i", "trace_id": "x"}).encode()
    says(handler, 401, body, Content_Type="application/problem+json", WWW_Authenticate="Bearer")


@pytest.mark.usefixtures("scale")
def test_a_service_whose_clock_is_behind_is_given_time() -> None:
    """An expired token that a service still takes for a moment is no failure of it."""
    asked: Counter[str] = Counter()
    tried: set[str] = set()

    def answers(handler: BaseHTTPRequestHandler) -> None:
        asked[handler.path] += 1
        tried.add(handler.headers["Authorization"])
        if asked[handler.path] < 3:
            says(handler, 200, b"{}")
        else:
            _refuses(handler, "token-expired")

    with web_server(answers) as base:
        services_refuse_once_expired(person(base), TOKEN)
    assert tried == {f"Bearer {TOKEN}"}
    assert set(asked.values()) == {3}
    assert len(asked) == 9


@pytest.mark.usefixtures("scale")
def test_a_service_that_takes_an_expired_token_for_good_fails() -> None:
    """A service that still takes an expired token when its time is over is named, and so is what it did."""
    set_time_scale(0.02)

    def answers(handler: BaseHTTPRequestHandler) -> None:
        if "/api/chat-service" in handler.path:
            says(handler, 200, b"{}")
        else:
            _refuses(handler, "token-expired")

    with web_server(answers) as base, pytest.raises(CheckFailure, match="not a good answer") as failure:
        services_refuse_once_expired(person(base), TOKEN)
    assert failure.value.service == "chat"


def test_a_token_refused_for_another_reason_is_not_refused_as_expired() -> None:
    """A refusal that gives another reason than the expiry fails at once."""
    asked: list[str] = []

    def answers(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        _refuses(handler, "unauthenticated")

    with web_server(answers) as base, pytest.raises(UnexpectedAnswer, match="token-expired"):
        services_refuse_once_expired(person(base), TOKEN)
    assert len(asked) == 1


GOOD = {"social.v1": (4401, "token-expired"), "call.v1": (4401, "token-expired")}


@pytest.mark.usefixtures("scale")
@pytest.mark.parametrize(
    ("ends", "wrong"),
    [
        (GOOD, ""),
        (GOOD | {"social.v1": (4401, "token-invalid")}, "phone"),
        (GOOD | {"social.v1": (4406, "token-expired")}, "phone"),
        (GOOD | {"call.v1": (4401, "")}, "camera"),
        (GOOD | {"call.v1": (1000, "token-expired")}, "camera"),
    ],
)
def test_both_sockets_must_be_closed_for_what_is_wrong(ends: dict[str, tuple[int, str]], wrong: str) -> None:
    """One that is closed for another reason, or with another code, has not looked at the token."""
    set_time_scale(0.2 if wrong else 1)
    offered: set[str | None] = set()

    def talks(server: ServerConnection) -> None:
        assert server.request is not None
        offered.add(server.request.headers["Sec-WebSocket-Protocol"].partition("bearer.")[2])
        server.close(*ends[str(server.subprotocol)])

    with socket_server(talks) as base:
        told = pytest.raises(CheckFailure, match=f"the end of alice's {wrong} for") if wrong else nullcontext()
        with told:
            sockets_refuse(person(base), TOKEN, reason="token-expired")
    assert offered == {TOKEN}


@pytest.mark.usefixtures("scale")
@pytest.mark.parametrize(("factor", "seconds"), [(1, 3), (1.5, 5), (2, 6), (1000, 900)])
def test_a_brief_session_lasts_as_the_time_scale_has_it(factor: float, seconds: int) -> None:
    """The token whose end is waited for lives longer on a slow network, and no longer than may be asked for."""
    assert PROMISES.logins.brief == 3
    set_time_scale(factor)
    wanted: list[int] = []

    def answers(handler: BaseHTTPRequestHandler) -> None:
        wanted.append(json.loads(heard(handler))["access_expires_in"])
        says(handler, 503, b"{}")

    with web_server(answers) as base, pytest.raises(CheckFailure):
        person(base).account.logs_in_briefly()
    assert wanted == [seconds]
