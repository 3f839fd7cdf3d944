"""Connections that do not come about, or not soon, and the word for each."""

import select
import socket
import threading
import time
from pathlib import Path

import gevent
import pytest

from loadtests.client import Timeouts
from loadtests.client.common import Common
from loadtests.client.deadlines import Deadlines, Waiter
from loadtests.client.names import Address, Names
from loadtests.client.wire import Wire
from loadtests.failure import UNANSWERED
from tests.closed import closed_address
from tests.unit.http1.peer import OK, Peer, server
from tests.unit.load.client.visitor import GET, Visitor, cause_of, does, wire_of
from tests.unit.load.sockets.peers import unanswering
from tests.unit.load.turns import ENOUGH, waits


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


@pytest.mark.parametrize(
    ("connect", "cause"), [(0.2, "time-out connecting"), (ENOUGH, UNANSWERED)], ids=["in time", "at the end"]
)
def test_who_never_agrees_on_keys_is_left(visitor: Visitor, certificates: Path, connect: float, cause: str) -> None:
    """A connection that does not become one of TLS is closed, however long its failure is remembered."""
    asked, left = threading.Event(), threading.Event()

    def listens(peer: Peer) -> None:
        while peer.connection.recv(65536):
            asked.set()
        left.set()

    with server(listens) as known:
        client = visitor.client(known.url.replace("http:", "https:"), certificates / "ca.pem", connect=connect)
        asker = gevent.spawn(client.send, GET)
        waits(asked.is_set)
        if connect == ENOUGH:
            asker.kill()
        asker.join(ENOUGH)
        assert left.wait(ENOUGH)
    assert visitor.causes == [cause]
    assert asker.dead


def test_who_is_passed_over_is_told_and_the_last_has_its_failure(visitor: Visitor) -> None:
    """An address after which the next is tried shows in no sample; what the last one does is what is counted."""
    told: list[tuple[str, str]] = []
    refusing = int(closed_address().rpartition(":")[2])
    client = visitor.client(f"http://127.0.0.1:{refusing}")
    client._common.passed_over = lambda *what: told.append(what)
    client._common._names = Names(lambda _, port: [(socket.AF_INET, (f"127.0.0.{host}", port)) for host in (2, 1)])
    assert cause_of(client) == "refused"
    assert told == [("refused", "127.0.0.1 (one of 2 addresses)")]


def test_a_way_is_what_connecting_takes_and_no_request_waits_on_it(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Finding the address is no part of it, and small requests are not kept until the last is acknowledged."""
    ahead = [0.0]

    def looks_up(_host: str, port: int) -> list[Address]:
        ahead[0] = 3600.0
        return [(socket.AF_INET, ("127.0.0.1", port))]

    monkeypatch.setattr("loadtests.client.common.perf_counter", lambda: time.perf_counter() + ahead[0])
    with server(does(OK)) as known:
        client = visitor.client(known.url)
        client._common._names = Names(looks_up)
        assert cause_of(client) == ""
        assert wire_of(client)._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    longest = client.ways.quantile(1.0)
    assert longest is not None
    assert longest < ENOUGH


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
