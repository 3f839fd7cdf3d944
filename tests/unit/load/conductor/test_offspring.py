"""Processes that a master made: waited for, ended, or left alone; in simulated time."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import ClassVar

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.conductor import offspring
from loadtests.conductor.offspring import SOON, await_offspring

LOCUST = ("python", "locust")
LOOK = 0.1
"""Seconds between two looks, and more."""


class Child:
    """A process of the world: it ends by itself at a time, or by what it is told, and is a zombie before it is gone."""

    world: ClassVar[World]

    def __init__(
        self, *, at: float = math.inf, by: tuple[str, ...] = ("terminate", "kill"), runs: tuple[str, ...] = LOCUST
    ) -> None:
        self.at, self.by, self.runs = at, by, runs
        self.told: list[tuple[str, float]] = []

    def children(self) -> list[Child]:
        return [*self.world.children]

    def cmdline(self) -> tuple[str, ...]:
        if not self.runs:
            raise psutil.NoSuchProcess(1)
        return self.runs

    def status(self) -> str:
        if self.world.now > self.at + LOOK:
            raise psutil.NoSuchProcess(1)
        return psutil.STATUS_ZOMBIE if self.world.now >= self.at else psutil.STATUS_RUNNING

    def terminate(self) -> None:
        self._hears("terminate")

    def kill(self) -> None:
        self._hears("kill")

    def _hears(self, word: str) -> None:
        self.told.append((word, self.world.now))
        if word not in self.by:
            raise psutil.AccessDenied(1)
        self.at = min(self.at, self.world.now)


class World:
    """What offspring see of the machine."""

    def __init__(self, patch: pytest.MonkeyPatch, *children: Child) -> None:
        self.now, self.children = 0.0, children
        patch.setattr(offspring, "time", SimpleNamespace(monotonic=lambda: self.now))
        patch.setattr(offspring, "gevent", SimpleNamespace(sleep=self._sleep))
        patch.setattr(psutil, "Process", Child)
        patch.setattr(Child, "world", self, raising=False)

    def _sleep(self, seconds: float) -> None:
        self.now += seconds


def test_who_ends_by_itself_is_waited_for_and_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was away removes its people only now; whoever has ended already is not waited for."""
    slow, ended, gone = Child(at=20.0), Child(at=0.0), Child(at=-1.0)
    world = World(monkeypatch, slow, ended, gone)
    await_offspring(33.0)
    assert slow.told == ended.told == gone.told == []
    assert 20 <= world.now < 20 + LOOK


def test_who_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """First by a word that it can still hear, and then by one that it cannot, whatever becomes of another."""
    hears, deaf, stays = Child(), Child(by=("kill",)), Child(by=())
    world = World(monkeypatch, hears, deaf, stays)
    await_offspring(5.0)
    assert [word for word, _ in hears.told] == ["terminate"]
    assert [word for word, _ in deaf.told] == [word for word, _ in stays.told] == ["terminate", "kill"]
    assert [at for _, at in deaf.told] == [pytest.approx(5.0, abs=LOOK), pytest.approx(5.0 + SOON, abs=2 * LOOK)]
    assert world.now == pytest.approx(5.0 + 2 * SOON, abs=3 * LOOK)


def test_who_is_no_copy_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sandbox of the master's is ended by who made it, and who is gone by now by nobody."""
    other, gone = Child(runs=("python", "sandbox")), Child(runs=())
    world = World(monkeypatch, other, gone)
    await_offspring(5.0)
    assert (other.told, gone.told, world.now) == ([], [], 0.0)


@given(st.floats(0, 60), st.lists(st.tuples(st.floats(0, 100), st.sampled_from([(), ("kill",), ("terminate",)]))))
def test_it_takes_no_longer_than_it_may(within: float, children: list[tuple[float, tuple[str, ...]]]) -> None:
    """However many there are, and nobody is told anything before the time that it was given is over."""
    with pytest.MonkeyPatch.context() as patch:
        world = World(patch, *(Child(at=at, by=by) for at, by in children))
        await_offspring(within)
    assert world.now <= within + 2 * SOON + 3 * LOOK
    assert all(at >= within for child in world.children for _, at in child.told)
    assert all(child.told == [] for child in world.children if child.at < within)
