"""Operations at rates of their own: what the generator has too few of is not laid to the platform."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from fixtures.checks import eventually
from fixtures.checks.match import at_least
from loadtests.budgets.grammar import parse_budget
from loadtests.client.timeouts import Timeouts
from loadtests.failure import UNANSWERED, Failure
from loadtests.profiles.model import OperationRate
from loadtests.profiles.phases import steady
from loadtests.recording import Recorder
from loadtests.sockets import room
from tests.unit.load.engine.server import OK, Server, serving
from tests.unit.load.judged import GUIDE
from tests.unit.load.rating import OPERATION, apart, begun, had_to_wait, opened, rated
from tests.unit.load.told import PLATFORM
from tests.unit.load.working import HEALTH

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from loadtests.session import Session

NO_ROOM = "generator: no connection left that open files and ports allow"
PROFILE = {
    "display_name": "P",
    "bio": "",
    "phone": None,
    "avatar_url": None,
    "updated_at": "2026-01-01T00:00:00.000Z",
    "version": 1,
}
TAKES = 9.0
RATE = 240.0
NEEDED = RATE * (1.0 + 0.05 * 10.0)
"""Connections that are busy while answers hold their limit, and those that need not are given up at last."""


def answers_late(server: Server, peer: socket.socket) -> None:
    """Good answers, each after more time than any of these tests has, or as much as it says."""
    while server.request(peer):
        server.over.wait(TAKES)
        peer.sendall(OK)


@pytest.fixture
def made() -> Iterator[Session]:
    with serving(answers_late) as server:
        made = rated(OperationRate(OPERATION, (steady(60, RATE),)), api=f"http://127.0.0.1:{server.port}")
        yield made


def test_connections_stay_within_what_the_machine_allows(made: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rate that would need more has what there is, and half of the room is left to others."""
    monkeypatch.setattr(room, "most_connections", lambda: 90)
    monkeypatch.setattr(f"{__name__}.TAKES", 0.25)
    rates = begun(made, monkeypatch)
    # Sixty are under way at any time: who waits for one of 45 connections, waits for this machine.
    waited = int(RATE / 4)
    had_to_wait(rates, waited)
    assert rates._engine.facts().opened == 45
    rates.stop(20)
    counts = made.recorder.take()
    assert counts.causes[OPERATION, NO_ROOM] >= waited
    # Of so many it is a share.
    assert rates._sent[OPERATION] == counts.tallies[OPERATION].requests


