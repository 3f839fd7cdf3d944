"""Exchanges that are sent, read and told together: each person gets what is theirs, whatever becomes of the others."""

from __future__ import annotations

import gc
import itertools
import math
import threading
import time
from typing import TYPE_CHECKING

import gevent
from gevent import GreenletExit, get_hub, getcurrent
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures.contract.operation import Endpoint, Operation
from fixtures.http1.answers import Answers
from loadtests.client.exchanges import Exchanges
from loadtests.failure import UNANSWERED
from tests.unit.http1.peer import OK, Peer, server
from tests.unit.load.client.visitor import GET, Visitor, cause_of, comes, wire_of
from tests.unit.load.turns import ENOUGH, passes, waits

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from loadtests.client import Client

FATES: dict[str, tuple[bytes, str]] = {
    "answers": (OK, ""),
    "drips": (OK, ""),
    "refuses": (b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", "status 503"),
    "babbles": (b"SSH-2.0-OpenSSH_9.2\r\n", "not HTTP"),
    "stops": (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok", "cut off"),
    "leaves": (b"", "closed without an answer"),
    "waits": (b"", "time-out"),
}
"""What the server does with a request for this path, what it says, and the cause that is counted for it."""
LASTING = ("answers", "drips", "refuses")


def does_as_told(peer: Peer) -> None:
    """Meet each request with the fate that its path names."""
    while request := peer.hears():
        fate = request.path.strip("/")
        said, _ = FATES[fate]
        if fate == "waits":
            peer.hears()  # which is the end: nobody sends a second request there
        elif fate == "drips":
            peer.says(*(said[at : at + 20] for at in range(0, len(said), 20)))
        else:
            peer.says(said)
        if fate not in LASTING:
            return


def meet(client: Client, fates: Sequence[str], causes: list[str]) -> None:
    """Send one request after the other, and note the cause of each as it comes."""
    endpoint = Endpoint("chat", "meetFate", "GET", "/x", {200: str}, auth="none")
    causes.extend(cause_of(client, Operation(endpoint, f"/{fate}")) for fate in fates)


def time_is_up(client: Client) -> None:
    """Let nobody who still waits for an answer wait any longer, among all with whom the client shares its limits."""
    deadlines = client._common.deadlines
    deadlines._clock = lambda: math.inf
    get_hub().loop.run_callback(deadlines._ring)


@settings(max_examples=14, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.lists(st.sampled_from(sorted(FATES.keys() - {"waits"})), max_size=3), st.booleans()),
        min_size=2,
        max_size=12,
    ),
    st.sets(st.integers(0, 11), max_size=3),
)
def test_each_meets_their_own_fate(drawn: list[tuple[list[str], bool]], killed: set[int]) -> None:
    """What others get, and that some are stopped in the middle, changes nothing for anybody."""
    everybody = [[*fates, "waits"] if waits else fates for fates, waits in drawn]
    visitor = Visitor()
    with server(does_as_told) as known:
        first = visitor.client(known.url, read=2 * ENOUGH)
        clients = [first, *(visitor.another(first) for _ in everybody[1:])]
        results: list[list[str]] = [[] for _ in everybody]
        greenlets = [gevent.spawn(meet, *each) for each in zip(clients, everybody, results, strict=True)]
        stopped = [greenlet for number, greenlet in enumerate(greenlets) if number in killed]
        gevent.sleep(0.001)
        gevent.killall(stopped)
        left = [each for each in zip(greenlets, everybody, results, strict=True) if each[0] not in stopped]
        in_vain = [(fates, result) for _, fates, result in left if fates[-1:] == ["waits"]]
        gevent.joinall([greenlet for greenlet, fates, _ in left if fates[-1:] != ["waits"]], timeout=ENOUGH)
        waits(lambda: all(len(result) == len(fates) - 1 for fates, result in in_vain))
        waits(lambda: len(first._common.deadlines) == len(in_vain))
        time_is_up(first)
        gevent.joinall(greenlets, timeout=ENOUGH)
        visitor.leaves()
    for _, fates, result in left:
        assert result == [FATES[fate][1] for fate in fates]


