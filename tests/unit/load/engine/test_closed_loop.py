"""A closed loop: when it begins, what is counted of it, and that each connection carries one request at a time."""

from __future__ import annotations

import asyncio
import select
import threading
import time
from typing import TYPE_CHECKING

from fixtures.checks import eventually
from fixtures.checks.match import at_least, empty, equals
from fixtures.http1.target import Target
from loadtests.client.timeouts import Timeouts
from loadtests.counts import Counts
from loadtests.engine import Plan
from loadtests.engine.closed import ClosedLoop
from loadtests.engine.connection import Connection
from loadtests.engine.recording import Ledger, Recorder
from loadtests.engine.watch import Watch
from loadtests.native import new_lock
from tests.closed import closed_port
from tests.unit.load.engine.runs import GET, LIMITS, PATIENCE_S, SUBJECT, asked, engine
from tests.unit.load.engine.server import OK, Server, answering, answering_when, serving

if TYPE_CHECKING:
    import socket


def test_every_answer_of_a_closed_loop_is_counted_once() -> None:
    """What a closed loop counts, taken in pieces, is what the target answered."""
    with serving(answering) as server:
        runs = engine(server)
        runs.start(Plan(SUBJECT, GET, connections=3))
        total = Counts(LIMITS)
        pieces: list[Counts] = []

        def taken() -> int:
            pieces.append(runs.take())
            return sum(bool(piece.tallies) for piece in pieces)

        eventually(taken, at_least(2), within=PATIENCE_S, subject="pieces with samples")
        assert runs.facts().opened == 3
        assert runs.stop()
        for piece in [*pieces, runs.take()]:
            total.merge(piece)
    tally = total.tally(SUBJECT)
    assert tally.requests == server.requests > 10
    assert tally.failed == 0
    assert server.connections == 3
    assert sum(len(histogram) for histogram in total.seconds.values()) == tally.requests
    assert not total.asked
    assert runs.take() == Counts(LIMITS)


def test_a_closed_loop_asks_a_refusing_target_gently() -> None:
    """A target that refuses is tried ten times a second by each connection, and each try is a failure."""

    class Refusing:
        host = server_name = "127.0.0.1"
        context, tries = None, 0
        refuses = closed_port()

        @property
        def port(self) -> int:
            self.tries += 1
            return self.refuses

    target = Refusing()
    runs, began = engine(target), time.perf_counter()
    runs.start(Plan(SUBJECT, GET, connections=2))
    # Two before it begins, which nobody asked for, two at once, and two after each pause.
    eventually(lambda: target.tries, at_least(8), within=PATIENCE_S)
    runs.stop()
    counts, elapsed = runs.take(), time.perf_counter() - began
    assert 4 <= counts.tally(SUBJECT).requests <= 2 * (elapsed / 0.1 + 2)
    assert set(counts.causes) == {(SUBJECT, "refused")}


def test_a_closed_loop_outlives_its_connections() -> None:
    """A connection that the target closes is replaced, and nothing is lost or invented."""

    def thrice(server: Server, peer: socket.socket) -> None:
        for last in (b"", b"", b"Connection: close\r\n"):
            server.request(peer)
            peer.sendall(OK.replace(b"\r\n\r\n", b"\r\n" + last + b"\r\n"))

    with serving(thrice) as server:
        runs = engine(server)
        runs.start(Plan(SUBJECT, GET, connections=2))
        eventually(lambda: server.connections, at_least(5), within=PATIENCE_S)
        runs.stop()
        counts = runs.take()
    assert counts.tally(SUBJECT).requests == server.requests
    assert counts.tally(SUBJECT).failed == 0


def test_what_a_target_drops_of_a_closed_loop_has_failed() -> None:
    """A request that was taken and not answered is a failure, and another connection goes on."""

    def shuts(server: Server, peer: socket.socket) -> None:
        server.request(peer)
        peer.sendall(OK)
        server.request(peer)

    with serving(shuts) as server:
        runs = engine(server)
        runs.start(Plan(SUBJECT, GET, connections=2, idempotent=True))
        asked(server, 5)
        runs.stop()
        tally = runs.take().tally(SUBJECT)
    assert tally.requests == server.requests
    assert abs(2 * tally.failed - tally.requests) <= 4


