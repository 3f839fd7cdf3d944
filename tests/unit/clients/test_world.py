"""The people of one check: made, and taken away again."""

import json
import uuid

import pytest

from fixtures.checks import CheckFailure
from tests.unit.clients.make import speaks_for
from tests.unit.clients.peer import web_server
from tests.unit.clients.platform import Book, Platform, problem, world_of


def test_people_join_and_leave_without_a_trace() -> None:
    """Each person is in the book before being made, and removed when the check is over."""
    platform, book = Platform(), Book()
    with web_server(platform) as base:
        world = world_of(base, book)
        alice, bob = world.people("alice", "bob")
        assert alice.active
        assert bob.logged_in
        assert world.person("alice") is alice
        world.ends()
    assert book.words() == {"intends": 2, "confirmed": 2, "removed": 2}
    assert platform.asked.count("DELETE /v1/accounts/me") == 2
    made = platform.asked.index("POST /v1/registrations")
    assert made >= 0
    assert book.lines[0][0] == "intends"


def test_nobody_acts_with_the_tokens_of_somebody_else() -> None:
    """A log-in that hands out another's session fails, and whose it is does not leave by it."""
    platform, book = Platform(), Book()
    with web_server(platform) as base:
        world = world_of(base, book)
        alice = world.newcomer("alice")
        alice.account.registers()
        alice.account.verifies()
        status, body = Platform.well("POST /v1/tokens", str(uuid.uuid4()))
        platform.instead["POST /v1/tokens"] = [(status, json.loads(body))] * 3
        with pytest.raises(CheckFailure, match="the tokens of alice"):
            alice.account.logs_in()
        assert not alice.logged_in
        with pytest.raises(CheckFailure):
            world.ends()
    assert book.words()["left"] == 1
    assert not any(name.startswith("DELETE") for name in platform.asked)


def test_nobody_acts_with_a_token_that_speaks_for_somebody_else() -> None:
    """Services believe what is signed, whoever the answer says that it is for."""
    platform = Platform()
    with web_server(platform) as base:
        alice = world_of(base, Book()).newcomer("alice")
        alice.account.registers()
        alice.account.verifies()
        status, body = Platform.well("POST /v1/tokens", alice.user_id)
        platform.instead["POST /v1/tokens"] = [(status, {**json.loads(body), "access_token": speaks_for("another")})]
        with pytest.raises(CheckFailure, match="'another'"):
            alice.account.logs_in()
        assert not alice.logged_in


def test_what_goes_wrong_while_joining_is_told_to_who_asks_for_the_person() -> None:
    """A person who cannot be made fails where the person is needed, with the service that refused."""
    platform, book = Platform(), Book()
    platform.instead["POST /v1/otps"] = [problem(503, "dependency-unavailable")]
    with web_server(platform) as base:
        world = world_of(base, book)
        with pytest.raises(CheckFailure) as failure:
            world.person("alice")
        assert failure.value.service == "otp"
        world.ends()
    assert book.words()["removed"] == 1
