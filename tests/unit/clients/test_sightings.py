"""Looking at services from outside."""

import itertools
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler
from unittest.mock import Mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.checks import CheckFailure
from fixtures.clients.idle_slot import NoIdleSlotError, find_idle_slot
from fixtures.clients.plugin import pytest_verify_scene
from fixtures.clients.scene import look
from fixtures.clients.sightings import Need, prevailing, requests_for, sight, sight_all, sight_often, takers, tally
from fixtures.clients.transport import Transport
from fixtures.contract.excerpt import LONGEST
from fixtures.contract.served_by import ServedBy
from fixtures.guide import load_guide
from fixtures.runs.causes import State
from tests.unit.clients.make import environment, transport
from tests.unit.clients.peer import says, says_health, web_server


def test_a_sighting_has_both_witnesses() -> None:
    """What a service says of itself and who the header says has answered are both kept."""
    with web_server(says_health) as base:
        seen = sight(transport(base), "chat")
    assert (seen.health.service, seen.who.service, seen.who.slot) == ("chat", "chat", "green")


def test_a_sighting_tells_what_the_replica_that_answered_depends_on() -> None:
    """By its name, so that nobody has to look for the one of several that is ill, and with what it says of it."""
    with web_server(lambda handler: says_health(handler, instance="chat-3", postgres="down")) as base:
        assert sight(transport(base), "chat").needs == (Need("chat-3", "postgres", "down", "gone"),)


def test_an_answer_of_nobody_fails_the_service() -> None:
    """A health answer without X-Served-By does not come from a service of the platform."""

    def answers(handler: BaseHTTPRequestHandler) -> None:
        says_health(handler, served=False)

    with web_server(answers) as base, pytest.raises(CheckFailure) as failure:
        sight(transport(base), "chat")
    assert failure.value.service == "chat"


@pytest.mark.parametrize(
    "looks",
    [lambda *asked: [seen.who for seen in sight_often(*asked)], takers],
    ids=["how each is", "who takes the requests"],
)
def test_each_replica_is_met_where_connections_are_balanced(
    looks: Callable[[Transport, str, int], Sequence[ServedBy]],
) -> None:
    """Who looks often looks over many connections: one of them is led to one replica, however often it asks."""
    turns = itertools.count()
    replicas: dict[object, str] = {}

    def answers(handler: BaseHTTPRequestHandler) -> None:
        # A handler serves one connection to its end.
        if handler not in replicas:
            replicas[handler] = str(next(turns) % 2)
        says_health(handler, instance=replicas[handler])

    with web_server(answers) as base:
        seen = looks(transport(base), "chat", 4)
    assert sorted(who.instance for who in seen) == ["0", "0", "1", "1"]


def test_services_that_do_not_answer_are_left_out() -> None:
    """Looking at all services, side by side, gives those that answer well."""
    all_asked = threading.Barrier(3)

    def answers(handler: BaseHTTPRequestHandler) -> None:
        all_asked.wait(20)
        says_health(handler, status=503 if "chat" in handler.path else 200)

    with web_server(answers) as base:
        assert [seen.who.service for seen in sight_all(transport(base), ["auth", "chat", "otp"])] == ["auth", "otp"]


@pytest.mark.parametrize(
    ("status", "served", "taken"), [(503, False, 0), (200, True, 2), (404, True, 2), (503, True, 2)]
)
def test_whoever_takes_a_request_is_who_says_so(status: int, taken: int, *, served: bool) -> None:
    """Be it ill or no service of that name: left out is what stands before the services and cannot reach one."""
    with web_server(lambda handler: says_health(handler, status=status, served=served)) as base:
        assert [who.service for who in takers(transport(base), "chat", 2)] == ["chat"] * taken


def test_a_taker_who_does_not_say_its_name_is_no_nobody() -> None:
    """A refusal without a name may hide who gave it; that nobody answers at all hides nobody."""
    with web_server(lambda handler: says_health(handler, status=404, served=False)) as base:
        with pytest.raises(CheckFailure) as failure:
            takers(transport(base), "chat", 2)
        assert (failure.value.service, failure.value.got[:11]) == ("chat", "status 404:")
    assert takers(transport(base), "chat", 2) == ()


