"""The engine's runs: what is asked, started, refused, drained and counted, and how it ends."""

from __future__ import annotations

import gc
import sys
import threading
import time
from itertools import count
from typing import TYPE_CHECKING

import pytest

from fixtures.checks import eventually
from fixtures.checks.match import at_least, length
from loadtests.engine import Engine, Plan
from loadtests.native import start_thread
from tests.unit.load.engine.runs import GET, LIMITS, PATIENCE_S, SUBJECT, arriving, asked, ends, engine
from tests.unit.load.engine.server import OK, Server, answering, answering_when, serving

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator


def slowly(server: Server, peer: socket.socket) -> None:
    """Answer everything after 0.2 s."""
    while server.request(peer):
        server.over.wait(0.2)
        peer.sendall(OK)


def silent(server: Server, peer: socket.socket) -> None:
    """Answer nothing."""
    server.request(peer)
    server.over.wait(5)


def then(event: threading.Event) -> Callable[[float], None]:
    """A way to sleep for who stops an engine: it has been told, and then this happens."""

    def sleep(seconds: float) -> None:
        event.set()
        time.sleep(seconds)

    return sleep


def test_every_arrival_is_asked_and_started() -> None:
    """An open schedule is followed to its end, each arrival in its second, and then the engine ends by itself."""
    with serving(answering) as server:
        began = time.time()
        counts = arriving(server, [index / 200 for index in range(100)])
    assert counts.asked.total() == counts.started.total() == counts.tally(SUBJECT).requests == server.requests == 100
    assert not counts.refused
    # One for each, and one more for whoever waited while a busy machine gave the engine no turn.
    assert len(counts.lag) >= 100
    assert min(counts.asked) >= int(began)
    assert max(counts.asked) - min(counts.asked) <= 1


def test_what_outlives_an_engine_is_not_looked_through_after_it_either() -> None:
    """Journeys that go on are not stopped while the garbage collector looks at all that was there before the run."""
    with serving(answering) as server:
        arriving(server, (0.0,))
        assert gc.get_freeze_count() > 0


def test_the_interpreter_is_shared_as_before_when_it_is_over() -> None:
    """It changes hands more often as long as requests are timed, which costs all others."""
    during: list[float] = []

    def request() -> bytes:
        during.append(sys.getswitchinterval())
        return GET

    with serving(answering) as server:
        arriving(server, (0.0,), request=request)
    assert during[0] < sys.getswitchinterval()


def test_latency_counts_from_the_intended_start() -> None:
    """Arrivals that wait for the one connection are as slow as people would find them."""
    with serving(slowly) as server:
        counts = arriving(server, (0.0, 0.0, 0.0), connections=1)
    first, second, third = (counts.tally(SUBJECT).latencies.quantile(share) or 0 for share in (0.3, 0.6, 1))
    assert (first >= 0.19, second >= 0.39, third >= 0.59) == (True, True, True)
    # However late all three were taken up, what they waited for the target is none of it.
    assert (counts.lag.quantile(1) or 0) < third - 0.4


@pytest.mark.parametrize("places", [3, 0])
def test_who_finds_no_place_is_refused_and_counted(places: int) -> None:
    """When as many wait as may, be it none, an arrival is not started, and that is known."""
    all_came = threading.Event()

    def arrivals() -> Iterator[float]:
        yield from [0.0] * 10
        all_came.set()

    with serving(answering_when(all_came)) as server:
        counts = arriving(server, arrivals(), connections=1, waiting=places)
    assert counts.asked.total() == 10
    assert counts.started.total() == 1 + places == counts.tally(SUBJECT).requests
    assert counts.refused.total() == 9 - places


