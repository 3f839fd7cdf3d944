"""Tokens are refreshed before they expire, evenly, and by password where refreshing failed."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar, cast

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from loadtests.failure import Failure
from loadtests.kinds import NO_REQUESTS
from loadtests.people.keeper import Keeper
from tests.unit.clients.make import speaks_for
from tests.unit.load.journeys.town import Town, tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pytest

    from fixtures.clients.person import Person
    from fixtures.contract.auth import Tokens
    from fixtures.contract.operation import Operation
    from loadtests.people.visitor import Sender

T = TypeVar("T")
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
        person.holds(tokens(person.user_id, expires_in=lifetime, access=f"old {person}"))
    owners = {person.tokens.refresh_token: person.user_id for person in people}
    owners |= {person.identity.email: person.user_id for person in people}

    def answer(operation: Operation[Any]) -> object:
        asked = json.loads(operation.content or b"")
        owner = owners[asked.get("refresh_token") or asked["email"]]
        new = tokens(owner, expires_in=lifetime, access=f"newcomer's, {owner}")
        owners[new.refresh_token] = owner
        return new

    town.answers[TOKENS] = answer
    return people


def _keeper(town: Town, people: Sequence[Person], clock: Clock) -> Keeper:
    keeper = Keeper([town.quiet_client()], town.fire, clock)
    keeper.keeps(*people)
    return keeper


def _run(town: Town, keeper: Keeper, clock: Clock, seconds: int) -> list[int]:
    """Let time pass, look each second, and return how many asked in each."""
    asked = []
    for _ in range(seconds):
        clock.now += 1.0
        before = len(town.asked)
        keeper.look(town.quiet_client())
        asked.append(len(town.asked) - before)
    return asked


def test_nobody_takes_a_token_that_speaks_for_another() -> None:
    """Whom a service believes its bearer to be is in the token, and in no answer about it."""
    town, clock = Town(), Clock()
    (person,) = _people(town, 1, 9)
    keeper = _keeper(town, [person], clock)
    town.answers[TOKENS] = lambda _: tokens(person.user_id, expires_in=9, access=speaks_for("another"))
    _run(town, keeper, clock, 4)
    assert person.tokens.access_token.startswith("old")
    assert set(keeper.failures) == {"somebody else's subject_id"}


def test_nobody_is_asked_while_tokens_are_fresh() -> None:
    """Nothing is refreshed in the first third of a token's life."""
    town, clock = Town(), Clock()
    keeper = _keeper(town, _people(town, 10, 90), clock)
    assert sum(_run(town, keeper, clock, 29)) == 0


def test_everybody_has_fresh_tokens_before_the_old_ones_expire() -> None:
    """All tokens are fresh after two thirds of a life, and no second sees more than its share of the requests."""
    town, clock = Town(), Clock()
    people = _people(town, 100, 90)
    keeper = _keeper(town, people, clock)
    asked = _run(town, keeper, clock, 60)
    assert all(_fresh(person) for person in people)
    assert max(asked) <= 5
    assert not keeper.failures


def test_everybody_is_refreshed_again_and_again() -> None:
    """In a long run nobody is left out: within every life each person is refreshed at least once."""
    town, clock = Town(), Clock()
    people = _people(town, 7, 30)
    keeper = _keeper(town, people, clock)
    for _ in range(5):
        before = [person.tokens for person in people]
        _run(town, keeper, clock, 30)
        assert all(person.tokens is not old for person, old in zip(people, before, strict=True))


@given(count=st.integers(1, 300), made_in=st.integers(0, 2000), answers_in=st.sampled_from([0.0, 0.1, 0.5]))
def test_no_token_expires_however_long_people_take_to_make(count: int, made_in: int, answers_in: float) -> None:
    """The first are kept while the last are still made, and slow answers hold up nobody for a whole life."""
    town, clock, lifetime = Town(), Clock(), 900
    client, keeper = town.quiet_client(), Keeper([], town.fire, clock)
    people = _people(town, count, lifetime)
    new: dict[str, float] = {}

    class Slow:
        """Answers only after a while."""

        token: str | None = None
        trace = ""

        def send(self, operation: Operation[T], *, since: float | None = None) -> T:
            clock.now += answers_in
            answer = client.send(operation, since=since)
            new[cast("Tokens", answer).user_id] = clock.now
            return answer

        def close(self) -> None:
            raise AssertionError("nobody ends this keeper")

    waiting = deque((made_in * number / count, person) for number, person in enumerate(people))
    while clock.now < made_in + 2 * lifetime:
        clock.now += 1.0
        while waiting and waiting[0][0] <= clock.now:
            _, person = waiting.popleft()
            new[person.user_id] = clock.now
            keeper.keeps(person)
        keeper.look(Slow())
        assert all(clock.now - since < lifetime for since in new.values())
    assert not keeper.failures


