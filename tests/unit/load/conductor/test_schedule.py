"""The shape that Locust sees, and when it is over."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest


@dataclass
class Runner:
    """What of Locust's master a shape asks."""

    state: str
    shape_last_tick: tuple[int, float] | None = None


@pytest.fixture
def shape(monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401
    # Locust would patch this whole process.
    monkeypatch.setenv("LOCUST_SKIP_MONKEY_PATCH", "1")
    from loadtests.conductor import schedule  # noqa: PLC0415

    monkeypatch.setattr(schedule, "MasterRunner", Runner)
    return schedule.Schedule()  # type: ignore[no-untyped-call]


def test_it_asks_for_users_until_the_conductor_ends_the_run(shape: Any) -> None:  # noqa: ANN401
    """For the same ones each time, so that Locust begins once."""
    shape.runner = Runner("ready")
    asked = shape.tick()
    assert asked is not None
    for state in ("spawning", "running"):
        shape.runner = Runner(state, asked)
        assert shape.tick() == asked


def test_it_is_over_when_no_run_has_begun(shape: Any) -> None:  # noqa: ANN401
    """No worker was there: whoever starts a run on Locust's page may do so again when there is one."""
    shape.runner = Runner("ready", shape.tick())
    assert shape.tick() is None


def test_a_process_on_its_own_has_begun_when_it_was_told(shape: Any) -> None:  # noqa: ANN401
    """Its state says so only when all users are there."""
    asked = shape.tick()
    shape.runner = SimpleNamespace(state="ready", shape_last_tick=asked)
    assert shape.tick() == asked
