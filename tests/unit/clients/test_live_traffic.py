"""Which slot takes the live traffic: told by whoever answers it, be it well or sick."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler

import pytest

from fixtures.checks import CheckFailure
from fixtures.clients.idle_slot import IdleSlot, find_idle_slot
from fixtures.guide import load_guide
from fixtures.runs.attribution import attribute
from fixtures.runs.causes import PUBLIC_ADDRESS, Failure, HealthReading, State, collapse
from suites.preflight.test_slot import test_slot_takes_no_live_traffic_yet as takes_no_live_traffic
from tests.unit.clients.make import environment, transport
from tests.unit.clients.peer import Answers, says, says_health, web_server

CHAT = load_guide().service("chat")


@contextmanager
def blue_beside(live: Answers) -> Iterator[IdleSlot]:
    """Blue, which is well, before the switch; `live` answers at the live address."""
    with web_server(lambda handler: says_health(handler, slot="blue")) as blue, web_server(live) as base:
        sender = transport(blue)
        sender.environment = replace(environment(blue), slot="blue", live_api=base)
        yield IdleSlot.reached_from(sender, "blue")


def only_chat(does: Answers) -> Answers:
    return lambda handler: does(handler) if "/chat-service/" in handler.path else says_health(handler)


def hangs_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


def judged(idle: IdleSlot) -> CheckFailure:
    with pytest.raises(CheckFailure) as failure:
        takes_no_live_traffic(CHAT, idle)
    return failure.value


def headline(failure: CheckFailure) -> str:
    """What the verdict says of it, when all services of the slot that was judged say that they are up."""
    told = attribute(failure, in_setup=False)
    found = Failure("check", "call", told.summary, told.kind, told.service, CHAT.name)
    (cause,) = collapse([found], [HealthReading(one.name, State.UP) for one in load_guide().services], named=True)
    return cause.headline()


@pytest.mark.parametrize(
    "live",
    [
        lambda handler: says_health(handler, status=503, postgres="down"),
        only_chat(lambda handler: says_health(handler, status=500)),
        only_chat(lambda handler: says(handler, 502, b"<h1>502 Bad Gateway</h1>", Content_Type="text/html")),
        only_chat(hangs_up),
    ],
    ids=["sick in all its services", "one answers 500", "one is gone", "one hangs up"],
)
def test_a_slot_may_take_over_from_one_that_is_sick(live: Answers) -> None:
    """Whatever ails the slot that is live, it is not the other one: a hotfix is switched to for just that."""
    with blue_beside(live) as idle:
        takes_no_live_traffic(CHAT, idle)


@pytest.mark.parametrize("status", [200, 503])
def test_one_replica_of_the_slot_that_takes_live_traffic_is_found(status: int) -> None:
    """Also where it answers so alone that it cannot do its work."""
    turns = itertools.count(1)

    def live(handler: BaseHTTPRequestHandler) -> None:
        blue = next(turns) % 3 == 0
        says_health(handler, slot="blue" if blue else "green", status=status if blue else 200)

    with blue_beside(live) as idle:
        failure = judged(idle)
        assert headline(failure).startswith(f"chat: the slots that take the live traffic of chat at {idle.live.base}")
    assert failure.service == "chat"


@pytest.mark.parametrize(
    ("does", "told"),
    [
        (lambda handler: says(handler, 404, b"{}"), "404"),
        (lambda handler: says_health(handler, served=False), "200"),
    ],
    ids=["the load balancer has no way", "nobody says who answers"],
)
def test_an_answer_of_nobody_does_not_tell_the_slot(does: Callable[[BaseHTTPRequestHandler], None], told: str) -> None:
    """What answers in a service's place, or hides who does, may stand before any slot."""
    with blue_beside(only_chat(does)) as idle:
        failure = judged(idle)
        assert headline(failure).startswith(f"chat: who answers for chat at {idle.live.base}: expected ")
    assert f"status {told}" in str(failure)


@pytest.mark.parametrize("does", [lambda handler: says(handler, 503, b"{}"), hangs_up], ids=["503", "no answer"])
def test_where_nobody_takes_live_traffic_nobody_knows_whose_it_is(does: Answers) -> None:
    """A live address at which no service answers proves nothing, and is no fault of one service."""
    with blue_beside(does) as idle:
        failure = judged(idle)
        assert headline(failure).startswith(f"{PUBLIC_ADDRESS}: which slot takes the traffic of {idle.live.base}: ")


def test_the_live_slot_is_known_while_all_of_it_is_sick() -> None:
    """Or nobody could tell which slot is to be judged, just when the other one is needed."""
    with blue_beside(lambda handler: says_health(handler, status=503, postgres="down")) as idle:
        live = replace(environment(idle.live.base), slots={"blue": idle.transport.base, "green": idle.live.base})
        sender = transport(idle.live.base)
        sender.environment = live
        assert find_idle_slot(sender) == "blue"


def test_the_live_slot_is_who_takes_the_traffic_at_the_public_address() -> None:
    """Also where the environment is reached at another, which may lead to the slot that is idle."""
    with blue_beside(lambda handler: says_health(handler, slot="green")) as idle:
        slots = {"blue": idle.transport.base, "green": idle.live.base}
        sender = transport(idle.transport.base)
        sender.environment = replace(sender.environment, live_api=idle.live.base, slots=slots)
        assert find_idle_slot(sender) == "blue"
