"""The client against servers that answer, close, hang and lie: one event for each request, and the right one."""

import itertools
import threading
import time

import gevent
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures.contract import chat
from fixtures.contract.operation import Operation
from loadtests.failure import Failure
from tests.unit.http1.peer import CONVERSATION, CREATED, MESSAGE, OK, Peer, server
from tests.unit.load.client.visitor import GET, HEAD, POST, TOKEN, Visitor, cause_of, comes, does, wire_of
from tests.unit.load.turns import ENOUGH, waits


def test_an_operation_is_sent_checked_and_counted_once(visitor: Visitor) -> None:
    """A good answer is the operation's value, and one event with its name, its size and its time."""
    with server(does(CREATED, CREATED)) as known:
        client = visitor.client(known.url)
        client.token = TOKEN
        assert client.token == TOKEN
        began = time.perf_counter() - 1
        message = client.send(chat.send(CONVERSATION, "hello", idempotency_key="k1"), since=began)
        client.send(chat.send(CONVERSATION, "hello", idempotency_key="k2"))
        assert client._exchange is not None
        assert client._exchange.value is None  # it is its sender's alone
        client.close()
    assert (message.seq, message.text) == (7, "hello")
    first, second = visitor.fired
    assert (first["request_type"], first["name"], first["exception"]) == ("POST", "chat sendMessage", None)
    assert first["response_length"] == len(MESSAGE)
    assert 1000 < first["response_time"] < 6000
    assert 0 < second["response_time"] < 5000
    assert known.connections == 1
    headers = [request.headers for request in known.requests]
    assert headers[0]["Authorization"] == f"Bearer {TOKEN}"
    assert headers[0]["X-Synthetic-Run"] == "run-1"
    assert headers[0]["traceparent"].split("-")[1] != headers[1]["traceparent"].split("-")[1]
    assert headers[0]["Host"] == known.url.removeprefix("http://")


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", "status 503"),
        (OK.replace(b'"ok"', b"{}  "), "contract: conversation_id missing"),
        (OK.replace(b'"ok"', b"nope"), "contract: not JSON"),
        (
            OK.replace(b"Content-Type", b"Content-Encoding: br\r\nContent-Type").replace(b'"ok"', b"nope"),
            "contract: compressed",
        ),
        (OK.replace(b'"ok"', b"1234"), "contract: the body"),
        (OK.replace(b"application/json", b"text/html"), "contract: Content-Type mistyped"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "not HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort", "cut off"),
        (b"", "closed without an answer"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 2000, "answer too large"),
    ],
)
def test_every_other_answer_is_a_failure_with_a_cause(visitor: Visitor, answer: bytes, cause: str) -> None:
    """What the contract does not allow is one event, whose cause is a few words that repeat."""
    with server(does(answer)) as known:
        client = visitor.client(known.url, largest=1000)
        assert cause_of(client, chat.conversation(CONVERSATION)) == cause
        client.close()
    assert visitor.causes == [cause]
    assert repr(visitor.fired[0]["exception"]) == f"Failure({cause})"
    # By which the platform's logs are searched, also for what was never answered.
    assert known.requests[0].headers["traceparent"].split("-")[1] == visitor.fired[0]["exception"].trace
    assert 0 < visitor.fired[0]["response_time"] < 1000 * ENOUGH
    assert len(known.requests) == 1


def test_what_was_refused_is_told(visitor: Visitor) -> None:
    """A failure is counted by its status and the platform's own word for it, and tells a person more."""
    body = b'{"type":"urn:social-platform:problem:rate-limited","title":"","status":429,"detail":"","instance":"",'
    body += b'"trace_id":""}'
    head = b"HTTP/1.1 429 No\r\nRetry-After: 1\r\nContent-Type: application/problem+json\r\nContent-Length: %d\r\n\r\n"
    with server(does(head % len(body) + body)) as known, pytest.raises(Failure) as caught:
        visitor.client(known.url).send(chat.conversations())
    assert caught.value.cause == "status 429 rate-limited"
    assert "answered 429 rate-limited" in caught.value.detail


@pytest.mark.parametrize(
    ("served", "cause"), [(b"", "status 429"), (b"\r\nX-Served-By: chat;slot=blue", "status 429 before the service")]
)
def test_what_answers_in_a_services_place_is_counted_apart(visitor: Visitor, served: bytes, cause: str) -> None:
    """Where services say who they are, what was answered before them is no failure of theirs."""
    limit = b"HTTP/1.1 429 No\r\nContent-Length: 0\r\n\r\n"
    with server(does(OK.replace(b"\r\n\r\n", served + b"\r\n\r\n"), limit)) as known:
        client = visitor.client(known.url)
        assert [cause_of(client), cause_of(client)] == ["", cause]
        client.close()


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(0, len(CREATED)), max_size=4), st.booleans())
def test_an_answer_may_come_in_any_pieces(cuts: list[int], interim: bool) -> None:  # noqa: FBT001 - it is drawn
    """Over real sockets, too, pieces make no difference."""
    visitor = Visitor()
    edges = [0, *sorted(cuts), len(CREATED)]
    first = b"HTTP/1.1 103 Early Hints\r\n\r\n" if interim else b""

    def says(peer: Peer) -> None:
        for _ in range(2):
            peer.hears()
            peer.says(first, *(CREATED[start:end] for start, end in itertools.pairwise(edges)))

    with server(says) as known:
        client = visitor.client(known.url)
        for key in ("k1", "k2"):
            assert client.send(chat.send(CONVERSATION, "hello", idempotency_key=key)).seq == 7
        client.close()
    assert known.connections == 1


