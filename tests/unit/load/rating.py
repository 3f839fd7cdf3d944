"""Rates of a test's session, in a process that is none of Locust's."""

from __future__ import annotations

import importlib
import sys
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING

from fixtures.checks import eventually
from fixtures.checks.match import at_least
from loadtests import clock
from loadtests.profiles.model import OperationRate
from loadtests.profiles.phases import steady
from loadtests.recording import Recorder
from tests.unit.load.told import PLATFORM
from tests.unit.load.working import session

if TYPE_CHECKING:
    import pytest

    from loadtests.engine.plan import Apart
    from loadtests.rates import Rates
    from loadtests.session import Session

OPERATION = "auth getKeySet"


def rated(*rates: OperationRate, api: str) -> Session:
    """A session whose profile has these rates, and nothing else."""
    made = session()
    made.profile = replace(made.profile, mix={}, phases=(), people=0, rates=rates)
    made.platform = replace(PLATFORM, api=api)
    made.recorder = Recorder((0.4, 1.0))
    return made


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


def apart(rates: Rates, operation: str) -> Apart:
    """What a connection has by which such an operation is asked."""
    makes = rates._plan(OperationRate(operation, (steady(1, 1),)), 9).apart
    assert makes is not None
    return makes()


def had_to_wait(rates: Rates, number: int) -> None:
    """Wait until so many arrivals found every connection taken."""
    eventually(lambda: rates._engine.facts().full.get(OPERATION, 0), at_least(number), within=20, subject="arrivals")


def opened(rates: Rates, number: int) -> None:
    """Wait until there were so many connections; a dozen of them are there before the first arrival."""
    eventually(lambda: rates._engine.facts().opened, at_least(number), within=20, subject="connections")