def test_a_crowd_is_served_and_others_have_their_turn(visitor: Visitor) -> None:
    """More than are served together are served in turns, and whoever else has something to do comes in between."""
    turns: list[int] = []

    def does_something_else() -> None:
        with gevent.Timeout(ENOUGH):
            while not all(greenlet.dead for greenlet in crowd):
                turns.append(len(visitor.fired))
                gevent.sleep(0)

    with server(lambda peer: peer.answers(OK, OK)) as known:
        first = visitor.client(known.url)
        clients = [first, *(visitor.another(first) for _ in range(199))]
        crowd = [gevent.spawn(client.send, GET) for client in clients]
        gevent.joinall(crowd, timeout=ENOUGH)
        time.sleep(0.1)
        crowd = [gevent.spawn(client.send, GET) for client in clients]
        gevent.sleep(0)
        time.sleep(0.1)  # all are there to be sent
        other = gevent.spawn(does_something_else)
        gevent.sleep(0)
        time.sleep(0.1)
        gevent.joinall([*crowd, other], timeout=ENOUGH)
    assert visitor.causes == [""] * 400
    assert known.connections == 200
    assert len(first._common._spare) == 64  # and no parser of each
    assert max(after - before for before, after in itertools.pairwise(turns)) <= 64


def test_what_is_told_twice_is_received_once(visitor: Visitor) -> None:
    """Where much else is to be done, the loop polls again before it comes to receiving, and tells the same again."""
    body = b"x" * 30_000
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    due, said = threading.Event(), threading.Event()

    def answers(peer: Peer) -> None:
        peer.hears()
        due.wait(ENOUGH)
        peer.says(answer)
        said.set()

    with server(answers) as known:
        client = visitor.client(known.url, read=ENOUGH)
        sender = gevent.spawn(client.send, GET)
        waits(lambda: known.requests)
        due.set()
        said.wait(ENOUGH)  # all of the answer is there now
        assert client._exchange is not None
        client._common.exchanges.arrived.extend([client._exchange] * 2)
        sender.join(ENOUGH)
    assert sender.value == body.decode()
    assert visitor.causes == [""]


def test_who_is_stopped_before_it_is_sent_sends_nothing(visitor: Visitor) -> None:
    """A request that waits for its turn is not sent once nobody waits for its answer, and who sent it hears no more."""

    def sends() -> str:
        try:
            return client.send(GET)
        except GreenletExit:
            gevent.sleep(0.02)
            return "stopped once"

    with server(lambda peer: peer.answers(OK, OK)) as known:
        client = visitor.client(known.url)
        client.send(GET)
        sender = gevent.spawn(sends)
        gevent.spawn(sender.throw, GreenletExit)  # it has its turn after the sender, and before anything is sent
        sender.join(ENOUGH)
        assert sender.value == "stopped once"
        assert len(known.requests) == 1
        assert client.send(GET) == '"ok"'
        assert known.connections == 2
    assert visitor.causes == ["", UNANSWERED, ""]


def test_whose_time_is_up_hears_no_more(visitor: Visitor) -> None:
    """What came in the same turn is nobody's then: it would be told wherever its greenlet waits by now."""
    over = threading.Event()

    def sends() -> str:
        cause = cause_of(client)
        passes()
        return cause

    def both() -> None:
        assert client._exchange is not None
        client._common.exchanges.arrived.append(client._exchange)
        sender.throw(TimeoutError("no answer"))

    with server(lambda peer: peer.hears() and over.wait(ENOUGH)) as known:
        client = visitor.client(known.url)
        sender = gevent.spawn(sends)
        waits(lambda: known.requests)
        get_hub().loop.run_callback(both)
        sender.join(ENOUGH)
        over.set()
    assert sender.value == "time-out"


