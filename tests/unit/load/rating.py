"""Rates of a test's session, in a process that is none of Locust's."""

from __future__ import annotations

import importlib
import sys
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

from loadtests import clock

if TYPE_CHECKING:
    import pytest

    from loadtests.rates import Rates
    from loadtests.session import Session


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
