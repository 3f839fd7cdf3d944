"""Operations at rates of their own: what the generator has too few of is not laid to the platform."""

from __future__ import annotations

import importlib
import json
import sys
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

import gevent
import pytest

from loadtests import clock
from loadtests.failure import Failure
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

NO_ROOM = "generator: no connection left that open files and ports allow"
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
    counts = made.recorder.take()
    # Sixty are under way at any time: who waited for one of 45 connections, waited for this machine.
    assert counts.causes[OPERATION, NO_ROOM] > RATE / 4


def test_a_platform_that_is_too_slow_is_not_excused(made: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all the connections that its limits need, whoever waits for one waits for the platform."""
    monkeypatch.setattr(f"{__name__}.TAKES", 3.0)
    rates = begun(made, monkeypatch)
    gevent.sleep(2.0)
    assert rates._engine.facts().full[OPERATION] > 0
    rates.stop(0)
    assert (OPERATION, NO_ROOM) not in made.recorder.take().causes


def test_draining_takes_its_time_once(made: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a schedule that is over, too, what is not answered by then is abandoned."""
    monkeypatch.setattr(f"{__name__}.TAKES", 9.0)
    rates = begun(made, monkeypatch)
    gevent.sleep(2.3)
    began = time.perf_counter()
    rates.stop(3.0)
    assert time.perf_counter() - began < 5


def test_each_service_answers_for_itself(made: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A route that leads to another service answers quickly, with the right status and the right type."""
    health = {
        "status": "up",
        "service": "chat",
        "environment": "local",
        "version": "1",
        "slot": "blue",
        "instance": "i",
        "started_at": "2026-01-01T00:00:00.000Z",
        "dependencies": {},
    }
    for service in ("chat", "auth"):
        check = begun(made, monkeypatch)._plan(OperationRate(f"{service} getHealth", (Steady(1, 1),)), 9).check
        assert check is not None
        if service == "chat":
            check(200, json.dumps(health).encode())
        else:
            with pytest.raises(Failure, match="wrong service: 'chat' instead of 'auth'"):
                check(200, json.dumps(health).encode())


def test_answers_are_waited_for_as_long_as_the_environment_is_slow(
    made: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What scales the deadlines of people scales those of rates: one answer is not good here and failed there."""
    made.platform = replace(made.platform, time_scale=0.02)
    rates = begun(made, monkeypatch)
    gevent.sleep(1.0)
    rates.stop(5)
    counts = made.recorder.take()
    assert counts.causes[OPERATION, "time-out"] == counts.tallies[OPERATION].requests > 0


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
    assert (OPERATION, NO_ROOM) not in counts.causes
    assert tally.latencies.quantile(0.5) == pytest.approx(TAKES, rel=0.3)
