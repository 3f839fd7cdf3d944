"""The people of one check: made, and taken away again."""

import json
import threading
import uuid
from dataclasses import replace

import pytest

from fixtures.checks import CheckFailure
from tests.unit.clients.make import AN_ID, speaks_for
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


@pytest.mark.parametrize("whose", ["access_token", "user_id"])
def test_nobody_acts_with_a_token_that_speaks_for_somebody_else(whose: str) -> None:
    """Services believe what is signed, whoever the answer says that it is for, and an answer for another is none."""
    platform, another = Platform(), str(uuid.uuid4())
    with web_server(platform) as base:
        alice = world_of(base, Book()).newcomer("alice")
        alice.account.registers()
        alice.account.verifies()
        status, body = Platform.well("POST /v1/tokens", alice.user_id)
        own = {**json.loads(body), "access_token": speaks_for(alice.user_id)}
        others = {"access_token": speaks_for(another), "user_id": another}
        platform.instead["POST /v1/tokens"] = [(status, {**own, whose: others[whose]})]
        with pytest.raises(CheckFailure, match=another):
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


def test_who_does_not_come_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person who takes longer to join than any step may is a failure of the check that needs them."""
    gives_up = threading.Event()
    with web_server(Platform()) as base:
        world = world_of(base, Book())
        monkeypatch.setattr(world.newcomer("alice"), "joins", lambda: gives_up.wait(20))
        monkeypatch.setattr(world.transport, "timeouts", replace(world.transport.timeouts, work=0.1))
        with pytest.raises(CheckFailure, match="still not done") as failure:
            world.person("alice")
        gives_up.set()
    assert failure.value.service == "auth"


def test_an_account_that_was_not_made_usable_fails_where_it_should_have_been() -> None:
    """An activation that is answered well and is none would be found by whatever comes next, and laid to that."""
    platform = Platform()
    platform.instead["POST /v1/registrations/"] = [(200, {"user_id": AN_ID, "status": "pending"})]
    with web_server(platform) as base:
        alice = world_of(base, Book()).newcomer("alice")
        alice.account.registers()
        with pytest.raises(CheckFailure, match="the activation of alice"):
            alice.account.verifies()
        assert not alice.active


def test_the_mail_of_the_code_that_was_asked_for_is_the_one_received() -> None:
    """Whatever else is in the inbox, be it newer."""
    platform = Platform()
    status, body = Platform.well("GET /v1/synthetic/inbox", AN_ID)
    (wanted,) = json.loads(body)["items"]
    other = {**wanted, "otp_id": AN_ID, "code": "654321"}
    platform.instead["GET /v1/synthetic/inbox"] = [(status, {"items": [other, wanted], "next_cursor": None})]
    with web_server(platform) as base:
        alice = world_of(base, Book()).newcomer("alice")
        alice.account.registers()
        assert alice.account.receives(alice.account.asks_for_a_code()).code == "123456"