def test_each_failed_request_is_counted() -> None:
    """Server errors and missing answers count as failures; refusals do not."""
    numbers = itertools.count(1)

    def answers(handler: BaseHTTPRequestHandler) -> None:
        number = next(numbers)
        if number in (3, 4):  # on the connection that was kept, and on a new one
            handler.close_connection = True
            return
        says(handler, {2: 500, 5: 404}.get(number, 200), b"{}")

    with web_server(answers) as base:
        counted = tally(transport(base), "auth", 6)
    assert counted.sent == 6
    assert [failure.split(":")[0] for failure in counted.failures] == ["request 2", "request 3"]
    assert counted.failures[0].startswith("request 2: status 500 (no X-Served-By, Server BaseHTTP/")


@pytest.mark.parametrize(("ended", "counted"), [(1, 0), (2, 2), (200, 5)])
def test_kept_connections_that_end_too_often_are_counted(
    monkeypatch: pytest.MonkeyPatch, ended: int, counted: int
) -> None:
    """One request that meets the end of a kept connection, as in a reload, is no failure; more than that are."""
    monkeypatch.setattr("fixtures.http1.connections.CROSSED", 60.0)
    kept: set[object] = set()
    dropped = itertools.count(1)

    def answers(handler: BaseHTTPRequestHandler) -> None:
        if handler in kept and next(dropped) <= ended:
            handler.close_connection = True
            return
        kept.add(handler)
        says(handler, 200, b"{}")

    with web_server(answers) as base:
        failures = tally(transport(base), "auth", 12).failures
    assert len(failures) == counted
    assert all(failure.endswith(": closed without an answer") for failure in failures)


def test_enough_failures_say_it() -> None:
    """A service that fails always is not asked to the end."""
    with web_server(lambda handler: says(handler, 500, b"{}")) as base:
        counted = tally(transport(base), "auth", 200)
    assert counted.sent == len(counted.failures) < 10


@given(st.floats(min_value=0.5, max_value=0.99999))
def test_more_requests_for_a_better_promise(sla: float) -> None:
    """So many requests are sent that five times the allowed failure rate fails one of them on average."""
    assert requests_for(sla) * 5 * (1 - sla) >= 1 - 1e-6


@pytest.mark.parametrize(("sla", "requests"), [(0.99, 20), (0.999, 200), (0.9995, 400)])
def test_the_number_of_requests_is_exact(sla: float, requests: int) -> None:
    """At the guide's 99.9 % one of 200 requests is five times what is allowed, and no rounding adds to it."""
    assert requests_for(sla) == requests


@given(st.lists(st.sampled_from("abc")))
def test_the_prevailing_value_is_a_most_common_one(values: list[str]) -> None:
    """No value is more common than the prevailing one; of nothing there is none."""
    found = prevailing(values)
    assert (found is None) == (values == [])
    if found is not None:
        assert values.count(found) == max(map(values.count, values))


def test_what_health_says_of_a_dependency_is_scrubbed() -> None:
    """Neither its name nor its detail writes a line of its own, moves the terminal or brings a secret into a cause."""

    def answers(handler: BaseHTTPRequestHandler) -> None:
        told = "no\x1b[2J\nVERDICT  GO postgresql://chat:pa-s-word@db " + "x " * 9999
        says_health(handler, status=503, postgres="down", name="post\ngres", detail=told)

    with web_server(answers) as base:
        readings = look(environment(base), base)
    assert {reading.ailing for reading in readings} == {("post gres",)}
    (detail,) = {reading.detail for reading in readings}
    assert detail.isprintable()
    assert "pa-s-word" not in detail
    assert len(detail) <= LONGEST


def test_the_scene_has_a_reading_of_every_service() -> None:
    """A service that is down, garbage and an unexpected status are readings, with what ails them."""

    def answers(handler: BaseHTTPRequestHandler) -> None:
        if "/chat-service/" in handler.path:
            says_health(handler, status=503, postgres="down")
        elif "/otp-service/" in handler.path:
            says(handler, 200, b"<html>")
        elif "/user-profile-service/" in handler.path:
            says(handler, 200, b'{"status": "up", "service": "\xff"}')
        elif "/auth-service/" in handler.path:
            says(handler, 404, b"{}")
        elif "/friend-request-service/" in handler.path:
            says(handler, 429, b"{}", Server="nginx")
        else:
            says_health(handler)

    with web_server(answers) as base:
        scene = {reading.service: reading for reading in look(environment(base), base)}
    assert len(scene) == 8
    assert (scene["chat"].state, scene["chat"].ailing) == (State.DOWN, ("postgres",))
    assert scene["chat"].detail == "postgres is down: gone"
    assert scene["otp"].state is State.UNREACHABLE
    assert (scene["user-profile"].state, scene["user-profile"].detail[:24]) == (
        State.UNREACHABLE,
        "health is not readable: ",
    )
    assert (scene["auth"].state, scene["auth"].before) == (State.UNREACHABLE, "")
    assert "no X-Served-By" in scene["friend-request"].before
    assert (scene["notification"].state, scene["notification"].ailing) == (State.UP, ())