def test_a_connection_closed_while_idle_is_no_failure(visitor: Visitor) -> None:
    """What can be repeated is sent again, once, on a new connection; what cannot is looked at before it is sent."""

    def answers_once(peer: Peer) -> None:
        peer.answers(OK)

    with server(answers_once) as known:
        client = visitor.client(known.url)
        for operation in (GET, GET, POST, GET, POST, POST):
            assert client.send(operation) == '"ok"'
            comes(wire_of(client))
    assert visitor.causes == [""] * 6
    assert known.connections == 6
    assert len(known.requests) == 6


@pytest.mark.parametrize(
    ("rested", "crossed", "cause"),
    [(0.0, 3600.0, ""), (3600.0, 3600.0, "closed without an answer"), (0.0, 0.0, "closed without an answer")],
)
def test_who_closes_what_was_used_just_now_or_long_after_it_was_asked_has_dropped_a_request(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch, rested: float, crossed: float, cause: str
) -> None:
    """A request that was taken and not answered is sent again only where the peer may have closed for lack of use."""
    monkeypatch.setattr("loadtests.client.client.RESTED", rested)
    monkeypatch.setattr("loadtests.client.client.CROSSED", crossed)

    def closes_unanswered(peer: Peer) -> None:
        peer.answers(OK)
        peer.hears()

    with server(closes_unanswered) as known:
        client = visitor.client(known.url)
        assert cause_of(client) == ""
        assert cause_of(client) == cause
        assert len(known.requests) == (2 if cause else 3)


def test_an_answer_is_never_asked_for_twice(visitor: Visitor) -> None:
    """What may have been done is not sent again, nor what fails on a new connection, nor what had begun to come."""

    def closes_unanswered(peer: Peer) -> None:
        peer.answers(OK)
        peer.hears()

    with server(closes_unanswered) as known:
        client = visitor.client(known.url)
        assert [cause_of(client, operation) for operation in (POST, POST)] == ["", "closed without an answer"]
        assert len(known.requests) == 2

    with server(lambda peer: peer.answers(OK, OK[:30])) as known:
        client = visitor.client(known.url)
        assert [cause_of(client) for _ in range(2)] == ["", "cut off"]
        assert len(known.requests) == 2

    with server(Peer.hears) as known:
        assert cause_of(visitor.client(known.url)) == "closed without an answer"
        assert len(known.requests) == 1


def test_a_reset_is_named(visitor: Visitor) -> None:
    """A connection that is cut is a reset before an answer, and cut off in its middle."""

    def resets(peer: Peer) -> None:
        peer.hears()
        if peer.number:
            peer.says(OK[:20])
            arrived.wait(ENOUGH)
        peer.resets()

    arrived = threading.Event()
    with server(resets) as known:
        client = visitor.client(known.url)
        assert cause_of(client) == "reset"
        asker = gevent.spawn(cause_of, client)
        waits(lambda: client._exchange is not None and client._exchange.answers.begun)
        arrived.set()
        asker.join(ENOUGH)
        assert asker.value == "cut off"


