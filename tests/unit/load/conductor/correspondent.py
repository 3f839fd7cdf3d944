"""A member whose letters are read by a test, the people whom it makes, and its work."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import gevent

from fixtures.environments import load_environment
from loadtests import clock
from loadtests.conductor.member import Member
from loadtests.conductor.messages import End, FromMember, Go, Prepare
from loadtests.conductor.order import digest
from loadtests.profiles.load import load_profile
from loadtests.session import Session

T = TypeVar("T")
ENVIRONMENT = """
name = "told"
api = "https://127.0.0.1:1"
reported_environment = "told"
strict = false
"""


@dataclass
class People:
    """A pool that knows whether it was removed."""

    people: tuple[int, ...] = (1, 2)
    notes: tuple[str, ...] = ()
    removed: int = 0
    stays: tuple[str, ...] = ()

    def remove(self) -> tuple[str, ...]:
        self.removed += 1
        return self.stays


@dataclass
class Work:
    """Work that needs some time to stop."""

    session: Session
    takes: float = 0.0
    stopped: list[float] = field(default_factory=list)

    def collect(self) -> None:
        self.session.recorder.asks(7)

    def stop(self, drain: float) -> int:
        self.stopped.append(drain)
        gevent.sleep(min(self.takes, drain))
        self.session.recorder.heard(request_type="GET", name="chat conversations", response_time=100.0)
        return int(self.takes > drain)


class Told:
    """A member whose letters are read by the test."""

    def __init__(self, tmp_path: Path, people: Callable[[Session], object] = lambda _: People()) -> None:
        self.letters: list[FromMember] = []
        self.run = "run"
        self.published: list[Session | None] = []
        self.environment = tmp_path / "told.toml"
        self.environment.write_text(ENVIRONMENT)
        self.folder = tmp_path / "run"
        self.member = Member(lambda **_: None, self, self.published.append, people)  # type: ignore[arg-type]

    def to_leader(self, message: FromMember) -> None:
        self.letters.append(message)

    def prepares(self, **changes: object) -> None:
        self.run = str(changes.get("run", "run"))
        told = {
            "run": "run",
            "folder": str(self.folder),
            "profile": "smoke",
            "digest": digest(load_profile("smoke"), load_environment(str(self.environment))),
            "environment": str(self.environment),
            "rate": 1.0,
            "lasting": None,
            "share": 0,
            "of": 1,
        }
        self.member.hear(Prepare(**{**told, **changes}))  # type: ignore[arg-type]
        gevent.sleep(0.05)

    def begins(self, *works: Callable[[Session], Work], run: str = "run") -> Session:
        self.prepares(run=run)
        session = self.published[-1]
        assert session is not None
        session.works.extend(work(session) for work in works)
        self.member.hear(Go(run, clock.wall()))
        return session

    def ends(self, drain: float = 1.0, *, early: bool = True) -> None:
        self.member.hear(End(self.run, drain, early))
        gevent.sleep(0)
        assert self.member.over.wait(60)

    def of(self, kind: type[T]) -> list[T]:
        return [letter for letter in self.letters if isinstance(letter, kind)]