def test_what_was_due_at_an_early_end_is_asked_and_not_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who stops a run in the middle of a crowd finds all of it in the figures: begun, or refused."""
    monkeypatch.setattr("loadtests.engine.arriving.CATCHING_UP", 60.0)
    crowd, coming, stopped = 20_000, threading.Event(), threading.Event()

    def arrivals() -> Iterator[float]:
        for number in range(crowd):
            yield 0.0
            if number == 1000:
                coming.set()
                stopped.wait(PATIENCE_S)

    with serving(silent) as server:
        runs = engine(server, drain=0.2)
        runs.start(Plan(SUBJECT, GET, arrivals=arrivals(), connections=1, waiting=10))
        assert coming.wait(PATIENCE_S)
        assert runs.stop(sleep=then(stopped))
    counts = runs.take()
    assert counts.asked.total() == crowd
    assert counts.started.total() + counts.refused.total() == crowd
    assert counts.tallies[SUBJECT].requests == counts.started.total()


@pytest.mark.parametrize(("arrivals", "connections"), [(10, 4), (100, 80)])
def test_connections_grow_with_those_who_wait(arrivals: int, connections: int) -> None:
    """Arrivals open connections when none is free, up to the limit, whether or not any of them is answered."""
    all_there = threading.Event()

    def handle(server: Server, peer: socket.socket) -> None:
        if server.connections >= connections:
            all_there.set()
        answering_when(all_there)(server, peer)

    with serving(handle) as server:
        counts = arriving(server, [0.0] * arrivals, connections=connections)
    assert server.connections == connections
    assert counts.tallies[SUBJECT].requests == arrivals
    assert not counts.causes


def test_work_in_flight_is_drained() -> None:
    """Stopping begins nothing more, and waits for what was begun."""
    with serving(slowly) as server:
        runs = engine(server)
        runs.start(Plan(SUBJECT, GET, arrivals=(index / 100 for index in count()), connections=50))
        asked(server, 4)
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
        asked(server, 2)
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
    latencies = counts.tally(SUBJECT).latencies
    assert 0.19 <= (latencies.quantile(0) or 0) <= (latencies.quantile(1) or 0) < PATIENCE_S


def test_plans_have_connections_of_their_own() -> None:
    """A slow operation does not delay the measuring of another."""
    quick, all_quick = count(1), threading.Event()

    def by_path(server: Server, peer: socket.socket) -> None:
        while request := server.request(peer):
            if request.startswith(b"GET /slow"):
                if not all_quick.wait(PATIENCE_S):
                    return
            elif next(quick) == 10:
                all_quick.set()
            peer.sendall(OK)

    with serving(by_path) as server:
        runs = engine(server)
        offsets = [index / 50 for index in range(10)]
        runs.start(
            Plan("slow", GET.replace(b"/", b"/slow", 1), arrivals=iter(offsets), connections=1),
            Plan("quick", GET, arrivals=iter(offsets), connections=1),
        )
        ends(runs)
        counts = runs.take()
    assert counts.tally("slow").requests == counts.tally("quick").requests == 10
    assert not counts.causes


def test_the_last_schedule_to_end_is_the_end() -> None:
    """That one plan has nothing more to do cuts none of the others short, be they at rest just then."""
    with serving(answering) as server:
        runs = engine(server)
        runs.start(
            *(Plan(name, GET, arrivals=iter(offsets)) for name, offsets in (("one", [0.0]), ("two", [0.0, 0.1])))
        )
        ends(runs)
        counts = runs.take()
    assert [counts.tally(name).requests for name in ("one", "two")] == [1, 2]


def test_what_is_rare_is_counted_when_its_second_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who judges a run while it lasts would else hear of it only by the next of its kind."""
    monkeypatch.setattr("loadtests.clock.wall", lambda: 1_000.98)
    with serving(answering) as server:
        runs = engine(server)
        runs.start(Plan(SUBJECT, GET, arrivals=iter([0.0, 60.0])))
        eventually(lambda: runs.take().tallies, length(at_least(1)), within=PATIENCE_S, subject="samples")
        assert runs.stop()


