"""Removing people: bounded, side by side, and whoever may have stayed is named, whatever the reason."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from fixtures.clients.person import Person
from loadtests.people import removal
from tests.unit.load.journeys.town import Town

if TYPE_CHECKING:
    import pytest


def test_nobody_is_removed_any_more_when_the_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those under way may come to their end, unseen; the others are not begun, since a run has ended by then."""
    town, begun, goes_on = Town(), list[Person](), threading.Event()

    def slow(person: Person) -> list[tuple[str, object]]:
        begun.append(person)
        goes_on.wait(10)
        return []

    monkeypatch.setattr(removal, "farewell", slow)
    people = [town.person(f"p{number}") for number in range(30)]
    since = time.monotonic()
    left = removal.remove(people, within=0.05)
    assert time.monotonic() - since < 8
    assert {told.split()[1] for told in left} == {person.identity.email for person in people}
    goes_on.set()
    for thread in [each for each in threading.enumerate() if each.name.startswith("farewell")]:
        thread.join(20)
    assert 0 < len(begun) < 30


def test_whoever_is_not_removed_by_a_mistake_of_our_own_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that nobody expected leaves the account where it is, and keeps none of the others there."""
    town = Town()
    broken, gone = town.person("broken"), town.person("gone")

    def breaks(person: Person) -> list[tuple[str, object]]:
        if person is broken:
            raise KeyError("conversation")
        return []

    monkeypatch.setattr(removal, "farewell", breaks)
    email = broken.identity.email
    assert removal.remove([broken, gone], within=20) == (f"account {email} (KeyError: 'conversation')",)
    assert town.book.lines[-1] == ("left", "account", email, "KeyError: 'conversation'")
