"""Checks of a service with several replicas: one that is ill or wrongly configured is met, and shows."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from fixtures.checks import CheckFailure
from fixtures.clients.idle_slot import IdleSlot
from fixtures.clients.transport import Transport
from fixtures.clients.witness import Witness
from fixtures.guide import load_guide
from fixtures.runs import record_served_by
from fixtures.runs.evidence import begin_trail, trail
from suites.preflight import test_slot as preflight
from suites.smoke import test_services as smoke
from tests.unit.clients.make import environment, transport
from tests.unit.clients.peer import Answers, says_health, web_server

CHAT = load_guide().service("chat")
Check = Callable[[Transport], None]


def _idle(sender: Transport) -> IdleSlot:
    sender.environment = replace(sender.environment, slot="green")
    return IdleSlot.reached_from(sender, "green")


def smoke_asks_how_it_is(sender: Transport) -> None:
    smoke.test_service_says_it_is_well(CHAT, sender)


def preflight_asks_how_it_is(sender: Transport) -> None:
    preflight.test_service_says_it_is_well(CHAT, _idle(sender))


def smoke_asks_where_it_runs(sender: Transport) -> None:
    smoke.test_service_runs_in_the_environment_that_was_meant(CHAT, environment(sender.base), sender)


def preflight_asks_where_it_runs(sender: Transport) -> None:
    preflight.test_service_runs_in_the_environment_that_was_meant(CHAT, _idle(sender), environment(sender.base))


HOW_IT_IS = (smoke_asks_how_it_is, preflight_asks_how_it_is)
WHERE_IT_RUNS = (smoke_asks_where_it_runs, preflight_asks_where_it_runs)


def one_of_three(**ill: Any) -> Answers:  # noqa: ANN401 - as health says it
    """Replicas that take turns; the last of three is ill, as a keyword of `says_health` has it."""
    turns = itertools.count(1)

    def answers(handler: BaseHTTPRequestHandler) -> None:
        number = next(turns) % 3
        says_health(handler, instance=f"chat-{number}", **({} if number else ill))

    return answers


@pytest.mark.parametrize(
    ("check", "ill"),
    [
        *((check, ("state", "degraded")) for check in HOW_IT_IS),
        *((check, ("postgres", "down")) for check in HOW_IT_IS),
        *((check, ("environment", "staging")) for check in WHERE_IT_RUNS),
    ],
    ids=lambda one: one.__name__ if callable(one) else one[1],
)
def test_one_replica_of_three_that_is_not_as_it_must_be_fails_the_check(check: Check, ill: tuple[str, str]) -> None:
    """And the failure says which replica it was."""
    field, value = ill
    with web_server(one_of_three(**{field: value})) as base, pytest.raises(CheckFailure) as failure:
        check(transport(base))
    assert f"'{value}'" in failure.value.got
    assert "chat-0" in failure.value.got
    assert failure.value.service == "chat"


@pytest.mark.parametrize("check", [*HOW_IT_IS, *WHERE_IT_RUNS])
def test_replicas_that_are_well_hold_the_check(check: Check) -> None:
    """However many they are."""
    with web_server(one_of_three()) as base:
        check(transport(base))


@pytest.mark.parametrize("check", HOW_IT_IS)
def test_a_replica_that_names_nothing_it_depends_on_is_not_well(check: Check) -> None:
    """Beside others that do: it has looked at nothing, so it knows nothing."""
    with web_server(one_of_three(name="")) as base, pytest.raises(CheckFailure) as failure:
        check(transport(base))
    assert failure.value.got.startswith("none")


def test_each_replica_that_is_met_is_told_by_name() -> None:
    """Or nobody would know of how many the checks speak."""
    begin_trail()
    with web_server(one_of_three()) as base:
        sender = transport(base)
        sender.witness = Witness(answered=record_served_by)
        smoke_asks_how_it_is(sender)
    assert {seen.instance for seen in trail().sightings} == {"chat-0", "chat-1", "chat-2"}
