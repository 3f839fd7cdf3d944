"""What somebody sends in their own name, and lists read page by page."""

import json
from http.server import BaseHTTPRequestHandler

import pytest

from fixtures.checks import CheckFailure
from fixtures.clients.actor import MOST_PAGES, Actor, Good, NotThatFarError
from fixtures.clients.identity import identify
from fixtures.contract import auth, friend_request, notification
from fixtures.contract.operation import Operation
from tests.unit.clients.make import AN_ID, person, transport
from tests.unit.clients.peer import Answers, says, web_server
from tests.unit.clients.platform import problem


@pytest.mark.parametrize(
    ("operation", "credentials"),
    [
        (auth.account(), ("Bearer a1", None)),
        (notification.deliveries("run"), (None, "key")),
        (auth.key_set(), (None, None)),
    ],
    ids=lambda one: one.label if isinstance(one, Operation) else "",
)
def test_each_operation_is_sent_with_the_credential_that_it_needs_and_no_other(
    operation: Operation[object], credentials: tuple[str | None, str | None]
) -> None:
    """Whatever is expected of its answer: a refusal for want of a credential would prove nothing."""
    seen = []
    status, body = problem(401, "unauthenticated")

    def answers(handler: BaseHTTPRequestHandler) -> None:
        seen.append((handler.headers["Authorization"], handler.headers["X-Synthetic-Key"]))
        told = {"Content_Type": "application/problem+json", "WWW_Authenticate": "Bearer"}
        says(handler, status, json.dumps(body).encode(), **told)

    with web_server(answers) as base:
        alice = person(base)
        with pytest.raises(CheckFailure):
            alice.does(operation)
        alice.is_refused(operation, "unauthenticated")
        assert Good(operation).match(alice.gets(operation)) is not None
    assert seen == [credentials] * 3


def test_nobody_acts_before_there_is_a_session() -> None:
    """A check that forgets a step is told of its mistake."""
    alice = Actor(identify("run", "test_it", "alice"), transport("http://127.0.0.1:1"), lambda: "key")
    with pytest.raises(NotThatFarError, match="alice has not logged in"):
        alice.does(auth.account())
    with pytest.raises(NotThatFarError, match="alice has not registered"):
        _ = alice.user_id


def _pages(following: dict[str | None, str | None], asked: list[str]) -> Answers:
    """A list whose pages have one item each, and lead from one cursor to the next."""

    def answers(handler: BaseHTTPRequestHandler) -> None:
        asked.append(handler.path.partition("?")[2])
        cursor = handler.path.partition("cursor=")[2] or None
        since = f"2026-01-01T00:00:0{len(cursor or '')}Z"
        page = {"items": [{"user_id": AN_ID, "since": since}], "next_cursor": following[cursor]}
        says(handler, 200, json.dumps(page).encode())

    return answers


def test_a_list_is_read_to_its_last_page_in_order() -> None:
    """What its pages lose or repeat can show only in all of them."""
    asked: list[str] = []
    with web_server(_pages({None: "a", "a": "bb", "bb": None}, asked)) as base:
        found = person(base).reads_all(lambda cursor: friend_request.friends(limit=1, cursor=cursor))
    assert [one.since.second for one in found] == [0, 1, 2]
    assert asked == ["limit=1", "limit=1&cursor=a", "limit=1&cursor=bb"]


def test_a_list_whose_cursors_lead_in_a_circle_fails_its_service() -> None:
    """No check reads for ever, and what was read by then is not taken for all of it."""
    asked: list[str] = []
    with web_server(_pages({None: "a", "a": "a"}, asked)) as base, pytest.raises(CheckFailure) as failure:
        person(base).reads_all(lambda cursor: friend_request.friends(cursor=cursor))
    assert (failure.value.service, len(asked)) == ("friend-request", MOST_PAGES)
    assert "in a circle" in failure.value.likely
