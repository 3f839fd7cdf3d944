"""Somebody with a client: what is sent, what was fired for it, and who answered."""

import select
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fixtures.contract.operation import Endpoint, Operation
from fixtures.http1.target import Target
from loadtests.client import Client, Timeouts
from loadtests.client.wire import Wire
from loadtests.failure import Failure
from tests.unit.http1.peer import Peer
from tests.unit.load.turns import passes, waits

TOKEN = "of-nobody"  # noqa: S105 - opens nothing
GET = Operation(Endpoint("chat", "getText", "GET", "/text", {200: str}, auth="none"), "/text")
POST = Operation(Endpoint("chat", "postText", "POST", "/text", {200: str}, auth="none", effect="create"), "/text")
HEAD: Operation[None] = Operation(Endpoint("chat", "headText", "HEAD", "/text", {200: None}, auth="none"), "/text")


class Visitor:
    """A client, and what it fired and saw."""

    def __init__(self) -> None:
        self.fired: list[dict[str, Any]] = []
        self.sighted: list[tuple[str, str]] = []
        self.clients: list[Client] = []

    def fire(self, **event: Any) -> None:  # noqa: ANN401 - as Locust has it
        self.fired.append(event)

    def client(self, url: str, ca_file: Path | None = None, **limits: Any) -> Client:  # noqa: ANN401
        client = Client(
            Target.of(url, ca_file),
            headers={"X-Synthetic-Run": "run-1"},
            fire=self.fire,
            timeouts=Timeouts(**limits),
            sighted=lambda service, value: self.sighted.append((service, value)),
        )
        self.clients.append(client)
        return client

    def another(self, client: Client) -> Client:
        self.clients.append(client.another())
        return self.clients[-1]

    def leaves(self) -> None:
        for client in self.clients:
            client.close()

    @property
    def causes(self) -> list[str]:
        """Of each event its cause, nothing for a good one."""
        return [getattr(event["exception"], "cause", "") for event in self.fired]


def does(*answers: bytes) -> Callable[[Peer], None]:
    return lambda peer: peer.answers(*answers)


def cause_of(client: Client, operation: Operation[Any] = GET) -> str:
    """Send it once; the cause of its failure, or nothing."""
    try:
        client.send(operation)
    except Failure as failure:
        return failure.cause
    return ""


def wire_of(client: Client) -> Wire:
    """The connection that it keeps."""
    assert client._exchange is not None
    return client._exchange.wire


def comes(wire: Wire) -> None:
    """Wait until something came that nobody asked for, be it the end, and the loop had the time to tell of it."""
    poll = select.poll()
    poll.register(wire._socket, select.POLLIN)
    waits(lambda: poll.poll(0))
    passes()
