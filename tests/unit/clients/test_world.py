"""The people of one check: made, and taken away again whatever happened to them."""

import json
import uuid
from collections import Counter
from http.server import BaseHTTPRequestHandler

import pytest

from fixtures.checks import CheckFailure
from fixtures.clients.transport import Unexpected
from fixtures.clients.world import World
from tests.unit.clients.make import speaks_for, transport
from tests.unit.clients.peer import heard, says, web_server


class Book:
    """Keeps what a ledger would."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, ...]] = []

    def intends(self, kind: str, name: str) -> None:
        self.lines.append(("intends", kind, name))

    def confirmed(self, kind: str, name: str) -> None:
        self.lines.append(("confirmed", kind, name))

    def removed(self, kind: str, name: str) -> None:
        self.lines.append(("removed", kind, name))

    def left(self, kind: str, name: str, why: str) -> None:
        self.lines.append(("left", kind, name, why))

    def words(self, kind: str = "account") -> Counter[str]:
        return Counter(line[0] for line in self.lines if line[1] == kind)


class Platform:
    """As much of the platform as joining and leaving need; `answers` may be replaced by path and method."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.instead: dict[str, list[tuple[int, object]]] = {}

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path.partition("?")[0].split("-service", 1)[1]
        name = f"{handler.command} {path}"
        self.asked.append(name)
        for beginning, others in self.instead.items():
            if name.startswith(beginning) and others:
                status, body = others.pop(0)
                kind = "application/problem+json" if status >= 400 else "application/json"
                says(handler, status, json.dumps(body).encode(), Content_Type=kind)
                return
        asked = json.loads(heard(handler) or b"{}")
        says(handler, *self._well(name, str(uuid.uuid5(uuid.NAMESPACE_URL, asked.get("email", "")))))

    @staticmethod
    def _well(name: str, an_id: str) -> tuple[int, bytes]:
        time = "2026-01-01T00:00:00.000Z"
        otp = "0" * 8 + "-0000-4000-8000-" + "0" * 12
        mail = {"mail_id": an_id, "to": "x", "kind": "otp", "otp_id": otp, "code": "123456", "received_at": time}
        bodies: dict[str, tuple[int, object]] = {
            "POST /v1/registrations": (201, {"user_id": an_id, "email": "x", "status": "pending", "created_at": time}),
            "POST /v1/otps": (
                202,
                {"otp_id": otp, "purpose": "registration", "expires_at": time, "attempts_allowed": 5},
            ),
            "GET /v1/synthetic/inbox": (200, {"items": [mail], "next_cursor": None}),
            f"POST /v1/otps/{otp}/verifications": (200, {"otp_id": otp, "proof": "p", "expires_at": time}),
            "POST /v1/tokens": (
                200,
                {
                    "access_token": "a",
                    "token_type": "Bearer",
                    "expires_in": 900,
                    "refresh_token": "r",
                    "refresh_expires_in": 900,
                    "user_id": an_id,
                    "session_id": an_id,
                },
            ),
        }
        if name.endswith("/activation"):
            return 200, json.dumps({"user_id": an_id, "status": "active"}).encode()
        if name.startswith("DELETE"):
            return 204, b""
        status, body = bodies[name]
        return status, json.dumps(body).encode()


def _world(base: str, book: Book) -> World:
    return World(check="test_it", transport=transport(base), book=book, synthetic_key=lambda: "key")


def _problem(status: int, slug: str) -> tuple[int, object]:
    return status, {
        "type": f"urn:social-platform:problem:{slug}",
        "title": "t",
        "status": status,
        "detail": "d",
        "instance": "i",
        "trace_id": "x",
    }


def test_people_join_and_leave_without_a_trace() -> None:
    """Each person is in the book before being made, and removed when the check is over."""
    platform, book = Platform(), Book()
    with web_server(platform) as base:
        world = _world(base, book)
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


