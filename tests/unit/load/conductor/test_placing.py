"""Which users run in which process."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from loadtests.profiles.load import load_profile
from loadtests.profiles.model import Profile


@dataclass
class Node:
    id: str


class OpenVisitors:
    weight, fixed_count = 1, 0


class ClosedVisitor(OpenVisitors): ...


class RateUser(OpenVisitors): ...


class IdleConnections(OpenVisitors): ...


@pytest.fixture
def placing(monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401
    # Locust would patch this whole process.
    monkeypatch.setenv("LOCUST_SKIP_MONKEY_PATCH", "1")
    from loadtests.conductor import placing as module  # noqa: PLC0415

    return module


def closed(users: int) -> Profile:
    return replace(load_profile("smoke"), arrivals="closed", phases=(), users=users, closed_lasts=10.0, connections=7)


def said(placing: Any, profile: Profile, nodes: list[str], members: list[str]) -> Any:  # noqa: ANN401
    kinds: Any = [OpenVisitors, ClosedVisitor, RateUser, IdleConnections]
    dispatcher = placing.Placing([Node(name) for name in nodes], kinds, profile=profile, members=members)
    dispatcher.new_dispatch(1, 1.0)
    return dispatcher


def test_every_member_gets_one_of_each_kind_that_the_profile_needs(placing: Any) -> None:  # noqa: ANN401
    """By schedule one user in each process sends everybody on their way."""
    [placed] = said(placing, load_profile("smoke"), ["a", "b"], ["a", "b"])
    nothing_else = {"ClosedVisitor": 0, "RateUser": 0, "IdleConnections": 0}
    assert placed == {name: {"OpenVisitors": 1, **nothing_else} for name in ("a", "b")}


def test_closed_users_are_shared_out_without_a_rest(placing: Any) -> None:  # noqa: ANN401
    """All processes together have exactly as many as the profile says."""
    [placed] = said(placing, closed(8), ["a", "b", "c"], ["a", "b", "c"])
    assert [placed[name]["ClosedVisitor"] for name in "abc"] == [3, 3, 2]
    assert [placed[name]["IdleConnections"] for name in "abc"] == [1, 1, 1]


def test_who_joins_late_runs_nothing_and_nobody_takes_over_for_the_lost(placing: Any) -> None:  # noqa: ANN401
    """Whoever asks again hears the same, and Locust, which would wait for each of them, does not."""
    dispatcher = said(placing, closed(4), ["a", "b"], ["a", "b"])
    [first] = dispatcher
    assert dispatcher.dispatch_in_progress
    dispatcher.add_worker(Node("late"))
    dispatcher.remove_worker(Node("b"))
    dispatcher.new_dispatch(9, 1.0)
    [second] = dispatcher
    assert second["a"] == first["a"]
    assert set(second["late"].values()) == {0}
    assert "b" not in second
