"""Connections that do not come about, or not soon, and the word for each."""

import select
import socket
import threading
import time
from pathlib import Path

import pytest

from loadtests.client import Timeouts
from loadtests.client.common import Common
from loadtests.client.deadlines import Deadlines, Waiter
from loadtests.client.names import Names
from loadtests.client.wire import Wire
from loadtests.failure import Failure
from tests.closed import closed_address
from tests.unit.http1.peer import OK, Peer, server
from tests.unit.load.client.visitor import GET, Visitor, cause_of, does, wire_of
from tests.unit.load.sockets.peers import unanswering
from tests.unit.load.turns import ENOUGH


def test_nobody_there_is_said(visitor: Visitor) -> None:
    """Refused, a name that does not resolve, and a host that does not answer each have their word."""
    assert cause_of(visitor.client(closed_address())) == "refused"
    assert cause_of(visitor.client("http://nobody.invalid")) == "name does not resolve"
    with unanswering() as (_, port):
        assert cause_of(visitor.client(f"http://127.0.0.1:{port}", connect=0.2)) == "time-out connecting"
    assert len(visitor.fired) == 3
    assert all(event["response_time"] > 0 for event in visitor.fired)


def test_the_time_to_connect_is_that_for_all_addresses(visitor: Visitor) -> None:
    """When one that does not answer has used it up, the next is not tried, for which there would be no limit."""
    with unanswering() as silent, server(does(OK)) as known:
        client = visitor.client(known.url, connect=0.2)
        answering = (socket.AF_INET, ("127.0.0.1", client._common.target.port))
        # Who asks first begins with the second.
        client._common._names = Names(lambda _host, _port: [answering, (socket.AF_INET, silent)])
        assert cause_of(client) == "time-out connecting"
        assert known.connections == 0
        client._common.timeouts = Timeouts()
        assert cause_of(client) == ""


def test_who_never_agrees_on_keys_is_left(visitor: Visitor, certificates: Path) -> None:
    """A connection that does not become one of TLS in time is closed, however long its failure is remembered."""
    left = threading.Event()

    def listens(peer: Peer) -> None:
        while peer.connection.recv(65536):
            pass
        left.set()

    with server(listens) as known:
        client = visitor.client(known.url.replace("http:", "https:"), certificates / "ca.pem", connect=0.2)
        with pytest.raises(Failure, match="time-out connecting") as remembered:
            client.send(GET)
        assert left.wait(ENOUGH)
        assert remembered.value.cause == "time-out connecting"


def test_the_time_for_an_answer_begins_when_there_is_a_connection(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it took to get one, for the first request as for one that has to be sent on another."""
    opens, enters = Common.open, Deadlines.enter
    moments: list[float] = []
    answered = threading.Event()

    def opened(common: Common) -> Wire:
        wire = opens(common)
        moments.append(time.perf_counter())
        return wire

    def entered(deadlines: Deadlines, waiter: Waiter, now: float) -> None:
        moments.append(now)
        enters(deadlines, waiter, now)

    def resets(peer: Peer) -> None:
        peer.answers(OK)
        if peer.number == 0:
            answered.wait(ENOUGH)
            peer.resets()

    monkeypatch.setattr(Common, "open", opened)
    monkeypatch.setattr(Deadlines, "enter", entered)
    monkeypatch.setattr("loadtests.client.client.RESTED", ENOUGH)
    with server(resets) as known:
        client = visitor.client(known.url)
        assert cause_of(client) == ""
        answered.set()
        assert select.select([wire_of(client)._socket], [], [], ENOUGH)[0]  # and the loop has not told of it
        assert cause_of(client) == ""
        client.close()
    assert (len(moments), moments) == (5, sorted(moments))
