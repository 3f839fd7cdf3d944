"""What is asked for faster than it can be begun: others have their turns, and the end comes."""

import socket
import time
from collections.abc import Callable
from itertools import repeat

import pytest

from fixtures.checks import eventually
from fixtures.checks.match import equals
from loadtests.engine import Plan
from tests.unit.load.engine.runs import GET, SUBJECT, engine
from tests.unit.load.engine.server import Server, answering, serving


def unanswered_for(seconds: float) -> Callable[[Server, socket.socket], None]:
    """Close a connection so long after it was asked."""

    def closes(server: Server, peer: socket.socket) -> None:
        server.request(peer)
        server.over.wait(seconds)

    return closes


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


def test_hundreds_who_wait_for_nothing_give_up_together() -> None:
    """Of a platform that stands still every arrival is a time-out in its time, and none is left to the end."""
    with serving(unanswered_for(20)) as server:
        runs = engine(server, read=0.3)
        runs.start(Plan(SUBJECT, GET, arrivals=repeat(0.0, 400), connections=1, waiting=400))
        eventually(lambda: runs.facts().full, equals({SUBJECT: 399}), within=20, subject="arrivals that wait")
        time.sleep(1.0)
        runs.stop(drain=0.0)
        counts = runs.take()
    assert counts.causes[SUBJECT, "time-out"] == 400


def test_what_fails_at_last_has_waited_since_it_was_due() -> None:
    """The one connection is closed unanswered after a while, and another's request had to wait for that."""
    with serving(unanswered_for(0.3)) as server:
        runs = engine(server)
        runs.start(Plan(SUBJECT, GET, arrivals=iter([0.0, 0.0]), connections=1, waiting=9))
        assert runs.wait(20)
        latencies = runs.take().tally(SUBJECT).latencies
    assert (latencies.quantile(1.0) or 0.0) >= 0.55
