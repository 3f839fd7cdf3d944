"""The engine's runs: what is asked, started, refused, drained and counted, and how it ends."""

from __future__ import annotations

import asyncio
import threading
import time
from itertools import count
from typing import TYPE_CHECKING

import pytest

from fixtures.checks import eventually
from fixtures.checks.match import equals
from fixtures.statistics.histogram import Histogram
from loadtests.counts import Counts
from loadtests.engine import Engine, Plan
from tests.unit.load.engine.runs import GET, LIMITS, SUBJECT, arriving, engine
from tests.unit.load.engine.server import OK, Server, refusing_port, serving

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator


def answering(server: Server, peer: socket.socket) -> None:
    """Answer everything at once."""
    server.answers(peer, OK)


def slowly(server: Server, peer: socket.socket) -> None:
    """Answer everything after 0.2 s."""
    while server.request(peer):
        server.over.wait(0.2)
        peer.sendall(OK)


def silent(server: Server, peer: socket.socket) -> None:
    """Answer nothing."""
    server.request(peer)
    server.over.wait(5)


def later(seconds: float) -> None:
    """Let a run go on for a while."""
    until = time.perf_counter() + seconds
    idle = Engine(Server(1))
    idle.start()
    idle.wait(until - time.perf_counter())
    idle.stop()


def test_every_answer_of_a_closed_loop_is_counted_once() -> None:
    """What a closed loop counts, taken in pieces, is what the target answered."""
    with serving(answering) as server:
        runs = engine(server)
        runs.start(Plan(SUBJECT, GET, connections=3))
        total = Counts(LIMITS)
        for _ in range(4):
            later(0.05)
            total.merge(runs.take())
        assert runs.facts().connections == 3
        assert runs.stop()
        total.merge(runs.take())
    tally = total.tally(SUBJECT)
    assert tally.requests == server.requests > 10
    assert tally.failed == 0
    assert server.connections == 3
    assert sum(len(histogram) for histogram in total.seconds.values()) == tally.requests
    assert not total.asked
    assert runs.take() == Counts(LIMITS)


def test_every_arrival_is_asked_and_started() -> None:
    """An open schedule is followed to its end, each arrival in its second, and then the engine ends by itself."""
    with serving(answering) as server:
        began = time.time()
        counts = arriving(server, [index / 200 for index in range(100)])
    assert counts.asked.total() == counts.started.total() == counts.tally(SUBJECT).requests == server.requests == 100
    assert not counts.refused
    assert len(counts.lag) == 100
    assert set(counts.asked) <= {int(began), int(began) + 1}


def test_latency_counts_from_the_intended_start() -> None:
    """Arrivals that wait for the one connection are as slow as people would find them."""
    with serving(slowly) as server:
        counts = arriving(server, (0.0, 0.0, 0.0), connections=1)
    lowest = [lower for lower, _, _ in counts.tally(SUBJECT).latencies.buckets()]
    assert lowest == pytest.approx([0.2, 0.4, 0.6], rel=0.2)
    assert counts.lag.quantile(1) < 0.1  # type: ignore[operator]


def test_who_finds_no_place_is_refused_and_counted() -> None:
    """When too many wait, an arrival is not started, and that is known."""
    with serving(slowly) as server:
        counts = arriving(server, [0.0] * 10, connections=1, waiting=3)
    assert counts.asked.total() == 10
    assert counts.started.total() == 4 == counts.tally(SUBJECT).requests
    assert counts.refused.total() == 6


def test_what_was_due_at_an_early_end_is_asked_and_not_forgotten() -> None:
    """Who stops a run in the middle of a crowd finds all of it in the figures: begun, or refused."""
    crowd, coming = 200_000, threading.Event()

    def arrivals() -> Iterator[float]:
        for number in range(crowd):
            yield 0.0
            if number == 1000:
                coming.set()

    with serving(silent) as server:
        runs = engine(server, drain=0.2)
        runs.start(Plan(SUBJECT, GET, arrivals=arrivals(), connections=1, waiting=10))
        assert coming.wait(5)
        assert runs.stop()
    counts = runs.take()
    assert counts.asked.total() == crowd
    assert counts.started.total() + counts.refused.total() == crowd
    assert counts.tallies[SUBJECT].requests == counts.started.total()