def test_what_nobody_asked_for_is_not_the_next_answer(visitor: Visitor) -> None:
    """An answer that comes on an idle connection is thrown away with it."""

    def farewell(peer: Peer) -> None:
        peer.answers(OK)
        if peer.number == 0:
            idle.wait(ENOUGH)
            peer.says(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
            peer.hears()

    idle = threading.Event()
    with server(farewell) as known:
        client = visitor.client(known.url)
        client.send(GET)
        idle.set()
        comes(wire_of(client))
        assert client.send(POST) == '"ok"'
        client.close()
    assert known.connections == 2


@pytest.mark.parametrize("last", [b"Connection: close", b"X-Nothing: x"])
def test_a_farewell_in_an_answer_is_heeded(visitor: Visitor, last: bytes) -> None:
    """After `Connection: close`, or an answer that ends with its connection, the next request opens another."""
    length = b"Content-Length: 4\r\n" if last.startswith(b"Conn") else b""
    answer = b"HTTP/1.1 200 OK\r\n%b%b\r\n\r\n" % (length, last) + b'"ok"'
    # Who says farewell would answer all the same.
    with server(does(answer, answer) if length else does(answer)) as known:
        client = visitor.client(known.url)
        assert [client.send(GET), client.send(POST)] == ['"ok"', '"ok"']
    assert known.connections == 2


def test_head_and_nothing_end_with_their_heads(visitor: Visitor) -> None:
    """No body is waited for where none comes."""
    nothing = b"HTTP/1.1 204 No Content\r\n\r\n"
    with server(does(nothing, b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", nothing)) as known:
        client = visitor.client(known.url)
        client.send(chat.delete_attachment("a"))
        client.send(HEAD)
        client.send(chat.delete_attachment("a"))
        client.close()
    assert visitor.causes == [""] * 3


def test_silence_ends_in_time(visitor: Visitor) -> None:
    """No answer, and one that drips, end when the time for it is up, for many at once and each for itself."""

    def drips(peer: Peer) -> None:
        peer.hears()
        if peer.number % 2:
            peer.says(b"HTTP/1.1 200 OK\r\n")
            for _ in range(400):
                peer.says(b"A: b\r\n")
                if ended.wait(0.02):
                    return
        ended.wait(ENOUGH)

    ended = threading.Event()
    with server(drips) as known:
        first = visitor.client(known.url, read=0.3)
        began = time.perf_counter()
        waiting = [gevent.spawn(cause_of, client) for client in (first, *(visitor.another(first) for _ in range(9)))]
        gevent.joinall(waiting, timeout=9)
        took = time.perf_counter() - began
        ended.set()
    assert [each.value for each in waiting] == ["time-out"] * 10
    assert 0.3 <= took < 6


def test_a_time_out_costs_the_connection(visitor: Visitor) -> None:
    """A late answer is not taken for the next one."""

    def late(peer: Peer) -> None:
        peer.hears()
        if peer.number == 0:
            late_enough.wait(ENOUGH)
            peer.says(OK)
        peer.says(OK.replace(b"ok", b"in"))

    late_enough = threading.Event()
    with server(late) as known:
        client = visitor.client(known.url, read=0.1)
        assert cause_of(client) == "time-out"
        client._common.deadlines._seconds = ENOUGH  # for the one that is good
        asker = gevent.spawn(client.send, GET)
        gevent.sleep(0)  # it is under way
        late_enough.set()
        asker.join(ENOUGH)
        assert asker.value == '"in"'


def test_a_killed_greenlet_was_not_answered_and_closes(visitor: Visitor) -> None:
    """Who is stopped in the middle of a request is one event without a time, and leaves no half-used connection."""
    with server(lambda peer: peer.answers(OK, OK) if peer.number else peer.hears() and peer.hears()) as known:
        client = visitor.client(known.url)
        greenlet = gevent.spawn(client.send, GET)
        waits(lambda: known.requests)
        greenlet.kill()
        assert visitor.causes == ["unanswered at the end"]
        assert visitor.fired[0]["response_time"] is None
        assert client.send(GET) == '"ok"'
        client.close()
    assert known.connections == 2


def test_who_answers_is_told_when_it_is_another(visitor: Visitor) -> None:
    """`X-Served-By` is passed on for each service when it differs from the last, and only then."""
    answers = [OK.replace(b"\r\n\r\n", b"\r\nx-served-by: %b\r\n\r\n" % who) for who in (b"a", b"a", b"b", b"a")]
    with server(does(OK, *answers)) as known:
        client = visitor.client(known.url)
        for _ in range(5):
            client.send(GET)
        client.close()
    assert visitor.sighted == [("chat", "a"), ("chat", "b"), ("chat", "a")]


def test_who_answers_at_an_address_that_the_platform_gave_out_is_nobody_of_the_platform(visitor: Visitor) -> None:
    """A CDN has an `X-Served-By` of its own, which says nothing of slots and builds."""
    with server(does(OK)) as known, server(does(OK.replace(b"\r\n\r\n", b"\r\nx-served-by: cache-1\r\n\r\n"))) as cdn:
        client = visitor.client(known.url)
        client.send(Operation(GET.endpoint, f"{cdn.url}/picture"))
        client.close()
    assert visitor.sighted == []


def test_another_client_shares_no_connection(visitor: Visitor) -> None:
    """Clients of a kind share what is behind them, and neither connection nor token."""
    with server(does(OK)) as known:
        client = visitor.client(known.url)
        client.token = TOKEN
        other = visitor.another(client)
        assert other.token is None
        client.send(GET)
        other.send(GET)
    assert known.connections == 2


def test_an_answer_that_was_cut_off_is_never_asked_for_again(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever began to answer had taken the request, also on a connection that may have been closed for lack of use."""
    monkeypatch.setattr("loadtests.client.client.RESTED", 0.0)
    monkeypatch.setattr("loadtests.client.client.CROSSED", 3600.0)
    with server(lambda peer: peer.answers(OK, OK[:30])) as known:
        client = visitor.client(known.url)
        assert [cause_of(client) for _ in range(2)] == ["", "cut off"]
        assert len(known.requests) == 2
