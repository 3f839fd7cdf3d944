"""Tokens are refreshed before they expire, evenly, and by password where refreshing failed."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from loadtests.failure import Failure
from loadtests.people.keeper import Keeper
from tests.unit.load.journeys.town import Town, tokens

if TYPE_CHECKING:
    import pytest

    from fixtures.clients.person import Person

TOKENS = "auth issueTokens"


def _fresh(person: Person) -> bool:
    return person.tokens.access_token.startswith("newcomer")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def _people(town: Town, count: int, lifetime: int) -> list[Person]:
    people = [town.person(f"p{number}") for number in range(count)]
    for person in people:
        person.holds(tokens(person.user_id, expires_in=lifetime, access="old"))
    return people


def _run(keeper: Keeper, clock: Clock, seconds: int) -> list[int]:
    """Let time pass, look each second, and return how many asked in each."""
    town = keeper._client.town  # type: ignore[attr-defined]  # the town's own client
    asked = []
    for _ in range(seconds):
        clock.now += 1.0
        before = len(town.asked)
        keeper.look()
        asked.append(len(town.asked) - before)
    return asked


def test_nobody_is_asked_while_tokens_are_fresh() -> None:
    """Nothing is refreshed in the first third of a token's life."""
    town, clock = Town(), Clock()
    keeper = Keeper(_people(town, 10, 90), town.quiet_client(), clock)
    assert sum(_run(keeper, clock, 29)) == 0


def test_everybody_has_fresh_tokens_before_the_old_ones_expire() -> None:
    """All tokens are fresh after two thirds of a life, and no second sees more than its share of the requests."""
    town, clock = Town(), Clock()
    people = _people(town, 100, 90)
    keeper = Keeper(people, town.quiet_client(), clock)
    asked = _run(keeper, clock, 60)
    assert all(_fresh(person) for person in people)
    assert max(asked) <= 4
    assert not keeper.failures


def test_everybody_is_refreshed_again_and_again() -> None:
    """In a long run nobody is left out: within every life each person is refreshed at least once."""
    town, clock = Town(), Clock()
    people = _people(town, 7, 30)
    keeper = Keeper(people, town.quiet_client(), clock)
    for _ in range(5):
        for person in people:
            person.holds(tokens(person.user_id, expires_in=30, access="old"))
        _run(keeper, clock, 30)
        assert all(_fresh(person) for person in people)


def test_password_helps_where_refreshing_fails() -> None:
    """A spent refresh token is no reason to lose somebody; the failure is counted all the same."""
    town, clock = Town(), Clock()
    (person,) = people = _people(town, 1, 3)
    town.trouble[TOKENS].append(Failure("status 401"))
    keeper = Keeper(people, town.quiet_client(), clock)
    _run(keeper, clock, 2)
    assert _fresh(person)
    assert keeper.failures == {"status 401": 1}


def test_who_gets_no_token_is_tried_again_before_the_old_one_expires() -> None:
    """After a refusal of both ways there is another try within the old token's life."""
    town, clock = Town(), Clock()
    (person,) = people = _people(town, 1, 30)
    town.trouble[TOKENS] = deque([Failure("status 500"), Failure("status 500")])
    keeper = Keeper(people, town.quiet_client(), clock)
    _run(keeper, clock, 29)
    assert _fresh(person)
    assert keeper.failures == {"status 500": 2}


def test_keeper_works_in_the_background_until_it_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once begun it looks by itself, and it does not mind being ended twice, or before it began."""
    monkeypatch.setattr("loadtests.people.keeper.TICK", 0.001)
    looked = threading.Event()

    class Watched(Keeper):
        def look(self) -> None:
            looked.set()

    town = Town()
    keeper = Watched(_people(town, 1, 900), town.quiet_client())
    keeper.begin()
    assert looked.wait(5.0)
    keeper.end()
    keeper.end()
    assert keeper._thread is not None
    assert not keeper._thread.is_alive()
    Keeper([], town.quiet_client()).end()


def test_a_keeper_that_errs_is_told_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """What breaks with one person keeps the others' tokens fresh, and is known afterwards."""
    town = Town()
    first, second = _people(town, 2, 60)
    asked: list[str] = []

    def breaks_once(person: Person) -> None:
        asked.append(person.user_id)
        if person is first:
            raise AttributeError("tokens")
        done.set()

    monkeypatch.setattr("loadtests.people.keeper.TICK", 0.01)
    clock, done = Clock(), threading.Event()
    keeper = Keeper([first, second], town.quiet_client(), clock)
    monkeypatch.setattr(keeper, "_refresh", breaks_once)
    clock.now = 30.0
    keeper.begin()
    assert done.wait(5)
    keeper.end()
    assert asked[:2] == [first.user_id, second.user_id]
    assert keeper.failures["AttributeError: tokens"] >= 1


def test_nobody_to_keep_is_nothing_to_do() -> None:
    """A pool without people asks for nothing."""
    town = Town()
    Keeper([], town.quiet_client()).look()
    assert town.asked == []
