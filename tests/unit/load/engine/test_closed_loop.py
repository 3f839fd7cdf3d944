"""A closed loop: when it begins, and that each connection carries one request at a time."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from loadtests.client.timeouts import Timeouts
from loadtests.counts import Counts
from loadtests.engine import Plan
from loadtests.engine.closed import ClosedLoop
from loadtests.engine.connection import Connection
from loadtests.engine.native import new_lock
from loadtests.engine.recording import Ledger, Recorder
from loadtests.engine.watch import Watch
from tests.unit.load.engine.runs import GET, SUBJECT, engine
from tests.unit.load.engine.server import OK, Server, refusing_port, serving

if TYPE_CHECKING:
    import socket


def test_nothing_is_sent_before_it_begins() -> None:
    """A connection that the target closes before is opened again then, and sends once until it is answered."""
    asked: list[tuple[float, bytes]] = []

    def handle(server: Server, peer: socket.socket) -> None:
        if server.connections == 1:
            server.over.wait(0.1)
            return
        while data := server.request(peer):
            asked.append((time.perf_counter(), data))
            server.over.wait(1.0)
            peer.sendall(OK)

    with serving(handle) as server:
        runs = engine(server)
        begins = time.perf_counter() + 0.3
        runs.start(Plan(SUBJECT, GET, connections=1), begins=begins)
        runs.wait(0.5)
        assert runs.stop()
        counts = runs.take()
    assert [data for _, data in asked] == [GET]
    assert asked[0][0] >= begins
    assert (counts.tally(SUBJECT).requests, counts.tally(SUBJECT).failed, server.connections) == (1, 0, 2)


def test_a_connection_that_has_just_ended_is_not_sent_on() -> None:
    """Until its end is told it is one of those that are open, and it is replaced then."""

    async def begins() -> tuple[bool, int, int]:
        plan, recorder = Plan(SUBJECT, GET, connections=1), Recorder(SUBJECT, Ledger(Counts(), new_lock()))
        watch = Watch(lambda _: None, SUBJECT)
        loop = ClosedLoop(Server(refusing_port()), plan, Timeouts(), recorder, watch)
        ended = Connection(plan, 1, recorder, watch, loop)
        loop.connections.add(ended)
        loop.begin(time.perf_counter())
        await asyncio.sleep(0.01)
        before = loop.opening
        loop.lost(ended)
        after = loop.opening
        loop.abandon()
        return ended.busy, before, after

    assert asyncio.run(begins()) == (False, 0, 1)