@given(first=st.integers(9, 90), later=st.integers(9, 90), others=st.integers(9, 90))
def test_the_shortest_life_of_all_is_kept_to(first: int, later: int, others: int) -> None:
    """A platform may give one person's tokens another life than another's, and new ones another than the first."""
    town, clock = Town(), Clock()
    people = _people(town, 4, first)
    for person in people[2:]:
        person.holds(replace(person.tokens, expires_in=others))
    answer = cast("Callable[[Operation[Any]], Tokens]", town.answers[TOKENS])
    town.answers[TOKENS] = lambda asked: replace(answer(asked), expires_in=later)
    keeper, held = _keeper(town, people, clock), {person: (person.tokens, 0.0) for person in people}
    for _ in range(300):
        _run(town, keeper, clock, 1)
        for person, (its, since) in held.items():
            assert clock.now - since < its.expires_in
            if person.tokens is not its:
                held[person] = person.tokens, clock.now
    assert not keeper.failures


def test_password_helps_where_refreshing_fails() -> None:
    """A spent refresh token is no reason to lose somebody; the failure is counted all the same."""
    town, clock = Town(), Clock()
    (person,) = people = _people(town, 1, 3)
    town.trouble[TOKENS].append(Failure("status 401"))
    keeper = _keeper(town, people, clock)
    _run(town, keeper, clock, 1)
    assert _fresh(person)
    assert keeper.failures == {"status 401": 1}
    assert town.counted("fresh tokens") == [(True, "status 401")]


def test_who_gets_no_token_is_tried_again_before_the_old_one_expires() -> None:
    """After a refusal of both ways there is another try within the old token's life."""
    town, clock = Town(), Clock()
    (person,) = people = _people(town, 1, 30)
    town.trouble[TOKENS] = deque([Failure("status 500"), Failure("status 500")])
    keeper = _keeper(town, people, clock)
    _run(town, keeper, clock, 29)
    assert _fresh(person)
    assert keeper.failures == {"status 500": 2}


def test_each_time_that_somebody_asks_is_counted_with_how_long_it_took() -> None:
    """Answers of the platform are samples like any other, in nobody's journey."""
    town, clock = Town(), Clock()
    keeper = _keeper(town, _people(town, 5, 30), clock)
    answer = town.answers[TOKENS]

    def slowly(operation: Operation[Any]) -> object:
        clock.now += 0.25
        return answer(operation)

    town.answers[TOKENS] = slowly
    clock.now = 25.0
    keeper.look(town.quiet_client())
    counted = [sample for sample in town.samples if sample["name"] == "fresh tokens"]
    assert [sample["response_time"] for sample in counted] == [250.0] * 5
    assert {sample["request_type"] for sample in counted} <= NO_REQUESTS


def test_nobody_gets_the_tokens_of_somebody_else() -> None:
    """Who had them would leave in the other's name; it is told and counted as that, and the old ones are kept."""
    town, clock = Town(), Clock()
    one, other = people = _people(town, 2, 30)
    town.answers[TOKENS] = lambda _: tokens(other.user_id, access="newcomer's")
    keeper = _keeper(town, people, clock)
    _run(town, keeper, clock, 19)
    assert (_fresh(one), _fresh(other)) == (False, True)
    assert keeper.failures == {"somebody else's user_id": 2}
    assert town.counted("fresh tokens").count((True, "somebody else's user_id")) == 2


