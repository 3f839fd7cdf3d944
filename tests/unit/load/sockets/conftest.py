"""What tests of websockets share: events of those of a greenlet, and a clock for what holds idle ones."""

import pytest

from loadtests import sockets
from tests.unit.load.sockets.events import Events
from tests.unit.load.sockets.idling import Clock


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(sockets.holding, "time", clock)
    return clock
