"""Visitors: pairs are lent out one journey at a time, with all that a journey needs, and leave no connection open."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from fixtures.contract.promises import PROMISES
from tests.unit.load.journeys.town import tokens
from tests.unit.load.people.village import pool_of, process

if TYPE_CHECKING:
    from pathlib import Path

    from fixtures.clients.person import Person
    from loadtests.people import Visitor

pytestmark = pytest.mark.usefixtures("clock")


def test_pair_is_lent_to_one_at_a_time(base: str, tmp_path: Path) -> None:
    """A pair that is away is nobody else's; who came back first goes first, on a connection of its own."""
    made = pool_of(process(base, tmp_path, 4))
    one, other = made.borrow(), made.borrow()
    assert one
    assert other
    assert made.borrow() is None
    made.give_back(other)
    made.give_back(one)
    assert vars(other.client)["closed"]
    assert made.borrow() is other is not one
    made.remove()
    assert made.borrow() is None


def test_visitor_has_the_newest_tokens(base: str, tmp_path: Path) -> None:
    """Whoever is lent out sends with the tokens of the present session."""
    made = pool_of(process(base, tmp_path, 2))
    assert made.notes == ()
    visitor = made.borrow()
    assert visitor is not None
    made.give_back(visitor)
    visitor.person.holds(tokens(visitor.person.user_id, access="mine"))
    visitor.friend.holds(tokens(visitor.friend.user_id, access="theirs"))
    assert made.borrow() is visitor
    assert (visitor.client.token, visitor.friends_client.token) == ("mine", "theirs")
    made.remove()


@pytest.mark.parametrize("connections", [0, 3])
def test_visitor_knows_of_the_pair_what_its_journeys_ask(connections: int, base: str, tmp_path: Path) -> None:
    """By when both must have been told that they are friends, and whether idle websockets of theirs are open."""
    host = process(base, tmp_path, 4)
    host.profile = replace(host.profile, connections=connections)
    made = pool_of(host)
    promised = PROMISES.deadlines.notification
    visitors = [visitor for visitor in (made.borrow(), made.borrow()) if visitor is not None]
    for number, visitor in enumerate(visitors):
        assert 0 < visitor.told_by - time.perf_counter() <= promised
        assert visitor.held is bool(connections)
        visitor.talked = float(number)
    asked = [made.talked(number) for number in range(4)]
    assert asked == [visitor.talked for person in made.people for visitor in visitors if person in _pair(visitor)]
    assert made.good_until == tuple(person.good_until for person in made.people)
    made.remove()


def _pair(visitor: Visitor) -> tuple[Person, Person]:
    return visitor.person, visitor.friend


def test_connections_of_who_is_lent_out_are_ended_too(base: str, tmp_path: Path) -> None:
    """A journey that never came to its end leaves none open."""
    made = pool_of(process(base, tmp_path, 4))
    visitors = [visitor for visitor in (made.borrow(), made.borrow()) if visitor is not None]
    made.give_back(visitors[0])
    made.remove()
    clients = [client for visitor in visitors for client in (visitor.client, visitor.friends_client)]
    assert [vars(client)["closed"] for client in clients] == [True] * 4