def test_who_only_registered_is_verified_to_be_removed() -> None:
    """A pending account cannot log in, so its address is proven first and then it is removed."""
    platform, book = Platform(), Book()
    with web_server(platform) as base:
        world = _world(base, book)
        world.newcomer("newcomer").account.registers()
        world.ends()
    assert platform.asked[-1] == "DELETE /v1/accounts/me"
    assert book.words()["removed"] == 1


def test_who_never_registered_leaves_the_intent_open() -> None:
    """Of a person who was never made, or nobody knows whether, the intent stays in the book."""
    platform, book = Platform(), Book()
    with web_server(platform) as base:
        world = _world(base, book)
        world.newcomer("newcomer")
        world.ends()
    assert book.words() == {"intends": 1}
    assert platform.asked == []


def test_nobody_acts_with_the_tokens_of_somebody_else() -> None:
    """A log-in that hands out another's session fails, and whose it is does not leave by it."""
    platform, book = Platform(), Book()
    with web_server(platform) as base:
        world = _world(base, book)
        alice = world.newcomer("alice")
        alice.account.registers()
        alice.account.verifies()
        status, body = Platform._well("POST /v1/tokens", str(uuid.uuid4()))
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
        alice = _world(base, Book()).newcomer("alice")
        alice.account.registers()
        alice.account.verifies()
        status, body = Platform._well("POST /v1/tokens", alice.user_id)
        platform.instead["POST /v1/tokens"] = [(status, {**json.loads(body), "access_token": speaks_for("another")})]
        with pytest.raises(CheckFailure, match="'another'"):
            alice.account.logs_in()
        assert not alice.logged_in


def test_who_has_logged_out_logs_in_again_to_leave() -> None:
    """A session that has ended is no reason to leave an account behind."""
    platform, book = Platform(), Book()
    platform.instead["DELETE /v1/accounts/me"] = [_problem(401, "unauthenticated")]
    with web_server(platform) as base:
        world = _world(base, book)
        world.person("alice")
        world.ends()
    assert platform.asked[-2:] == ["POST /v1/tokens", "DELETE /v1/accounts/me"]
    assert book.words()["removed"] == 1


def test_what_stays_behind_is_told_and_written() -> None:
    """An account that cannot be removed fails the check, and the book says why."""
    platform, book = Platform(), Book()
    platform.instead["DELETE /v1/accounts/me"] = [_problem(500, "internal")]
    with web_server(platform) as base:
        world = _world(base, book)
        world.person("alice")
        with pytest.raises(CheckFailure, match="nothing left behind") as failure:
            world.ends()
    assert failure.value.service == "auth"
    assert isinstance(failure.value.__cause__, Unexpected)
    assert book.words() == {"intends": 1, "confirmed": 1, "left": 1}


def test_belongings_go_before_their_owner() -> None:
    """What does not go with the account is removed first, the newest first, and gone already is gone."""
    platform, book = Platform(), Book()
    platform.instead["DELETE /v1/profiles/me/avatar"] = [_problem(404, "not-found")]
    with web_server(platform) as base:
        world = _world(base, book)
        alice = world.person("alice")
        alice.owns("avatar", "hers", alice.profile.takes_off_avatar)
        world.ends()
    assert platform.asked[-2:] == ["DELETE /v1/profiles/me/avatar", "DELETE /v1/accounts/me"]
    assert book.words("avatar") == {"intends": 1, "removed": 1}


def test_what_goes_wrong_while_joining_is_told_to_who_asks_for_the_person() -> None:
    """A person who cannot be made fails where the person is needed, with the service that refused."""
    platform, book = Platform(), Book()
    platform.instead["POST /v1/otps"] = [_problem(503, "dependency-unavailable")]
    with web_server(platform) as base:
        world = _world(base, book)
        with pytest.raises(CheckFailure) as failure:
            world.person("alice")
        assert failure.value.service == "otp"
        world.ends()
    assert book.words()["removed"] == 1