def test_another_persons_tokens_are_told_though_refreshing_had_failed() -> None:
    """Whichever way they come, they are an incident; that the first way failed hides none."""
    town, clock = Town(), Clock()
    one, other = people = _people(town, 2, 3)
    town.answers[TOKENS] = lambda _: tokens(other.user_id, access="newcomer's")
    town.trouble[TOKENS].append(Failure("status 503"))
    keeper = _keeper(town, people, clock)
    _run(town, keeper, clock, 2)
    assert not _fresh(one)
    assert town.counted("fresh tokens")[:2] == [(True, "status 503"), (True, "somebody else's user_id")]


def test_tokens_live_from_their_receipt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the platform's clock says, or this machine's is set to; a session that is forgotten has none."""
    monkeypatch.setattr(time, "time", lambda: 0.0)
    person, before = Town().person("me"), time.monotonic()
    person.holds(tokens(person.user_id, expires_in=900))
    assert before <= person.good_until - 900 <= time.monotonic()
    person.holds(None)
    assert person.good_until <= before


def test_tokens_that_live_no_time_are_asked_for_with_pauses() -> None:
    """What the platform says of them may be wrong, and is no reason for a load that nobody asked for."""
    town, clock = Town(), Clock()
    keeper = _keeper(town, _people(town, 2, 0), clock)
    assert max(_run(town, keeper, clock, 10)) <= 2


def test_a_token_that_had_expired_is_told() -> None:
    """A process that stood still for a whole life has sent with old tokens, which the report has to say."""
    town, clock = Town(), Clock()
    keeper = _keeper(town, _people(town, 1, 30), clock)
    clock.now = 31.0
    keeper.look(town.quiet_client())
    assert keeper.failures == {"it had expired before its turn came": 1}


def test_keeper_works_in_the_background_until_it_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once begun it looks by itself, and it does not mind being ended twice, or before it began."""
    monkeypatch.setattr("loadtests.people.keeper.TICK", 0.001)
    looked = threading.Event()

    class Watched(Keeper):
        def look(self, client: Sender) -> None:
            assert client in clients
            looked.set()

    town = Town()
    clients = [town.quiet_client(), town.quiet_client()]
    keeper = Watched(clients, town.fire)
    keeper.begin()
    assert looked.wait(20)
    keeper.end()
    keeper.end()
    assert len(keeper._threads) == 2
    assert not any(thread.is_alive() for thread in keeper._threads)
    assert all(client.closed for client in clients)
    Keeper([town.quiet_client()], town.fire).end()


def test_nobody_waits_long_for_a_keeper_that_is_not_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform that has gone silent keeps no run from its end: people are still to be removed."""
    monkeypatch.setattr("loadtests.people.keeper.TICK", 0.001)
    monkeypatch.setattr("loadtests.people.keeper._ENDING", 0.05)
    looking, answered = threading.Event(), threading.Event()

    class Silent(Keeper):
        def look(self, client: Sender) -> None:
            assert client.token is None
            looking.set()
            answered.wait(20)

    town = Town()
    keeper = Silent([town.quiet_client()], town.fire)
    keeper.begin()
    assert looking.wait(20)
    keeper.end()
    assert keeper._threads[0].is_alive()
    answered.set()
    keeper._threads[0].join(20)


def test_a_keeper_that_errs_is_told_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """What breaks with one person keeps the others' tokens fresh, and is known afterwards."""
    town = Town()
    first, second = _people(town, 2, 60)
    asked: list[str] = []

    def breaks_once(_client: Sender, person: Person) -> None:
        asked.append(person.user_id)
        if person is first:
            raise AttributeError("tokens")
        done.set()

    monkeypatch.setattr("loadtests.people.keeper.TICK", 0.01)
    clock, done = Clock(), threading.Event()
    keeper = _keeper(town, [first, second], clock)
    monkeypatch.setattr(keeper, "_refresh", breaks_once)
    clock.now = 50.0
    keeper.begin()
    assert done.wait(20)
    keeper.end()
    assert asked[:2] == [first.user_id, second.user_id]
    assert keeper.failures["AttributeError: tokens"] >= 1


def test_nobody_to_keep_is_nothing_to_do() -> None:
    """A pool without people asks for nothing."""
    town = Town()
    Keeper([], town.fire).look(town.quiet_client())
    assert town.asked == []
