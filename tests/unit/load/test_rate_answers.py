"""Operations at rates of their own: what of answers with the right status and of the right type is good."""

import gzip
import json
from collections.abc import Callable

import pytest

from loadtests.answers import check_of
from loadtests.failure import Failure
from loadtests.profiles.operations import REPEATABLE
from tests.unit.load.working import HEALTH

PAGE: dict[str, object] = {"items": [], "next_cursor": None}


def check(operation: str) -> Callable[[int, bytes], object]:
    return check_of(REPEATABLE[operation])


@pytest.mark.parametrize("status", ["up", "degraded"])
def test_a_service_that_works_with_less_is_a_good_answer(status: str) -> None:
    """What is degraded is still a 200, as the contract has it."""
    check("chat getHealth")(200, json.dumps({**HEALTH, "status": status}).encode())


@pytest.mark.parametrize(
    ("operation", "body", "cause"),
    [
        ("chat getHealth", {**HEALTH, "status": "down"}, "status down"),
        ("auth getHealth", HEALTH, "wrong service"),
        ("auth getKeySet", {"keys": []}, "no keys"),
        ("video-call-signaling getIceServers", {"ice_servers": [], "ttl_s": 1}, "no ice_servers"),
        ("chat listConversations", PAGE, "no items"),
        ("friend-request listFriends", PAGE, "no items"),
    ],
)
def test_what_says_nothing_good_is_a_failure(operation: str, body: dict[str, object], cause: str) -> None:
    """A service that is down says so quickly, and a list that lost everything is of the right type."""
    with pytest.raises(Failure) as raised:
        check(operation)(200, json.dumps(body).encode())
    assert raised.value.cause == cause


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (b"<html>502 Bad Gateway</html>", "contract: not JSON"),
        (gzip.compress(b"{}", mtime=0), "contract: compressed"),
        (b"[]", "contract: the body"),
        (b"{}", "contract: keys missing"),
        (b'{"keys": 0}', "contract: keys mistyped"),
    ],
)
def test_what_breaks_the_contract_is_said_in_the_words_of_journeys(body: bytes, cause: str) -> None:
    """An operation that people and rates use has one cause in a report for one mistake."""
    with pytest.raises(Failure) as raised:
        check("auth getKeySet")(200, body)
    assert raised.value.cause == cause


@pytest.mark.parametrize("operation", ["friend-request listBlocks", "notification listNotifications"])
def test_what_may_be_empty_is_good_without_anything(operation: str) -> None:
    """Nobody of the pool is blocked, and who was told nothing yet has no notification."""
    check(operation)(200, json.dumps(PAGE).encode())


def test_who_must_have_been_told_by_now_has_a_notification() -> None:
    """Everybody of the pool became somebody's friend."""
    with pytest.raises(Failure, match="no items"):
        check_of(REPEATABLE["notification listNotifications"], told_by=0.0)(200, json.dumps(PAGE).encode())


def test_a_list_with_something_in_it_is_good() -> None:
    """One key is enough to verify tokens by."""
    server = {"urls": ["stun:localhost"]}
    check("video-call-signaling getIceServers")(200, json.dumps({"ice_servers": [server], "ttl_s": 1}).encode())
