"""Whose idle websockets come to grief, of several instances."""

import socket
import threading
from collections import deque
from typing import Any

import pytest

from fixtures.checks import eventually
from fixtures.checks.match import equals
from fixtures.http1.target import Target
from loadtests.recording import Recorder
from loadtests.sockets.idle import Idle, Sample
from tests.closed import closed_address
from tests.unit.load.sockets.idling import ENOUGH, holding, settled
from tests.unit.load.sockets.peers import agreement, raw_server
from tests.unit.load.sockets.server import sent

WHO = 'websocket-signaling;slot=blue;build="b";instance="ws-{}"'


def test_what_is_lost_is_counted_by_who_agreed_to_it() -> None:
    """Of two instances that share the connections, the one that closes its own is told, once for each."""
    turns = iter([1, 2, 1, 2])
    closed: list[str] = []

    def says(connection: socket.socket, head: bytes) -> None:
        turn = next(turns)
        if turn == 2:
            closed.append(head.split(b"\r\ntraceparent: 00-")[1].split(b"-")[0].decode())
        connection.sendall(agreement(head, f"X-Served-By: {WHO.format(turn)}"))
        if turn == 2:
            connection.sendall(sent(0x88, (1012).to_bytes(2, "big")))
        connection.recv(1)

    recorder = Recorder((0.0, 1_000.0))
    with raw_server(says) as url, holding(url, 4) as idle:
        eventually(lambda: (idle.held.started, idle.held.lost), equals((4, 2)), within=ENOUGH, subject="lost")
        eventually(lambda: idle.held.open, equals(2), within=ENOUGH, subject="open")
        idle.tell(recorder.heard)
    counts = recorder.take()
    assert counts.causes == {("idle connection", "closed unexpectedly 1012"): 2}
    assert len(set(closed)) == 2
    assert {trace for _, trace in counts.traces.values()} == {min(closed)}
    # What was lost never came, which is over every limit; nothing is quick enough for the first.
    assert counts.instances == {
        ("idle connection", None, "ws-2"): 2,
        ("idle connection", 0.0, "ws-1"): 2,
        ("idle connection", 0.0, "ws-2"): 4,
        ("idle connection", 1_000.0, "ws-2"): 2,
    }


@pytest.mark.parametrize(
    ("head", "instance"),
    [
        ("HTTP/1.1 503 No\r\nContent-Length: 0\r\nX-Served-By: " + WHO.format(2) + "\r\n\r\n", "ws-2"),
        ("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", ""),
        ("HTTP/1.1 503 No\r\nContent-Length: 0\r\nX-Served-By: somebody\r\n\r\n", ""),
        ("HTTP/1.1 101 Yes\r\nX-Served-By: " + WHO.format(2) + "\r\nUpgrade: websocket\r\n", ""),
    ],
    ids=["it says so", "before the service", "malformed", "not answered"],
)
def test_a_refusal_is_laid_to_who_gave_it(head: str, instance: str) -> None:
    """As with any answer that failed, if it says well who it is from, and is one."""

    def says(connection: socket.socket, _head: bytes) -> None:
        connection.sendall(head.encode())

    with raw_server(says) as url, holding(url, 1) as idle:
        (sample,) = settled(idle, 1)
    assert sample.failure is not None
    assert sample.instance == instance


def test_nobody_there_is_laid_to_nobody() -> None:
    """Who refuses a connection is not known, and its event says nothing."""
    events: list[dict[str, Any]] = []
    with holding(closed_address(), 1) as idle:
        eventually(lambda: idle.held.failed, equals(1), within=ENOUGH, subject="failures")
        idle.tell(lambda **event: events.append(event))
    assert [list(event["context"]) for event in events] == [["trace"]]


@pytest.mark.parametrize("heard", ["nobody", "an end"])
def test_what_came_to_nothing_can_be_taken_when_it_is_counted(heard: str) -> None:
    """Whoever sees that one has failed, or was lost, finds what was wrong with it, and with no delay."""

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head) + sent(0x88, (1012).to_bytes(2, "big")))

    class Noted(deque[Sample]):
        def append(self, sample: Sample) -> None:
            before.append((sample.failure is None, idle.held.open, idle.held.failed + idle.held.lost))
            super().append(sample)

    before: list[tuple[bool, int, int]] = []
    with raw_server(says) as url:
        idle = Idle(Target.of(url if heard == "an end" else closed_address(), None), "/", count=1, rate=1000)
        idle._new = Noted()
        idle.start()
        eventually(lambda: idle.held.failed + idle.held.lost, equals(1), within=ENOUGH, subject="failures")
        idle.stop(threading.Event().wait)
    assert before == [(True, 0, 0), (False, 0, 0)][heard == "nobody" :]