def test_a_scene_without_anybody_is_a_scene() -> None:
    """When nothing answers at all every service is unreachable."""
    with web_server(says_health) as base:
        gone = base
    assert {reading.state for reading in look(environment(gone), gone)} == {State.UNREACHABLE}


def test_the_services_of_a_scene_are_looked_at_side_by_side() -> None:
    """One that hangs costs the verdict its own time, and not that of each other as well."""
    all_asked = threading.Barrier(len(load_guide().services))

    def answers(handler: BaseHTTPRequestHandler) -> None:
        all_asked.wait(20)
        says_health(handler)

    with web_server(answers) as base:
        assert {reading.state for reading in look(environment(base), base)} == {State.UP}


def test_a_scene_waits_as_the_time_scale_has_it() -> None:
    """A service that is slow as all of its world is slow is not called unreachable."""
    over = threading.Event()

    def hangs(_: object) -> None:
        over.wait(20)

    with web_server(hangs) as base:
        scene = look(environment(base, time_scale=0.1), base)
        over.set()
    assert {reading.detail for reading in scene} == {"TimeoutError: nothing came for 0.35 s"}


def test_a_scene_says_by_which_clock_a_certificate_was_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all services at once that are unreachable it may be this machine that is wrong."""
    untimely = ssl.SSLCertVerificationError(1, "certificate has expired")
    untimely.verify_code = 10
    monkeypatch.setattr(socket, "create_connection", Mock(side_effect=untimely))
    for reading in look(environment("http://127.0.0.1:1"), "http://127.0.0.1:1"):
        assert "certificate has expired" in reading.detail
        assert "this machine's clock says 20" in reading.detail


def _with_slots(base: str, **changes: object) -> object:
    from dataclasses import replace  # noqa: PLC0415  # beside its one use

    sender = transport(base)
    sender.environment = replace(sender.environment, **changes)  # type: ignore[arg-type]  # fields of an environment
    return sender


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"slot": "blue"}, "blue"),
        ({"slots": {"blue": "https://b", "green": "https://g"}}, "blue"),
        ({"slots": {"blue": "https://b"}}, "blue"),
    ],
)
def test_the_idle_slot_is_the_one_that_is_not_live(changes: dict[str, object], expected: str) -> None:
    """An environment of one colour is that colour; of a live one it is the declared slot that takes no traffic."""
    with web_server(says_health) as base:
        assert find_idle_slot(_with_slots(base, **changes)) == expected  # type: ignore[arg-type]


def test_the_scene_of_the_idle_slot_is_at_its_own_address() -> None:
    """After a failure in preflight the services of the slot that was judged are looked at, not those that are live."""
    from dataclasses import replace  # noqa: PLC0415  # beside its use

    with (
        web_server(says_health) as live,
        web_server(lambda handler: says_health(handler, status=503, postgres="down")) as idle,
    ):
        both = replace(environment(live), slots={"blue": idle, "green": live})
        assert {reading.state for reading in pytest_verify_scene(both, frozenset({"preflight"}))} == {State.DOWN}
        for tiers in ({"smoke"}, {"smoke", "preflight"}):
            assert {reading.state for reading in pytest_verify_scene(both, frozenset(tiers))} == {State.UP}
        one = replace(environment(idle), slot="blue", live_api=live)
        assert {reading.state for reading in pytest_verify_scene(one, frozenset({"preflight"}))} == {State.DOWN}
    assert {reading.state for reading in pytest_verify_scene(both, frozenset({"preflight"}))} == {State.UNREACHABLE}


@pytest.mark.parametrize("slots", [{}, {"green": "https://g"}, {"blue": "https://b", "canary": "https://c"}])
def test_without_one_idle_slot_there_is_none(slots: dict[str, str]) -> None:
    """Where no slot, only the live one or more than one other is declared, none is picked."""
    with web_server(says_health) as base, pytest.raises(NoIdleSlotError):
        find_idle_slot(_with_slots(base, slots=slots))  # type: ignore[arg-type]
