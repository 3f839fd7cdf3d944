"""How long journeys wait for what the platform promises: longer in a world that is slower, and only there."""

import time
from typing import Any

import pytest

from fixtures.checks.time_scale import forget_time_scale, set_time_scale
from fixtures.contract.promises import PROMISES
from fixtures.contract.websocket_signaling import Presence
from loadtests.journeys import JOURNEYS, chatting
from loadtests.journeys.deliveries import Deliveries
from tests.unit.load.journeys.device import Device
from tests.unit.load.journeys.town import Town


def _slow(factor: float) -> None:
    forget_time_scale()
    set_time_scale(factor)


@pytest.mark.parametrize("name", ["calling", "chatting", "connecting"])
def test_each_frame_has_all_the_time_of_a_slow_world(name: str, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A promise that is kept as slowly as everything else there is kept."""
    waits: list[float] = []
    receive = Device.receive

    def waiting(device: Device, timeout: float) -> str:
        waits.append(timeout)
        return receive(device, timeout)

    monkeypatch.setattr(Device, "receive", waiting)
    for scale in (100, 300):
        _slow(scale)
        town.devices.clear()
        JOURNEYS[name].run(town.visitor(), time.perf_counter())
    half = len(waits) // 2
    assert half
    assert waits[half:] == pytest.approx([3 * wait for wait in waits[:half]], rel=0.01)


def test_messages_have_all_the_time_of_a_slow_world(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """None is lost that comes as late as the scale allows."""
    deadlines: list[float] = []

    def noting(deadline: float, *more: Any) -> Deliveries:  # noqa: ANN401 - as its own
        deadlines.append(deadline)
        return Deliveries(deadline, *more)

    monkeypatch.setattr(chatting, "Deliveries", noting)
    _slow(3)
    JOURNEYS["chatting"].run(town.visitor(), time.perf_counter())
    assert deadlines == [3 * PROMISES.deadlines.message_delivery]


@pytest.mark.parametrize(("scale", "cause"), [(10, "friend still online"), (1000, "")])
def test_presence_may_stick_for_as_long_as_a_slow_world_is_given(scale: float, cause: str, town: Town) -> None:
    """A friend who left long ago, but not so long as that, may still be shown."""
    _slow(scale)
    town.answers["websocket-signaling getPresence"] = lambda _: Presence(town.users["bob"], "online", None)
    visitor = town.visitor()
    visitor.friend_gone = time.perf_counter() - 100 * PROMISES.deadlines.presence
    JOURNEYS["browsing"].run(visitor, time.perf_counter())
    assert town.counted("browsing") == [(True, cause)]
