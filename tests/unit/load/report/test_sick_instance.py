"""From bad answers to the one instance of several that gave them."""

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fixtures.statistics.tally import Tally
from loadtests.budgets.grammar import parse_budget
from loadtests.counts import Counts
from loadtests.kinds import IDLE
from loadtests.report.advice import steps
from loadtests.report.document import document
from loadtests.report.findings import doubts, troubles
from loadtests.said import MOST, OTHERS
from loadtests.verdict import judge
from tests.unit.load.judged import GUIDE
from tests.unit.load.report.troubled import BEGAN, LASTED, PROFILE, RATE, judged, run


def told_of(by: dict[str, int], replicas: int, limit: float | None = None) -> str:
    """Whom 600 bad ones of chat are laid to, so many of which each instance gave."""
    slow = frozenset({"chat sendMessage"}) if limit else frozenset[str]()
    found = run({} if limit else {"chat sendMessage": (0.1, "status 503")}, slow)
    for who, times in by.items():
        found.counts.instances.add(("chat sendMessage", limit, who), times)
    found.counts.instances.add(("chat sendMessage", 7.0, "chat-9"), 10_000)
    found.counts.instances.add(("auth getKeySet", limit, "chat-9"), 10_000)
    (trouble,) = troubles(replace(found, replicas={"chat": replicas, "auth": 5}))
    return trouble.instance


@pytest.mark.parametrize(
    ("by", "replicas", "instance"),
    [
        ({"chat-1": 600}, 2, "chat-1"),
        ({"chat-1": 600}, 1, ""),
        ({"chat-1": 460, "chat-2": 140}, 2, "chat-1"),
        ({"chat-1": 440, "chat-2": 160}, 2, ""),
        ({"chat-1": 400}, 2, ""),
        ({"chat-1": 410, "chat-2": 100, "chat-3": 90}, 3, "chat-1"),
        ({"chat-1": 200, "chat-2": 200, "chat-3": 200}, 3, ""),
        ({}, 3, ""),
    ],
)
def test_one_sick_instance_of_several_is_named(by: dict[str, int], replicas: int, instance: str) -> None:
    """One that gave more bad answers than halfway from its fair part to all; what nobody answered is no instance's."""
    assert told_of(by, replicas) == instance


def test_many_instances_together_are_none() -> None:
    """Where most bad answers are of those that are not told apart, nobody is named; one that gave most of them is."""
    assert told_of({OTHERS: 600, "chat-1": 1}, MOST) == ""
    assert told_of({OTHERS: 200, "chat-1": 400}, MOST) == "chat-1"


@given(st.integers(1, 60), st.integers(2, 20))
@settings(deadline=None)
def test_few_bad_answers_name_nobody_by_chance(bad: int, replicas: int) -> None:
    """One of several gave them all: it is named if that comes about less than once in a thousand times by itself."""
    assume(replicas ** (bad - 1) != 1000)  # which no float says exactly
    found = run({})
    found.counts.tallies["chat sendMessage"] = Tally((1.0,))
    found.counts.add("chat sendMessage", BEGAN, [0.01] * bad, ["status 503"] * bad)
    found.counts.instances.add(("chat sendMessage", None, "chat-1"), bad)
    found = replace(judged(found.counts), replicas={"chat": replicas})
    (trouble,) = troubles(found) or doubts(found)
    assert trouble.instance == ("chat-1" if replicas ** (1 - bad) <= 0.001 else "")


def test_the_instance_that_lost_idle_connections_is_told_with_its_service() -> None:
    """Who agreed to those that were lost is one of the instances that hold them; nobody else's number counts."""
    budget = parse_budget("idle connection: succeeded >= 90 %", operations=(), journeys=(IDLE,), guide=GUIDE)
    profile = replace(PROFILE, budget=budget, called=frozenset())
    counts = Counts()
    for second in range(LASTED):
        counts.add(IDLE, BEGAN + second, [0.01] * RATE, ["no heartbeat"] * 30)
    counts.instances.add((IDLE, None, "ws-2"), 30 * LASTED)
    found = replace(judged(counts), profile=profile, replicas={"websocket-signaling": 3})
    found = replace(found, verdict=judge(profile.plan, counts.tallies, found.facts))
    (trouble,) = troubles(found)
    assert "mostly no heartbeat; mostly from the instance ws-2; throughout" in trouble.headline(BEGAN, BEGAN + LASTED)
    assert "Look first at idle connection (websocket-signaling, instance ws-2): logs" in steps(found)[1]
    (alone,) = troubles(replace(found, replicas={"websocket-signaling": 1, "chat": 3}))
    assert alone.instance == ""


def test_one_slow_instance_is_named() -> None:
    """Slowness is told apart by its limit, as failures are."""
    assert told_of({"chat-1": 6_000}, 3, 1.0) == "chat-1"


def test_the_sick_instance_is_said_where_people_look() -> None:
    """The cause, the next step and the document name it."""
    found = run({"chat sendMessage": (0.1, "status 503")})
    found.counts.instances.add(("chat sendMessage", None, "chat-2"), 600)
    found = replace(found, replicas={"chat": 3})
    (trouble,) = troubles(found)
    assert trouble.headline(BEGAN, BEGAN + LASTED) == (
        "chat: 600 of 12,000 failed (5 %), mostly chat sendMessage: status 503; mostly from the instance chat-2; "
        "throughout"
    )
    assert "Look first at chat (chat-2): logs and metrics of the time that the causes name." in steps(found)
    assert [cause["instance"] for cause in document(found)["causes"]] == ["chat-2"]
