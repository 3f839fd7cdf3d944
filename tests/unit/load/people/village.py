"""A platform that registers, befriends and forgets people over HTTP, and a process that needs some."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from fixtures.checks.time_scale import forget_time_scale
from fixtures.environments.secrets import SecretRef
from loadtests.people import Pool
from loadtests.profiles.phases import steady
from tests.unit.clients.make import environment
from tests.unit.clients.peer import says
from tests.unit.clients.platform import Platform
from tests.unit.load.journeys.town import Town
from tests.unit.load.working import session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from http.server import BaseHTTPRequestHandler
    from pathlib import Path

    from loadtests.session import Session

TIME = "2026-01-01T00:00:00.000Z"


class Clock:
    """Lets time pass at once, and keeps how much."""

    def __init__(self) -> None:
        self.passed: list[float] = []

    def now(self) -> float:
        return sum(self.passed)

    def sleep(self, seconds: float, /) -> None:
        self.passed.append(seconds)


class Village(Platform):
    """Also makes friends; `fails` says of each request whether it is answered with a 500."""

    def __init__(self) -> None:
        super().__init__()
        self.fails: Callable[[str, int], bool] = lambda _name, _before: False
        self.counts: Counter[str] = Counter()
        self.runs: set[str | None] = set()
        self.silent = 0
        """Connections that end without an answer, before the first that has one."""

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        name = f"{handler.command} {handler.path.partition('?')[0].split('-service', 1)[1]}"
        if self.silent:
            self.silent -= 1
            handler.close_connection = True
            return
        self.runs.add(handler.headers.get("X-Synthetic-Run"))
        before, self.counts[name] = self.counts[name], self.counts[name] + 1
        if self.fails(name, before):
            says(handler, 500, b"{}", Content_Type="application/json")
            return
        made = self._made(name)
        if made is None:
            super().__call__(handler)
        else:
            says(handler, 201 if name.endswith(("requests", "conversations")) else 200, json.dumps(made).encode())

    @staticmethod
    def _made(name: str) -> dict[str, Any] | None:
        one, other = str(uuid.uuid4()), str(uuid.uuid4())
        if name.startswith("POST /v1/requests"):
            return {
                "request_id": one,
                "from_user_id": one,
                "to_user_id": other,
                "status": "pending",
                "created_at": TIME,
                "decided_at": None,
            }
        if name.endswith("jwks.json"):
            return {"keys": []}
        if name == "POST /v1/conversations":
            return {"conversation_id": one, "kind": "direct", "member_ids": [one, other], "created_at": TIME}
        return None

    def asked_for(self, what: str) -> int:
        return self.counts[what]


def process(  # noqa: PLR0913 - each is something that a test varies
    base: str,
    folder: Path,
    people: int,
    *,
    secrets: Mapping[str, SecretRef] | None = None,
    mix: Mapping[str, int] | None = None,
    expected: float = 0.0,
    of: int = 1,
) -> Session:
    """One of `of` processes that needs its share of these people for `expected` journeys, and counts nothing yet."""
    forget_time_scale()
    key = folder / "key"
    key.write_text("secret-of-the-village", encoding="utf-8")
    held = {"synthetic_key": SecretRef.parse(f"file:{key}")} if secrets is None else secrets
    platform = replace(environment(base), secrets=held)
    made = session()
    profile = replace(made.profile, people=people, mix=mix or {}, phases=(steady(1, expected),))
    return replace(made, folder=folder, profile=profile, platform=platform, of=of, fire=_counts)


def pool_of(host: Session) -> Pool:
    """Its people, who use a platform in memory when they are lent out."""
    return Pool.make(host, equipment=Town())


def _counts(**sample: object) -> None:
    raise AssertionError(f"nothing is counted while people are made or removed: {sample}")