def test_who_is_told_first_may_stop_the_next(visitor: Visitor, capsys: pytest.CaptureFixture[str]) -> None:
    """Both answers came together, and one greenlet is ended before it is told: it stays ended."""
    heard, said = threading.Barrier(3), threading.Barrier(3)

    def answers_together(peer: Peer) -> None:
        peer.hears()
        heard.wait(ENOUGH)
        peer.says(OK)
        said.wait(ENOUGH)

    def stops(number: int) -> str:
        said = clients[number].send(GET)
        other = greenlets[1 - number]
        if not other.dead:
            get_hub().loop.run_callback(getcurrent().switch)
            other.throw(GreenletExit)
        return said

    with server(answers_together) as known:
        clients = [visitor.client(known.url), visitor.client(known.url)]
        clients[1] = visitor.another(clients[0])
        greenlets = [gevent.spawn(stops, number) for number in range(2)]
        waits(lambda: heard.n_waiting == 2)
        heard.wait(ENOUGH)
        said.wait(ENOUGH)  # the loop sees both answers at once
        gevent.joinall(greenlets, timeout=ENOUGH)
    assert sorted(str(greenlet.value) for greenlet in greenlets) == ["", '"ok"']
    assert sorted(visitor.causes) == ["", UNANSWERED]
    assert not capsys.readouterr().err


def test_a_connection_that_ends_while_idle_keeps_nobody_busy(visitor: Visitor) -> None:
    """Its end is there to be read for as long as nobody sends, and the loop does not run for it again and again."""
    with server(lambda peer: peer.answers(OK)) as known:
        client = visitor.client(known.url)
        client.send(GET)
        comes(wire_of(client))
        before = get_hub().loop.iteration
        gevent.sleep(0.2)
        assert get_hub().loop.iteration - before < 20
        assert client.send(GET) == '"ok"'
        assert known.connections == 2


def test_exchanges_that_nobody_knows_leave_nothing_behind() -> None:
    """What the loop would call in each of its turns ends with them."""

    def called() -> int:
        return sum(isinstance(each, kind) and each.active for each in gc.get_objects())

    loop = get_hub().loop
    kind = type(loop.prepare())
    gc.collect()
    gevent.sleep(0.01)
    before = called()
    exchanges = Exchanges(get_hub())
    assert called() == before + 1
    del exchanges
    gevent.sleep(0.01)
    assert called() == before


def test_a_client_that_is_forgotten_keeps_nobody_busy(visitor: Visitor) -> None:
    """Its connection is still watched; when that ends, the loop does not run for it again and again."""
    ended = threading.Event()

    def answers(peer: Peer) -> None:
        peer.answers(OK)
        ended.wait(ENOUGH)

    with server(answers) as known:
        client = visitor.client(known.url)
        client._common.deadlines._ring_in = lambda _seconds, _ring: None  # a timer would know it for as long as it runs
        client.send(GET)
        wire = wire_of(client)
        visitor.clients.clear()
        del client
        gc.collect()
        ended.set()
        comes(wire)
        before = get_hub().loop.iteration
        gevent.sleep(0.2)
        assert get_hub().loop.iteration - before < 20
        wire.close()


def test_a_failed_request_leaves_nothing_to_the_garbage_collector(visitor: Visitor) -> None:
    """Each would stay, with all that came and all that was asked, until everything is looked through."""

    def kept() -> int:
        return sum(isinstance(each, Answers) for each in gc.get_objects())

    with server(does_as_told) as known:
        client = visitor.client(known.url)
        causes: list[str] = []
        gc.collect()
        gc.disable()
        try:
            meet(client, ["answers"], causes)
            before = kept()
            meet(client, ["babbles", "stops", "leaves", "refuses"], causes)
            visitor.fired.clear()
            assert kept() == before
        finally:
            gc.enable()
    assert causes == ["", "not HTTP", "cut off", "closed without an answer", "status 503"]


def test_who_waits_alone_is_left_alone(visitor: Visitor) -> None:
    """What was left over from a turn may concern somebody who reads the connection in the next one."""
    due = threading.Event()

    def answers(peer: Peer) -> None:
        peer.answers(OK)
        due.wait(ENOUGH)
        peer.says(b"more")

    with server(answers) as known:
        client = visitor.client(known.url)
        client.send(GET)
        exchange = client._exchange
        assert exchange is not None
        exchange.unwatch()
        waiter = gevent.spawn(exchange.wire.receive)
        passes()
        client._common.exchanges.arrived.append(exchange)
        passes()
        due.set()
        waiter.join(ENOUGH)
        assert waiter.value == b"more"
