"""What a token opens, and until when."""

import json
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler

import pytest

from fixtures.checks import CheckFailure
from fixtures.checks.time_scale import forget_time_scale, set_time_scale
from fixtures.clients.devices import Line
from fixtures.clients.identity import identify
from fixtures.clients.person import Person
from fixtures.clients.protected import services_refuse_once_expired
from fixtures.contract.errors import UnexpectedAnswer
from fixtures.contract.promises import PROMISES
from tests.unit.clients.make import transport
from tests.unit.clients.peer import heard, says, web_server

TOKEN = "head.claims.signature"  # noqa: S105  # no secret of anybody


@pytest.fixture
def scale() -> Iterator[None]:
    """Forget the time scale that a test sets."""
    yield
    forget_time_scale()


def _person(base: str) -> Person:
    way = transport(base)
    person = Person(identify("run", "test_it", "alice"), way, lambda: "key", Line(way))
    person.becomes("0" * 8)
    return person


def _refuses(handler: BaseHTTPRequestHandler, slug: str) -> None:
    problem = {"type": f"urn:social-platform:problem:{slug}", "title": "t", "status": 401, "detail": "d"}
    body = json.dumps({**problem, "instance": "i", "trace_id": "x"}).encode()
    says(handler, 401, body, Content_Type="application/problem+json", WWW_Authenticate="Bearer")


@pytest.mark.usefixtures("scale")
def test_a_service_whose_clock_is_behind_is_given_time() -> None:
    """An expired token that a service still takes for a moment is no failure of it."""
    asked: Counter[str] = Counter()

    def answers(handler: BaseHTTPRequestHandler) -> None:
        asked[handler.path] += 1
        if asked[handler.path] < 3:
            says(handler, 200, b"{}")
        else:
            _refuses(handler, "token-expired")

    with web_server(answers) as base:
        services_refuse_once_expired(_person(base), TOKEN)
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
        services_refuse_once_expired(_person(base), TOKEN)
    assert failure.value.service == "chat"


def test_a_token_refused_for_another_reason_is_not_refused_as_expired() -> None:
    """A refusal that gives another reason than the expiry fails at once."""
    asked: list[str] = []

    def answers(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path)
        _refuses(handler, "unauthenticated")

    with web_server(answers) as base, pytest.raises(UnexpectedAnswer, match="token-expired"):
        services_refuse_once_expired(_person(base), TOKEN)
    assert len(asked) == 1


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
        _person(base).account.logs_in_briefly()
    assert wanted == [seconds]
