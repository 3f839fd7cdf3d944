"""What people use: everything that leaves the process is marked as synthetic, and only what people do is counted."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from fixtures.contract import video_call_signaling, websocket_signaling
from fixtures.contract.shared import health
from loadtests.client import Timeouts, common
from loadtests.client.names import Names
from loadtests.failure import Failure
from loadtests.people.equipment import Counted
from loadtests.sockets import duplex
from loadtests.sockets.greenlet import Socket
from tests.closed import closed_address
from tests.unit.clients.make import environment
from tests.unit.clients.peer import says, socket_server, web_server
from tests.unit.load.working import HEALTH

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.server import BaseHTTPRequestHandler

    from websockets.sync.server import ServerConnection

TRACE = "5c4e" * 8


def _equipment(
    base: str, samples: list[dict[str, Any]], sighted: Callable[[str, str], None] = lambda *_: None
) -> Counted:
    return Counted(environment(base), "the-run", lambda **sample: samples.append(sample), sighted)


def test_requests_are_marked_and_those_of_people_counted() -> None:
    """Each request says which run it is of, and a quiet client's is no sample."""
    runs: list[str | None] = []

    def answers(handler: BaseHTTPRequestHandler) -> None:
        runs.append(handler.headers.get("X-Synthetic-Run"))
        says(handler, 200, json.dumps(HEALTH).encode())

    samples: list[dict[str, Any]] = []
    with web_server(answers) as base:
        equipment = _equipment(base, samples)
        for client in (equipment.client(), equipment.quiet_client()):
            client.send(health("chat"))
            client.close()
    assert runs == ["the-run"] * 2
    assert [sample["name"] for sample in samples] == ["chat getHealth"]


def test_what_connecting_took_is_kept_of_all_clients() -> None:
    """Each connection once, however many requests it carries; one that did not come took no time that says anything."""
    with web_server(lambda handler: says(handler, 200, json.dumps(HEALTH).encode())) as base:
        equipment = _equipment(base, [])
        for client in (equipment.client(), equipment.client()):
            client.send(health("chat"))
            client.send(health("chat"))
            client.close()
    assert len(equipment.ways) == 2
    with pytest.raises(Failure):
        equipment.client().send(health("chat"))
    assert len(equipment.ways) == 2


def test_clients_are_each_their_own_persons() -> None:
    """A token given to one client is no other's."""
    equipment = _equipment("http://127.0.0.1:9", [])
    one, other = equipment.client(), equipment.client()
    one.token = "hers"  # noqa: S105 - no password, the token of a test
    assert other.token is None


def test_sockets_are_marked_and_counted() -> None:
    """A websocket offers its protocol and its owner's token, says which run and trace it is of, and is a connection."""
    asked: list[tuple[str | None, ...]] = []

    def talks(connection: ServerConnection) -> None:
        headers = connection.request.headers if connection.request else {}
        asked.append(tuple(map(headers.get, ("X-Synthetic-Run", "Sec-WebSocket-Protocol", "traceparent"))))
        connection.recv()

    samples: list[dict[str, Any]] = []
    with socket_server(talks) as base:
        equipment = _equipment(base, samples)
        device = equipment.opens(websocket_signaling.SOCKET_PATH, websocket_signaling.SUBPROTOCOL, "token", None, TRACE)
        device.send("{}")
        device.close()
    ((run, offered, traceparent),) = asked
    assert run == "the-run"
    assert (traceparent or "").split("-")[1] == samples[0]["context"]["trace"] == TRACE
    assert [each.strip() for each in (offered or "").split(",")] == ["social.v1", "bearer.token"]
    assert [sample["name"] for sample in samples] == ["connection"]


