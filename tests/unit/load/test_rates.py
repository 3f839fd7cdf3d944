"""Operations at rates of their own: what the generator has too few of is not laid to the platform."""

from __future__ import annotations

import importlib
import sys
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import gevent
import pytest

from loadtests import clock
from loadtests.profiles.model import OperationRate
from loadtests.profiles.phases import Steady
from loadtests.recording import Recorder
from loadtests.sockets import room
from tests.unit.load.engine.server import OK, Server, serving
from tests.unit.load.told import PLATFORM
from tests.unit.load.working import session

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator

    from loadtests.rates import Rates
    from loadtests.session import Session

OPERATION = "auth getKeySet"
TAKES = 0.25
RATE = 240.0


def answers_late(server: Server, peer: socket.socket) -> None:
    """Good answers, each after a quarter of a second."""
    while server.request(peer):
        server.over.wait(TAKES)
        peer.sendall(OK)


@pytest.fixture
def made() -> Iterator[Session]:
    with serving(answers_late) as server:
        made = session()
        rates = (OperationRate(OPERATION, (Steady(2, RATE),)),)
        made.profile = replace(made.profile, mix={}, phases=(), people=0, rates=rates)
        made.platform = replace(PLATFORM, api=f"http://127.0.0.1:{server.port}")
        made.recorder = Recorder((0.4, 1.0))
        yield made


def test_connections_stay_within_what_the_machine_allows(made: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rate that would need more has what there is, and half of the room is left to others."""
    monkeypatch.setattr(room, "most_connections", lambda: 90)
    rates = begun(made, monkeypatch)
    gevent.sleep(1.2)
    assert rates._engine.facts().opened == 45
    rates.stop(5)


def begun(made: Session, monkeypatch: pytest.MonkeyPatch) -> Rates:
    """The rates of a session, without Locust, whose own statistics count the same."""
    locusts = SimpleNamespace(report=lambda *_: None)
    monkeypatch.setitem(sys.modules, "loadtests.engine.locust_statistics", locusts)
    monkeypatch.setitem(sys.modules, "loadtests.rates", None)
    del sys.modules["loadtests.rates"]
    module = importlib.import_module("loadtests.rates")
    made.begins = time.perf_counter() + 0.2
    made.began = clock.wall() + 0.2
    rates: Rates = module.Rates(made, None)
    rates.begin()
    return rates


def test_a_platform_that_holds_its_limit_is_not_slowed_down_by_its_generator(
    made: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixty answers are under way at any time: with fewer connections than these, latencies would grow without end."""
    rates = begun(made, monkeypatch)
    gevent.sleep(2.3)
    rates.stop(5)
    counts = made.recorder.take()
    tally = counts.tallies[OPERATION]
    assert counts.started.total() == counts.asked.total() == tally.requests
    assert tally.requests == pytest.approx(2 * RATE, rel=0.3)
    assert tally.over(1.0) == 0
    assert tally.latencies.quantile(0.5) == pytest.approx(TAKES, rel=0.3)