def test_connections_grow_with_those_who_wait() -> None:
    """Arrivals open connections when none is free, up to the limit, and no more at a time than a target can bear."""
    with serving(slowly) as server:
        arriving(server, [0.0] * 10, connections=4)
    assert server.connections == 4
    with serving(slowly) as server:
        counts = arriving(server, [0.0] * 100, connections=80)
    assert server.connections == 80
    assert counts.tallies[SUBJECT].requests == 100
    assert counts.tallies[SUBJECT].over(1.0) == 0


def test_work_in_flight_is_drained() -> None:
    """Stopping begins nothing more, and waits for what was begun."""
    with serving(slowly) as server:
        runs = engine(server)
        runs.start(Plan(SUBJECT, GET, arrivals=(index / 100 for index in count()), connections=50))
        later(0.1)
        assert runs.stop()
        counts = runs.take()
    assert counts.tally(SUBJECT).requests == counts.started.total() == server.requests > 3
    assert counts.tally(SUBJECT).failed == 0


@pytest.mark.parametrize("arrivals", [None, 0.0], ids=["closed", "open"])
def test_what_is_not_answered_in_time_has_failed(arrivals: float | None) -> None:
    """The drain is bounded, and what it leaves is counted as failed and as never answered."""
    with serving(silent) as server:
        runs = engine(server, drain=0.2)
        offsets = None if arrivals is None else iter([arrivals] * 5)
        runs.start(Plan(SUBJECT, GET, arrivals=offsets, connections=2))
        later(0.1)
        assert runs.stop()
        counts = runs.take()
    begun = 2 if arrivals is None else 5
    assert dict(counts.causes) == {(SUBJECT, "unanswered at the end"): begun}
    assert counts.tally(SUBJECT).requests == counts.tally(SUBJECT).over(LIMITS[-1]) == begun


def test_who_waits_too_long_gives_up() -> None:
    """An arrival that gets no connection within the time for an answer is a time-out."""
    with serving(silent) as server:
        counts = arriving(server, [0.0] * 4, connections=1, on=engine(server, read=0.2))
    assert dict(counts.causes) == {(SUBJECT, "time-out"): 4}


def test_a_closed_loop_asks_a_refusing_target_gently() -> None:
    """A target that refuses is tried ten times a second by each connection, and each try is a failure."""
    runs = engine(Server(refusing_port()))
    runs.start(Plan(SUBJECT, GET, connections=2))
    later(0.35)
    runs.stop()
    counts = runs.take()
    assert 4 <= counts.tally(SUBJECT).requests <= 10
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
        later(0.2)
        runs.stop()
        counts = runs.take()
    assert counts.tally(SUBJECT).requests == server.requests
    assert counts.tally(SUBJECT).failed == 0
    assert server.connections > 2


def test_what_a_target_drops_of_a_closed_loop_has_failed() -> None:
    """A request that was taken and not answered is a failure, and another connection goes on."""

    def shuts(server: Server, peer: socket.socket) -> None:
        server.request(peer)
        peer.sendall(OK)
        server.request(peer)

    with serving(shuts) as server:
        runs = engine(server)
        runs.start(Plan(SUBJECT, GET, connections=2, idempotent=True))
        eventually(lambda: server.requests > 4, equals(True), within=10, subject="requests")  # noqa: FBT003
        runs.stop()
        tally = runs.take().tally(SUBJECT)
    assert tally.requests == server.requests
    assert abs(2 * tally.failed - tally.requests) <= 4