def test_requests_and_websockets_of_a_trace_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is a child of its own, from whichever of two people it comes, and on whatever connection."""
    parents: list[str | None] = []

    def opens(*_: object, trace: str, **__: object) -> SimpleNamespace:
        parents.append(trace.partition(": ")[2].strip())
        return SimpleNamespace(headers={})

    def answers(handler: BaseHTTPRequestHandler) -> None:
        parents.append(handler.headers.get("traceparent"))
        says(handler, 200, json.dumps(HEALTH).encode())

    monkeypatch.setattr(Socket, "connect", opens)
    with web_server(answers) as base:
        equipment = _equipment(base, [])
        trace = equipment.new_trace()
        for client in (equipment.client(), equipment.client()):
            client.trace = trace
            equipment.opens(websocket_signaling.SOCKET_PATH, "social.v1", "token", None, trace)
            client.send(health("chat"))
            client.close()
    assert {(parent or "").split("-")[1] for parent in parents} == {trace}
    assert len(set(parents)) == 4


def _waits(connection: ServerConnection) -> None:
    connection.recv()


@pytest.mark.parametrize("who", ['any;slot=blue;build="1";instance="a"', ""])
@pytest.mark.parametrize(
    ("path", "service"),
    [
        (websocket_signaling.SOCKET_PATH, "websocket-signaling"),
        (video_call_signaling.SOCKET_PATH, "video-call-signaling"),
    ],
)
def test_who_agrees_to_a_websocket_is_sighted(path: str, service: str, who: str) -> None:
    """By the service that the path belongs to, and also if it does not say who it is."""
    sighted: list[tuple[str, str]] = []
    with socket_server(_waits, who) as base:
        device = _equipment(base, [], lambda *seen: sighted.append(seen)).opens(path, "social.v1", "token", None, TRACE)
        device.send("{}")
        device.close()
    assert sighted == [(service, who)]


def test_who_answers_a_request_is_sighted_and_who_was_slow_is_told() -> None:
    """Also of what is not counted, since another slot may answer nothing else; the slow ones name an instance."""
    who, samples, sighted = 'auth;slot=blue;build="1";instance="chat-1"', list[dict[str, Any]](), set[str]()

    def answers(handler: BaseHTTPRequestHandler) -> None:
        says(handler, 200, json.dumps(HEALTH).encode(), X_Served_By=who)

    with web_server(answers) as base:
        equipment = Counted(
            environment(base), "the-run", lambda **sample: samples.append(sample), lambda *seen: sighted.add(seen[1]), 0
        )
        for client in (equipment.client(), equipment.quiet_client()):
            client.trace = TRACE
            client.send(health("chat"))
            client.close()
            assert sighted == {who}
            sighted.clear()
    assert [sample["context"] for sample in samples] == [{"instance": "chat-1", "trace": TRACE}]


def test_a_connection_counts_from_its_intended_start() -> None:
    """Whoever came late to open it has waited for it, as people see it."""
    samples: list[dict[str, Any]] = []
    since = time.perf_counter() - 2.0
    with socket_server(_waits) as base:
        device = _equipment(base, samples).opens(websocket_signaling.SOCKET_PATH, "social.v1", "token", since, TRACE)
        device.send("{}")
        device.close()
    assert samples[0]["response_time"] >= 2000


def test_what_is_waited_for_is_scaled_as_the_world_is() -> None:
    """In a slow one an answer has more time, and here, where all is quick, less: of requests and of websockets."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        told = replace(environment(f"http://127.0.0.1:{silent.getsockname()[1]}"), time_scale=0.01)
        equipment = Counted(told, "the-run", lambda **_: None, lambda *_: None)
        client, since = equipment.client(), time.perf_counter()
        with pytest.raises(Failure, match="time-out"):
            client.send(health("chat"))
        with pytest.raises(Failure, match="time-out"):
            equipment.opens(websocket_signaling.SOCKET_PATH, websocket_signaling.SUBPROTOCOL, "token", None, TRACE)
        client.close()
    assert time.perf_counter() - since < Timeouts().connect - 1


def test_an_address_that_refuses_people_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are served by the other, so that no figure shows it: of their requests and of their websockets."""
    told: list[tuple[str, str]] = []

    def equipment(base: str) -> Counted:
        port = int(base.rpartition(":")[2])
        here, gone = ((socket.AF_INET, (host, port)) for host in ("127.0.0.1", "127.0.0.2"))
        # Whoever asks first begins with the second.
        names = Names(lambda *_: [here, gone])
        monkeypatch.setattr(common, "Names", lambda _look_up: names)
        monkeypatch.setattr(duplex, "_names", names)
        return Counted(
            environment(base),
            "the-run",
            lambda **_: None,
            lambda *_: None,
            passed_over=lambda *what: told.append(what),
        )

    with web_server(lambda handler: says(handler, 200, json.dumps(HEALTH).encode())) as base:
        client = equipment(base).client()
        client.send(health("chat"))
        client.close()
    assert told == [("refused", "127.0.0.2 (one of 2 addresses)")]
    with socket_server(_waits) as base:
        device = equipment(base).opens(websocket_signaling.SOCKET_PATH, "social.v1", "token", None, TRACE)
        device.send("{}")
        device.close()
    assert told == [("refused", "127.0.0.2 (one of 2 addresses)")] * 2
    told.clear()
    with pytest.raises(Failure, match="refused"):
        equipment(closed_address()).client().send(health("chat"))
    assert len(told) == 1  # the other refusal is what it failed by
