"""As much of a platform as people need to join and leave, and a book for what they make."""

import json
import time
import uuid
from collections import Counter
from http.server import BaseHTTPRequestHandler

from fixtures.clients.world import World
from tests.unit.clients.make import AN_ID, transport
from tests.unit.clients.peer import heard, says


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
        self.slow: dict[str, float] = {}
        """Seconds for which registering waits, by a part of the address."""

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path.partition("?")[0].split("-service", 1)[-1]
        name = f"{handler.command} {path}"
        self.asked.append(name)
        for beginning, others in self.instead.items():
            if name.startswith(beginning) and others:
                status, body = others.pop(0)
                kind = "application/problem+json" if status >= 400 else "application/json"
                says(handler, status, json.dumps(body).encode(), Content_Type=kind)
                return
        body = heard(handler)
        asked = json.loads(body) if handler.command == "POST" and body else {}
        time.sleep(sum(seconds for part, seconds in self.slow.items() if part in asked.get("email", "")))
        email_id = str(uuid.uuid5(uuid.NAMESPACE_URL, asked.get("email", "")))
        says(handler, *self.well(name, email_id, handler.headers["Host"]))

    @staticmethod
    def well(name: str, an_id: str, host: str = "") -> tuple[int, bytes]:
        moment = "2026-01-01T00:00:00.000Z"
        otp = "0" * 8 + "-0000-4000-8000-" + "0" * 12
        mail = {"mail_id": an_id, "to": "x", "kind": "otp", "otp_id": otp, "code": "123456", "received_at": moment}
        bodies: dict[str, tuple[int, object]] = {
            "POST /v1/registrations": (
                201,
                {"user_id": an_id, "email": "x", "status": "pending", "created_at": moment},
            ),
            "POST /v1/otps": (
                202,
                {"otp_id": otp, "purpose": "registration", "expires_at": moment, "attempts_allowed": 5},
            ),
            "GET /v1/synthetic/inbox": (200, {"items": [mail], "next_cursor": None}),
            f"POST /v1/otps/{otp}/verifications": (200, {"otp_id": otp, "proof": "p", "expires_at": moment}),
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
        upload = {"upload_id": AN_ID, "method": "PUT", "url": f"http://{host}/object", "headers": {}}
        bodies["POST /v1/profiles/me/avatar-uploads"] = (201, {**upload, "expires_at": moment})
        bodies[f"POST /v1/profiles/me/avatar-uploads/{AN_ID}/completion"] = (200, {"avatar_url": "http://cdn/it"})
        if name.endswith("/activation"):
            return 200, json.dumps({"user_id": an_id, "status": "active"}).encode()
        if name.startswith(("DELETE", "PUT")):
            return 204, b""
        status, body = bodies[name]
        return status, json.dumps(body).encode()


def world_of(base: str, book: Book) -> World:
    return World(check="test_it", transport=transport(base), book=book, synthetic_key=lambda: "key")


def problem(status: int, slug: str) -> tuple[int, object]:
    return status, {
        "type": f"urn:social-platform:problem:{slug}",
        "title": "t",
        "status": status,
        "detail": "d",
        "instance": "i",
        "trace_id": "x",
    }
