"""Which trace a bad answer belongs to: what the engine's counts say of it."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from loadtests.engine.plan import Apart
from loadtests.failure import UNANSWERED, Failure
from tests.unit.load.engine.runs import GET, PATIENCE_S, SUBJECT, arriving, engine
from tests.unit.load.engine.server import OK, Server, serving

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from loadtests.counts import Counts

REFUSED = OK.replace(b"200 OK", b"503 No")


def wrong(_status: int, _body: bytes) -> None:
    raise Failure("wrong slot")


def traced(
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    limit: float,
    check: Callable[[int, bytes], object] | None = None,
    drain: float = PATIENCE_S,
) -> Counts:
    """Four requests one after the other, each a trace of its own, where all are slow that took longer."""
    numbers = itertools.count(1)

    def apart() -> Apart:
        number = 0

        def write() -> bytes:
            nonlocal number
            number = next(numbers)
            return GET

        return Apart(write, check, lambda: f"t{number}")

    monkeypatch.setattr("tests.unit.load.engine.runs.LIMITS", (limit,))
    runs = engine(server, drain=drain)
    return arriving(server, [index / 100 for index in range(4)], on=runs, connections=1, request=b"", apart=apart)


@pytest.mark.parametrize("pieces", [1, 2])
@pytest.mark.parametrize(
    ("answer", "check", "cause"),
    [(REFUSED, None, "status 503"), (OK, wrong, "wrong slot")],
    ids=["refused", "wrong"],
)
def test_a_cause_has_the_trace_of_the_first_that_failed_so(
    monkeypatch: pytest.MonkeyPatch,
    pieces: int,
    answer: bytes,
    check: Callable[[int, bytes], object] | None,
    cause: str,
) -> None:
    """However its answer came, whose trace is the one that the request before it was sent in."""
    parts = [answer] if pieces == 1 else [answer[:-1], answer[-1:]]
    with serving(lambda server, peer: server.answers(peer, *parts)) as server:
        counts = traced(server, monkeypatch, 60.0, check)
    assert counts.causes == {(SUBJECT, cause): 4}
    assert [trace for _, trace in counts.traces.values()] == ["t1"]
    assert counts.slowest == {}


@pytest.mark.parametrize("pieces", [1, 2])
def test_the_slowest_has_its_trace(monkeypatch: pytest.MonkeyPatch, pieces: int) -> None:
    """The second answer is late, and those behind it waited for less long."""

    def stalls(server: Server, peer: socket.socket) -> None:
        for number in itertools.count(1):
            if not server.request(peer):
                return
            if number == 2:
                server.over.wait(0.5)
            for part in [OK] if pieces == 1 else [OK[:-1], OK[-1:]]:
                peer.sendall(part)
                server.over.wait(0.002)

    with serving(stalls) as server:
        counts = traced(server, monkeypatch, 0.0)
    ((took, trace),) = counts.slowest.values()
    assert (trace, took >= 0.5) == ("t2", True)
    assert counts.traces == {}


def test_what_was_not_answered_has_its_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its request was sent; those that waited behind it were not, and have none."""

    def hangs(server: Server, peer: socket.socket) -> None:
        server.request(peer)
        server.over.wait(5)

    with serving(hangs) as server:
        counts = traced(server, monkeypatch, 60.0, drain=0.2)
    assert counts.causes == {(SUBJECT, UNANSWERED): 4}
    assert [trace for _, trace in counts.traces.values()] == ["t1"]


def test_a_request_without_a_trace_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is sent as it is, again and again, says nothing of traces."""
    monkeypatch.setattr("tests.unit.load.engine.runs.LIMITS", (0.0,))
    with serving(lambda server, peer: server.answers(peer, REFUSED)) as server:
        counts = arriving(server, [0.0, 0.01])
    assert counts.causes == {(SUBJECT, "status 503"): 2}
    assert (counts.traces, counts.slowest) == ({}, {})
