"""Making pairs: how many may fail, and what is still begun when too many did."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fixtures.checks import CheckFailure
from fixtures.clients.person import Person
from fixtures.http1.errors import ConnectTimeoutError
from loadtests.people import PeopleError
from loadtests.people.making import Maker, Pair
from tests.unit.load.journeys.town import Town

if TYPE_CHECKING:
    from fixtures.runs.ledger import Ledger


def _failed() -> CheckFailure:
    return CheckFailure(what="auth registerAccount", expected="status 201", got="status 500", service="auth")


def _maker(kind: type[Maker] = Maker) -> Maker:
    return kind(Town().world, cast("Ledger", None))


@given(st.integers(1, 150), st.integers(0, 12))
@example(100, 5)
@example(100, 6)
def test_a_few_may_fail_and_of_many_a_twentieth(count: int, failing: int) -> None:
    """A platform that keeps its promise spoils no run, and one that does not is not asked for ever."""
    numbers = itertools.count(1)

    class Failing(Maker):
        def _pair(self, _number: int) -> Pair:
            if next(numbers) <= failing:
                raise _failed()
            person = self.world.newcomer("p")
            return Pair(person, person, "conversation")

    maker, made = _maker(Failing), list[Person]()
    if failing > max(3, -(-count // 20)):
        with pytest.raises(PeopleError, match=f"the {2 * count} synthetic people"):
            maker.make(count, lambda one, _: made.append(one))
    else:
        assert len(maker.make(count, lambda one, _: made.append(one))) == len(made) == count
        assert len(maker.failures) == failing


def test_a_way_that_is_too_slow_is_laid_to_no_service() -> None:
    """A connection that did not come was seen by none, however many people could not be made for want of it."""

    class Distant(Maker):
        def _pair(self, _number: int) -> Pair:
            raise _failed() from ConnectTimeoutError("no TLS within 3 s")

    with pytest.raises(PeopleError) as error:
        _maker(Distant).make(10, lambda _one, _other: None)
    assert "no service has to do with that" in error.value.how
    assert "auth service" not in error.value.how


def test_nobody_is_begun_any_more_when_too_many_have_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever was under way would be removed at once, and the wait for them is a wait for nothing."""
    maker = _maker()

    def joins(person: Person) -> None:
        if person.identity.noun in {"p1a", "p2a", "p3a", "p4a"}:
            raise _failed()
        assert maker._given_up.wait(20)

    monkeypatch.setattr(Person, "joins", joins)
    with pytest.raises(PeopleError):
        maker.make(8, lambda *_: None)
    assert {person.identity.noun[-1] for person in maker.begun} == {"a"}