def test_a_platform_that_is_too_slow_is_not_excused(made: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all the connections that its limits need, whoever waits for one waits for the platform."""
    monkeypatch.setattr(room, "most_connections", lambda: int(2 * NEEDED))
    rates = begun(made, monkeypatch)
    had_to_wait(rates, 1)
    rates.stop(0)
    assert (OPERATION, NO_ROOM) not in made.recorder.take().causes


def test_who_waits_has_a_place_until_giving_up(made: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform that stands still is late, or times out, and is not excused by arrivals that were never started."""
    rates = begun(made, monkeypatch)
    rates.stop(0)
    quick = 25_000.0
    plan = rates._plan(OperationRate(OPERATION, (steady(60, quick),)), room.most_connections() // 2)
    assert plan.waiting >= 2 * quick * Timeouts().read


def test_draining_takes_its_time_once(made: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a schedule that is over, too, what is not answered by then is abandoned."""
    rates = begun(made, monkeypatch)
    opened(rates, 20)
    made.begins -= made.profile.duration
    left: list[float] = []
    stop = rates._engine.stop

    def told(*, drain: float, sleep: Callable[[float], object]) -> bool:
        left.append(drain)
        return stop(drain=drain, sleep=sleep)

    monkeypatch.setattr(rates._engine, "stop", told)
    began = time.perf_counter()
    rates.stop(0.3)
    assert time.perf_counter() - began >= 0.3
    assert left == [0.0]
    assert made.recorder.take().causes[OPERATION, UNANSWERED] >= 8


def test_each_service_answers_for_itself(made: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A route that leads to another service answers quickly, with the right status and the right type."""
    rates = begun(made, monkeypatch)
    rates.stop(0)
    for service in ("chat", "auth"):
        check = apart(rates, f"{service} getHealth").check
        assert check is not None
        if service == "chat":
            check(200, json.dumps(HEALTH).encode())
        else:
            with pytest.raises(Failure, match="wrong service: 'chat' instead of 'auth'"):
                check(200, json.dumps(HEALTH).encode())


def test_answers_are_waited_for_as_long_as_the_environment_is_slow(
    made: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What scales the deadlines of people scales those of rates: one answer is not good here and failed there."""
    made.platform = replace(made.platform, time_scale=0.02)
    rates = begun(made, monkeypatch)
    opened(rates, 20)
    rates.stop(20)
    counts = made.recorder.take()
    # To connect has its time, too, which a busy machine may need for itself.
    assert set(counts.causes) - {(OPERATION, "time-out connecting")} == {(OPERATION, "time-out")}
    assert counts.causes.total() == counts.tallies[OPERATION].requests


@pytest.mark.parametrize("mixed", [False, True])
@pytest.mark.parametrize(
    ("operation", "wrong"), [("user-profile getOwnProfile", "user_id"), ("friend-request listFriends", "friend")]
)
def test_answers_are_compared_with_who_asked(
    *, mixed: bool, operation: str, wrong: str, made: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two friends who ask at once, over two connections, are each given their own, or each the other's."""
    people = [
        SimpleNamespace(user_id=str(UUID(int=number)), identity=SimpleNamespace(email=f"p{number}@synthetic.invalid"))
        for number in (1, 2)
    ]
    tokens = tuple(person.user_id for person in people)
    both = threading.Event()

    def answers(server: Server, peer: socket.socket) -> None:
        while b"\r\nX-Synthetic-Run: run\r\n" in (asked := server.request(peer)):
            if server.requests > 1:
                both.set()
            both.wait(20)
            number = (tokens[1].encode() in asked) is not mixed
            whose, friend = people[number], {"user_id": people[not number].user_id, "since": PROFILE["updated_at"]}
            profile = {**PROFILE, "user_id": whose.user_id, "email": whose.identity.email}
            body = json.dumps(profile if wrong == "user_id" else {"items": [friend], "next_cursor": None}).encode()
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    with serving(answers) as server:
        made.profile = replace(made.profile, rates=(OperationRate(operation, (steady(60, 100),)),))
        made.platform = replace(PLATFORM, api=f"http://127.0.0.1:{server.port}")
        made.pool = SimpleNamespace(people=people, tokens=tokens, told_by=0.0)  # type: ignore[assignment]
        rates = begun(made, monkeypatch)
        eventually(lambda: server.requests, at_least(20), within=20, subject="requests")
        rates.stop(20)
    counts = made.recorder.take()
    asked = counts.tallies[operation].requests
    assert dict(counts.causes) == ({(operation, f"somebody else's {wrong}"): asked} if mixed else {})


def test_who_gave_bad_answers_is_handed_over(made: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Failures, and what is over a limit of the budget, are told of the instance as those of journeys are."""
    who = b'X-Served-By: auth;slot=blue;build="b";instance="auth-2"'
    answer = b"HTTP/1.1 503 No\r\n%b\r\nContent-Length: 0\r\n\r\n" % who
    made.recorder = Recorder((0.0, 1_000.0))
    with serving(lambda server, peer: server.answers(peer, answer)) as server:
        made.platform = replace(PLATFORM, api=f"http://127.0.0.1:{server.port}")
        rates = begun(made, monkeypatch)
        eventually(lambda: server.requests, at_least(20), within=20, subject="requests")
        rates.stop(20)
    counts = made.recorder.take()
    asked = counts.tallies[OPERATION].requests
    assert dict(counts.instances) == {(OPERATION, None, "auth-2"): asked, (OPERATION, 0.0, "auth-2"): asked}
    assert [*made.sightings] == [("auth", 'auth;slot=blue;build="b";instance="auth-2"')]


def test_a_platform_that_holds_its_limit_is_not_slowed_down_by_its_generator(
    made: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixty answers are under way at any time: with fewer connections than these, latencies would grow without end."""
    rates = begun(made, monkeypatch)
    plan = rates._plan(made.profile.rates[0], room.most_connections() // 2)
    assert (plan.connections, plan.warm) == (RATE * Timeouts().read, RATE * 0.05)
    opened(rates, 60)
    rates.stop(0)
    counts = made.recorder.take()
    assert counts.started.total() == counts.asked.total() == counts.tallies[OPERATION].requests >= 48
    assert set(counts.causes) == {(OPERATION, UNANSWERED)}


def test_how_late_the_engine_was_and_that_it_broke_is_told_to_the_session(
    made: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its loop is none that the pulse of greenlets sees, and what a broken one counted is worth nothing."""
    rates = begun(made, monkeypatch)
    opened(rates, 20)
    rates._engine.broken = LookupError("no person left")
    rates.collect()
    rates.collect()
    rates.stop(0)
    assert made.trouble == ["the engine broke: LookupError('no person left')"]
    assert len(made.lag)


def test_an_engine_that_does_not_end_makes_the_run_unsound(made: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it sent last is in no figure."""
    rates = begun(made, monkeypatch)
    stop = rates._engine.stop
    monkeypatch.setattr(rates._engine, "stop", lambda **how: stop(**how) and False)
    rates.stop(0)
    assert made.trouble == ["the engine did not end: what it sent last is not counted"]


@pytest.mark.parametrize(("waited", "told"), [(10, False), (11, True)])
def test_a_hundredth_may_wait_for_this_machine(
    *, waited: int, told: bool, made: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a thousand that were sent ten are no excuse, and eleven spoil the run."""
    monkeypatch.setattr(room, "most_connections", lambda: 90)
    rates = begun(made, monkeypatch)
    rates.stop(0)
    rates._sent.clear()
    rates._sent[OPERATION] = 1000
    assert dict(rates._waited_for_us({OPERATION: waited}).causes) == ({(OPERATION, NO_ROOM): waited} if told else {})


@pytest.mark.parametrize(("left", "cut"), [(0, False), (-1, True)])
def test_who_has_fewer_connections_than_the_widest_limit_needs_is_known(
    *, left: int, cut: bool, made: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two rates share half of the room, and each needs as many as are busy while answers hold the longest limit."""
    rates = begun(made, monkeypatch)
    rates.stop(0)
    rates._cut.clear()
    rates._plan(made.profile.rates[0], int(NEEDED) + left)
    assert rates._cut == ({OPERATION} if cut else set())


@pytest.mark.parametrize(
    ("budget", "needed"),
    [
        ("*: share over 2 s <= 10 %", 300),
        (f"{OPERATION}: share over 2 s <= 10 %", 300),
        (f"{OPERATION}: share over 2 s <= 10 %\n*: share over 1 s <= 30 %", 400),
        ("chat getHealth: share over 2 s <= 10 %", 1000),
        (f"chat getHealth: share over 1 s <= 5 %\n{OPERATION}: p90 <= 2 s", 300),
        ("*: errors <= 1 %", 1000),
    ],
)
def test_the_limit_that_allows_the_most_to_be_under_way_says_how_many_connections_it_takes(
    made: Session, monkeypatch: pytest.MonkeyPatch, budget: str, needed: int
) -> None:
    """At a hundred a second: those within the limit, and ten seconds those that need not be; another's is no matter."""
    names = frozenset({OPERATION, "chat getHealth"})
    judged = parse_budget(budget, operations=names, journeys=(), guide=GUIDE)
    made.profile = replace(made.profile, budget=judged, called=names)
    rates = begun(made, monkeypatch)
    rates.stop(0)
    assert rates._needed(OperationRate(OPERATION, (steady(60, 100),))) == needed


def test_few_connections_are_room_enough_for_who_needs_fewer(made: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """However little room there is, each operation has 32: who needs 30 waits for the platform."""
    rates = begun(made, monkeypatch)
    rates.stop(0)
    for rate, cut in ((20.0, set()), (22.0, {OPERATION})):
        rates._cut.clear()
        assert rates._plan(OperationRate(OPERATION, (steady(60, rate),)), 10).connections == 32
        assert rates._cut == cut
    assert rates._plan(OperationRate(OPERATION, (steady(60, 700.0),)), 10).warm == 32


def test_rates_share_their_half_of_the_room(made: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of them have as many connections together as one alone would."""
    monkeypatch.setattr(room, "most_connections", lambda: 160)
    [one] = made.profile.rates
    made.profile = replace(made.profile, rates=(one, one._replace(operation="chat getHealth")))
    rates = begun(made, monkeypatch)
    had_to_wait(rates, 1)
    rates.stop(0)
    assert [driver.plan.connections for driver in rates._engine._drivers] == [40, 40]
