"""What services remember of people."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from fixtures.sandbox.services import people
from fixtures.sandbox.services.database import Database
from fixtures.sandbox.services.patience import Patience
from fixtures.sandbox.services.people import People

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Accounts(Database):
    """Knows some people's runs and counts how often it is asked."""

    def __init__(self, runs: Mapping[UUID, str | None]) -> None:
        super().__init__("postgresql://nowhere", "test", Patience())
        self.runs = dict(runs)
        self.asked = 0

    async def row(self, sql: str, *args: Any) -> Any:  # noqa: ANN401, ARG002 - one statement alone comes here
        """Return the account of the person asked for."""
        self.asked += 1
        (user,) = args
        if user not in self.runs:
            return None
        return {"user_id": user, "email": "a@b.test", "status": "active", "synthetic_run": self.runs[user]}


@pytest.mark.parametrize("run", ["run-1", None])
def test_the_run_of_a_person_is_asked_for_once(run: str | None) -> None:
    """Who is synthetic, and who is not, is remembered."""
    person = uuid4()
    accounts = _Accounts({person: run})
    somebody = People(accounts)
    assert [asyncio.run(somebody.run_of(person)) for _ in range(3)] == [run] * 3
    assert accounts.asked == 1


def test_nobody_is_not_remembered() -> None:
    """Whoever did not exist when first asked for is found as soon as they do."""
    person = uuid4()
    accounts = _Accounts({})
    somebody = People(accounts)
    assert asyncio.run(somebody.run_of(person)) is None
    accounts.runs[person] = "run-1"
    assert asyncio.run(somebody.run_of(person)) == "run-1"


def test_only_so_many_people_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded: the first ones remembered are asked for again."""
    monkeypatch.setattr(people, "_REMEMBERED", 2)
    several = [uuid4() for _ in range(3)]
    accounts = _Accounts(dict.fromkeys(several, "run-1"))
    somebody = People(accounts)
    for person in (*several, several[2], several[0]):
        asyncio.run(somebody.run_of(person))
    assert accounts.asked == 4