def test_nothing_is_sent_before_it_begins() -> None:
    """Its connections are open before, and the first request is sent then."""
    first: list[float] = []

    def handle(server: Server, peer: socket.socket) -> None:
        select.select([peer], [], [])
        first.append(time.perf_counter())
        answering(server, peer)

    with serving(handle) as server:
        runs = engine(server)
        begins = time.perf_counter() + 0.2
        runs.start(Plan(SUBJECT, GET, connections=1), begins=begins)
        asked(server, 1)
        assert runs.stop()
    assert first[0] >= begins - 0.002, "the event loop's timers are no finer"
    assert server.connections == 1


def test_all_its_connections_are_open_before_it_begins() -> None:
    """To open them is no part of what its first requests took."""
    with serving(answering) as server:
        runs = engine(server)
        runs.start(Plan(SUBJECT, GET, connections=3), begins=time.perf_counter() + 60)
        eventually(lambda: runs.facts().opened, equals(3), within=PATIENCE_S, subject="connections")
        assert runs.stop()
    assert server.requests == 0


def test_what_is_closed_before_it_begins_is_opened_again_then() -> None:
    """A connection that the target closes before carries nothing; the next is sent on once until it is answered."""
    stopped = threading.Event()

    def handle(server: Server, peer: socket.socket) -> None:
        if server.connections > 1:
            answering_when(stopped)(server, peer)

    async def begins(server: Server) -> tuple[int, int]:
        plan, counts = Plan(SUBJECT, GET, connections=1), Counts()
        recorder, watch = Recorder(SUBJECT, Ledger(counts, new_lock())), Watch(lambda _: None, SUBJECT)
        loop = ClosedLoop(server, plan, Timeouts(), recorder, watch)
        await loop.warm(1)
        await asyncio.to_thread(eventually, lambda: loop.connections, empty(), within=PATIENCE_S)
        loop.begin(time.perf_counter())
        await asyncio.to_thread(asked, server, 1)
        loop.end()
        stopped.set()
        await asyncio.to_thread(eventually, lambda: loop.idle, equals(True), within=PATIENCE_S)  # noqa: FBT003
        loop.abandon()
        recorder.settle()
        return counts.tally(SUBJECT).requests, counts.tally(SUBJECT).failed

    with serving(handle) as server:
        assert asyncio.run(begins(server)) == (1, 0)
    assert (server.requests, server.connections) == (1, 2)


def test_a_connection_that_has_just_ended_is_not_sent_on() -> None:
    """Until its end is told it is one of those that are open, and it is replaced then, or was never answered."""
    counts = Counts()

    async def begins() -> tuple[bool, int, int, bool]:
        plan, recorder = Plan(SUBJECT, GET, connections=1), Recorder(SUBJECT, Ledger(counts, new_lock()))
        watch = Watch(lambda _: None, SUBJECT)
        loop = ClosedLoop(Server(closed_port()), plan, Timeouts(), recorder, watch)
        ended = Connection(plan, 1, recorder, watch, loop)
        loop.connections.add(ended)
        loop.begin(time.perf_counter())
        await asyncio.sleep(0.01)
        before = loop.opening
        loop.lost(ended)
        after, idle = loop.opening, loop.idle
        loop.abandon()
        recorder.settle()
        return ended.busy, before, after, idle

    assert asyncio.run(begins()) == (False, 0, 1, False)
    assert counts.causes == {(SUBJECT, "unanswered at the end"): 1}


def test_the_first_request_of_a_connection_began_when_it_was_opened() -> None:
    """Who is let in slowly, or not at all, waits for the target, be it before anything can be asked."""
    plan, recorder, watch = Plan("s", b""), Recorder("s", Ledger(Counts(), new_lock())), Watch(lambda _: None, "s")
    loop = ClosedLoop(Target.of("http://127.0.0.1:1", None), plan, Timeouts(), recorder, watch)

    async def answers() -> Connection:
        connection = Connection(plan, 1, recorder, watch, loop)
        connection._write = lambda _: None
        loop._not_connected("refused", 0.25)
        return connection

    connection = asyncio.run(answers())
    before = time.perf_counter()
    loop._first(before - 3.0, connection)
    assert connection.since == before - 3.0
    assert connection.sent >= before
    assert recorder._latencies == [0.25]