def test_requests_can_differ() -> None:
    """A plan may make each request anew."""
    numbers = count()
    seen: list[bytes] = []

    def listening(server: Server, peer: socket.socket) -> None:
        while request := server.request(peer):
            seen.append(request)
            peer.sendall(OK)

    with serving(listening) as server:
        request = b"GET /%d HTTP/1.1\r\nHost: t\r\n\r\n"
        arriving(server, (0.0, 0.02, 0.04), connections=1, request=lambda: request % next(numbers))
    assert [request.split()[1] for request in seen] == [b"/0", b"/1", b"/2"]


def test_an_engine_is_started_once_and_stopped_whenever() -> None:
    """Stopping one that never ran, or has ended, is nothing; starting it again is a mistake."""
    runs = Engine(Server(1))
    assert runs.stop()
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


@pytest.mark.parametrize("arrivals", [None, [0.0, 0.0]], ids=["closed", "open"])
def test_an_end_that_comes_before_its_thread_has_begun_is_heeded(
    arrivals: list[float] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy machine may give the thread its first turn only then: nothing is asked, and nothing is left out."""
    threads: list[Callable[[], None]] = []
    monkeypatch.setattr("loadtests.engine.engine.start_thread", threads.append)
    monkeypatch.setattr("loadtests.engine.engine._GRACE_S", 0.0)
    with serving(answering) as server:
        runs = engine(server)
        runs.start(Plan(SUBJECT, GET, arrivals=None if arrivals is None else iter(arrivals), connections=1))
        assert not runs.stop(drain=0.0)
        start_thread(threads[0])
        ends(runs)
        assert (server.requests, runs.take().tallies) == (0, {})


def test_a_stall_of_its_loop_weighs_as_much_as_it_lasted() -> None:
    """A third of a second in which nothing is sent is 30 looks that were late, not one of as many as there were."""

    def stalls() -> bytes:
        time.sleep(0.3)
        return GET

    with serving(answering) as server:
        runs = engine(server)
        runs.start(Plan(SUBJECT, stalls, arrivals=iter([0.0])))
        ends(runs)
    late = runs.facts().loop_lag
    assert sum(number for lowest, _, number in late.buckets() if lowest > 0.05) >= 24


def test_a_loop_that_keeps_its_times_is_not_late() -> None:
    """Each look is expected when the last one said, and not at once."""
    runs = Engine(Server(1))
    runs.start()

    def more_in_time() -> int:
        buckets = runs.facts().loop_lag.buckets()
        return sum(number if highest < 0.005 else -number for _, highest, number in buckets)

    eventually(
        more_in_time, at_least(5), within=PATIENCE_S, subject="looks that were in time, less those that were not"
    )
    assert runs.stop()


@pytest.mark.parametrize("wrong", [{"connections": 0}, {"waiting": -1}, {"warm": -1}])
def test_an_impossible_plan_is_refused(wrong: dict[str, int]) -> None:
    """A plan without connections, or with fewer than no places, is a mistake."""
    with pytest.raises(ValueError, match=SUBJECT):
        Plan(SUBJECT, GET, **wrong)  # type: ignore[arg-type]


def test_no_plan_shows_what_it_sends() -> None:
    """There may be a token in it, and a traceback shows what there is."""
    assert "t0ken" not in repr(Plan(SUBJECT, b"GET / HTTP/1.1\r\nAuthorization: Bearer t0ken\r\n\r\n"))


def test_whoever_ends_it_may_be_in_a_hurry() -> None:
    """What is in flight has the shorter of both times, and what is not answered then has failed."""
    with serving(silent) as server:
        runs = engine(server, drain=30.0, read=30.0)
        runs.start(Plan(SUBJECT, GET, arrivals=iter([0.0]), connections=1))
        asked(server, 1)
        began = time.perf_counter()
        assert runs.stop(drain=0.2)
        assert time.perf_counter() - began < 10
    assert runs.take().causes == {(SUBJECT, "unanswered at the end"): 1}
