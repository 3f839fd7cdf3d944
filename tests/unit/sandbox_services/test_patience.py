from dataclasses import astuple

import pytest

from fixtures.clients.scene import SECONDS
from fixtures.clients.timeouts import Timeouts
from fixtures.sandbox.services.patience import Patience


@pytest.mark.parametrize("factor", [0.5, 1, 4])
def test_every_wait_follows_the_scale(factor: float) -> None:
    """On a machine that is said to be so many times slower every dependency has so many times as long."""
    assert astuple(Patience().scaled(factor)) == tuple(seconds * factor for seconds in astuple(Patience()))


def test_a_missing_dependency_is_named_before_the_caller_gives_up() -> None:
    """No wait for one dependency is as long as a client's for the answer: else it learns only of silence."""
    assert max(astuple(Patience())) < Timeouts().read


def test_one_broker_may_be_asked_before_an_event_has_failed() -> None:
    """An event outlives one request to a broker, which may be to the wrong one."""
    assert Patience().brokers < Patience().event


def test_health_says_what_is_missing_before_the_look_at_the_scene_is_over() -> None:
    """Whoever looks for the cause at the end of a run is told of a dependency that does not answer."""
    assert Patience().health < SECONDS
