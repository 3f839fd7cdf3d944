"""Connections that end before anything was asked on them are in the figures."""

from __future__ import annotations

import contextlib
import itertools
import socket
import struct
import time

import pytest

from fixtures.http1.target import Target
from loadtests.engine import Plan, reaching
from tests.closed import closed_address
from tests.unit.load.engine.runs import GET, SUBJECT, ends, engine
from tests.unit.load.engine.server import OK, Server, answering, serving


def counted(url: str, warm: int, begins_in: float | None) -> dict[str, int]:
    """Causes of what failed with so many connections before the first of three arrivals, then or when all have."""
    runs = engine(Target.of(url, None))
    plan = Plan(SUBJECT, GET, arrivals=iter((0.0, 0.3, 0.6)), connections=warm, warm=warm, idempotent=True)
    runs.start(plan, begins=None if begins_in is None else time.perf_counter() + begins_in)
    ends(runs)
    counts = runs.take()
    assert counts.asked.total() == counts.started.total() == 3
    return {cause: number for (_, cause), number in counts.causes.items()}


def test_what_is_refused_before_the_first_arrival_is_counted() -> None:
    """Each opening that fails is one failed sample, besides those of the arrivals that find nobody."""
    assert counted(closed_address(), 5, None)["refused"] == 5 + 3


@pytest.mark.parametrize("linger", [True, False], ids=["reset", "closed"])
def test_what_ends_before_its_first_use_is_counted(*, linger: bool) -> None:
    """A listener that resets most of its connections is not excused by those that it leaves."""
    number = itertools.count()

    def most_end(server: Server, peer: socket.socket) -> None:
        if next(number):
            if linger:
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        server.answers(peer, OK)

    with serving(most_end) as server:
        assert counted(f"http://127.0.0.1:{server.port}", 5, 0.3) == {"reset": 4}


def test_an_address_that_takes_no_connections_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of all people would wait for it in vain, though the other half's connections suffice for the schedule."""
    monkeypatch.setattr(reaching, "look_up", lambda _host, _port: ["127.0.0.1", "127.0.0.2"])
    with (
        serving(answering) as server,
        socket.create_server(("127.0.0.2", server.port), backlog=0) as full,
        contextlib.ExitStack() as held,
    ):
        for _ in range(3):
            taken = held.enter_context(socket.socket())
            taken.setblocking(False)  # noqa: FBT003 - its only form
            taken.connect_ex(full.getsockname())
        runs = engine(Target("balancer.example", server.port, "balancer.example", None), connect=0.5)
        arrivals = iter([number * 0.05 for number in range(40)])
        runs.start(Plan(SUBJECT, GET, arrivals=arrivals, connections=8, warm=8), begins=time.perf_counter() + 0.1)
        ends(runs)
    counts = runs.take()
    assert counts.causes.keys() == {(SUBJECT, "time-out connecting")}
    assert counts.tally(SUBJECT).requests == 40 + counts.causes.total()


def test_what_ends_for_want_of_work_is_not() -> None:
    """A peer may close what has rested for half a second, be it before its first use."""
    number = itertools.count()

    def rests(server: Server, peer: socket.socket) -> None:
        if next(number):
            server.over.wait(0.8)
            return
        server.answers(peer, OK)

    with serving(rests) as server:
        assert counted(f"http://127.0.0.1:{server.port}", 3, 1.5) == {}
