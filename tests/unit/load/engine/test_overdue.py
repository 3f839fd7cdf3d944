"""What is asked for faster than it can be begun: others have their turns, and the end comes."""

import time
from itertools import repeat

import pytest

from loadtests.engine import Plan
from tests.unit.load.engine.runs import GET, SUBJECT, engine
from tests.unit.load.engine.server import answering, serving


def test_a_schedule_that_nobody_can_keep_comes_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three million at once are begun for as long as is given to them, and that not all were begun can be seen."""
    monkeypatch.setattr("loadtests.engine.arriving.CATCHING_UP", 0.2)
    with serving(answering) as server:
        runs = engine(server)
        runs.start(Plan(SUBJECT, GET, arrivals=repeat(0.0, 3_000_000), connections=2, waiting=3_000_000))
        runs.wait(0.1)
        began = time.perf_counter()
        assert runs.stop(drain=0.2)
        assert time.perf_counter() - began < 10
        counts = runs.take()
    assert counts.refused.total() == 1
    assert counts.asked.total() == counts.tally(SUBJECT).requests + 1 < 3_000_000