def test_plans_have_connections_of_their_own() -> None:
    """A slow operation does not delay the measuring of another."""

    def by_path(server: Server, peer: socket.socket) -> None:
        while request := server.request(peer):
            if request.startswith(b"GET /slow"):
                server.over.wait(0.2)
            peer.sendall(OK)

    with serving(by_path) as server:
        runs = engine(server)
        offsets = [index / 50 for index in range(10)]
        runs.start(
            Plan("slow", GET.replace(b"/", b"/slow", 1), arrivals=iter(offsets), connections=1),
            Plan("quick", GET, arrivals=iter(offsets), connections=1),
        )
        assert runs.wait(10)
        counts = runs.take()
    assert counts.tally("slow").requests == counts.tally("quick").requests == 10
    assert counts.tally("slow").over(0.05) == 10
    assert counts.tally("quick").over(0.05) < 10


def test_requests_can_differ() -> None:
    """A plan may make each request anew."""
    numbers = count()
    seen: list[bytes] = []

    def listening(server: Server, peer: socket.socket) -> None:
        while request := server.request(peer):
            seen.append(request)
            peer.sendall(OK)

    with serving(listening) as server:
        arriving(server, (0.0, 0.02, 0.04), request=lambda: b"GET /%d HTTP/1.1\r\nHost: t\r\n\r\n" % next(numbers))
    assert [request.split()[1] for request in seen] == [b"/0", b"/1", b"/2"]


def test_an_engine_is_started_once_and_stopped_whenever() -> None:
    """Stopping one that never ran, or has ended, is nothing; starting it again is a mistake."""
    runs = Engine(Server(1))
    assert runs.stop()
    work = asyncio.Event().wait()
    with pytest.raises(RuntimeError, match="not started"):
        runs.submit(work)
    work.close()
    runs.start()
    assert runs.running
    assert runs.stop()
    assert runs.stop()
    with pytest.raises(RuntimeError, match="once"):
        runs.start()


def test_stopping_at_once_sends_nothing_more() -> None:
    """A run that is stopped before its beginning ends without a request."""
    for arrivals in (None, iter([0.0, 0.0])):
        with serving(answering) as server:
            runs = engine(server)
            runs.start(Plan(SUBJECT, GET, arrivals=arrivals, connections=1), begins=time.perf_counter() + 60)
            assert runs.stop()
        assert runs.broken is None
        assert server.requests == 0


def test_other_work_can_run_on_its_loop_and_count() -> None:
    """What is submitted runs on the engine's loop and adds to its counts."""
    runs = Engine(Server(1), over=LIMITS)
    runs.start()
    recorder = runs.recorder("delivery")

    async def work() -> str:
        recorder.turn(time.perf_counter())
        recorder.record(0.01)
        return type(asyncio.get_running_loop()).__module__

    assert runs.submit(work()).result(5).startswith("uvloop")
    runs.stop()
    assert runs.take().tally("delivery").requests == 1
    assert isinstance(runs.facts().loop_lag, Histogram)


def test_a_stall_of_its_loop_weighs_as_much_as_it_lasted() -> None:
    """A third of a second in which nothing is sent is 30 looks that were late, not one of as many as there were."""
    runs = Engine(Server(1))
    runs.start()

    async def stalls() -> None:
        time.sleep(0.3)  # noqa: ASYNC251 - that it stops everybody is what is looked at

    runs.submit(stalls()).result(5)
    runs.stop()
    late = runs.facts().loop_lag
    assert len(late) >= 30
    assert (late.quantile(0.5) or 0) > 0.05


@pytest.mark.parametrize("wrong", [{"connections": 0}, {"waiting": -1}, {"warm": -1}])
def test_an_impossible_plan_is_refused(wrong: dict[str, int]) -> None:
    """A plan without connections, or with fewer than no places, is a mistake."""
    with pytest.raises(ValueError, match=SUBJECT):
        Plan(SUBJECT, GET, **wrong)  # type: ignore[arg-type]


def test_whoever_ends_it_may_be_in_a_hurry() -> None:
    """What is in flight has the shorter of both times, and what is not answered then has failed."""
    with serving(silent) as server:
        runs = engine(server, drain=30.0, read=30.0)
        runs.start(Plan(SUBJECT, GET, arrivals=iter([0.0]), connections=1))
        later(0.2)
        began = time.perf_counter()
        assert runs.stop(drain=0.2)
        assert time.perf_counter() - began < 10
    assert runs.take().causes == {(SUBJECT, "unanswered at the end"): 1}
