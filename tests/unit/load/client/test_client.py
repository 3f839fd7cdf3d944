"""The client against servers that answer, close, hang and lie: one event for each request, and the right one."""

import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gevent
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures.contract import chat, objects, shared
from fixtures.contract.operation import Endpoint, Operation
from fixtures.sandbox.tls import write_certificates
from loadtests.client import Client, Target, Timeouts
from loadtests.failure import Failure
from tests.unit.load.client.peer import CONVERSATION, CREATED, MESSAGE, OK, Peer, server

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


@pytest.fixture
def visitor() -> Iterator[Visitor]:
    one = Visitor()
    yield one
    one.leaves()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    write_certificates(folder)
    return folder


def does(*answers: bytes) -> Callable[[Peer], None]:
    return lambda peer: peer.answers(*answers)


def cause_of(client: Client, operation: Operation[Any] = GET) -> str:
    """Send it once; the cause of its failure, or nothing."""
    try:
        client.send(operation)
    except Failure as failure:
        return failure.cause
    return ""


def test_an_operation_is_sent_checked_and_counted_once(visitor: Visitor) -> None:
    """A good answer is the operation's value, and one event with its name, its size and its time."""
    with server(does(CREATED, CREATED)) as known:
        client = visitor.client(known.url)
        client.token = TOKEN
        assert client.token == TOKEN
        began = time.perf_counter() - 1
        message = client.send(chat.send(CONVERSATION, "hello", idempotency_key="k1"), since=began)
        client.send(chat.send(CONVERSATION, "hello", idempotency_key="k2"))
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
    assert headers[0]["traceparent"] != headers[1]["traceparent"]
    assert headers[0]["Host"] == known.url.removeprefix("http://")


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", "status 503"),
        (OK.replace(b'"ok"', b"{}  "), "contract: conversation_id missing"),
        (OK.replace(b'"ok"', b"nope"), "contract: not JSON"),
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
    assert len(known.requests) == 1


def test_what_was_refused_is_told(visitor: Visitor) -> None:
    """A failure keeps the status and the platform's own word, so that a journey can go on from there."""
    body = b'{"type":"urn:social-platform:problem:rate-limited","title":"","status":429,"detail":"","instance":"",'
    body += b'"trace_id":""}'
    head = b"HTTP/1.1 429 No\r\nRetry-After: 1\r\nContent-Type: application/problem+json\r\nContent-Length: %d\r\n\r\n"
    with server(does(head % len(body) + body)) as known, pytest.raises(Failure) as caught:
        visitor.client(known.url).send(chat.conversations())
    assert (caught.value.status, caught.value.slug, caught.value.cause) == (429, "rate-limited", "status 429")


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
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
            gevent.sleep(0.02)  # the server's end of the connection arrives
    assert visitor.causes == [""] * 6
    assert known.connections == 6
    assert len(known.requests) == 6


def test_an_answer_is_never_asked_for_twice(visitor: Visitor) -> None:
    """What may have been done is not sent again, nor what fails on a new connection, nor what had begun to come."""

    def closes_unanswered(peer: Peer) -> None:
        peer.answers(OK)
        peer.hears()

    with server(closes_unanswered) as known:
        client = visitor.client(known.url)
        assert [cause_of(client, operation) for operation in (POST, POST)] == ["", "closed without an answer"]
        assert len(known.requests) == 2

    def begins_to_answer(peer: Peer) -> None:
        peer.answers(OK, OK[:30])

    with server(begins_to_answer) as known:
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
            time_to_arrive.wait(0.1)
        peer.resets()

    time_to_arrive = threading.Event()
    with server(resets) as known:
        client = visitor.client(known.url)
        assert cause_of(client) == "reset"
        assert cause_of(client) == "cut off"


def test_what_nobody_asked_for_is_not_the_next_answer(visitor: Visitor) -> None:
    """An answer that comes on an idle connection is thrown away with it."""

    def farewell(peer: Peer) -> None:
        peer.answers(OK)
        if peer.number == 0:
            peer.says(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
            peer.hears()

    with server(farewell) as known:
        client = visitor.client(known.url)
        client.send(GET)
        gevent.sleep(0.05)
        assert client.send(POST) == '"ok"'
        client.close()
    assert known.connections == 2


@pytest.mark.parametrize("last", [b"Connection: close", b"X-Nothing: x"])
def test_a_farewell_in_an_answer_is_heeded(visitor: Visitor, last: bytes) -> None:
    """After `Connection: close`, or an answer that ends with its connection, the next request opens another."""
    length = b"Content-Length: 4\r\n" if last.startswith(b"Conn") else b""
    with server(does(b"HTTP/1.1 200 OK\r\n%b%b\r\n\r\n" % (length, last) + b'"ok"')) as known:
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
            for _ in range(100):
                peer.says(b"A: b\r\n")
                if ended.wait(0.02):
                    return
        ended.wait(5)

    ended = threading.Event()
    with server(drips) as known:
        first = visitor.client(known.url, read=0.3)
        began = time.perf_counter()
        waiting = [gevent.spawn(cause_of, client) for client in (first, *(visitor.another(first) for _ in range(9)))]
        gevent.joinall(waiting, timeout=5)
        took = time.perf_counter() - began
        ended.set()
    assert [each.value for each in waiting] == ["time-out"] * 10
    assert 0.3 <= took < 2


def test_a_time_out_costs_the_connection(visitor: Visitor) -> None:
    """A late answer is not taken for the next one."""

    def late(peer: Peer) -> None:
        peer.hears()
        if peer.number == 0:
            silent.wait(0.3)
            peer.says(OK)
        peer.says(OK.replace(b"ok", b"in"))

    silent = threading.Event()
    with server(late) as known:
        client = visitor.client(known.url, read=0.1)
        assert cause_of(client) == "time-out"
        assert client.send(GET) == '"in"'


def test_a_killed_greenlet_fires_nothing_and_closes(visitor: Visitor) -> None:
    """Who is stopped in the middle of a request leaves no event and no half-used connection."""
    with server(lambda peer: peer.answers(OK, OK) if peer.number else peer.hears() and peer.hears()) as known:
        client = visitor.client(known.url)
        greenlet = gevent.spawn(client.send, GET)
        gevent.sleep(0.1)
        greenlet.kill()
        assert visitor.fired == []
        assert client.send(GET) == '"ok"'
        client.close()
    assert known.connections == 2


def test_nobody_there_is_said(visitor: Visitor) -> None:
    """Refused, a name that does not resolve, and a host that does not answer each have their word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert cause_of(visitor.client(f"http://127.0.0.1:{port}")) == "refused"
    assert cause_of(visitor.client("http://nobody.invalid")) == "name does not resolve"
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        # Whom the queue has no place for is not answered at all.
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.settimeout(0)
            each.connect_ex(full.getsockname())
        assert cause_of(visitor.client(f"http://127.0.0.1:{full.getsockname()[1]}", connect=0.2)) == "time-out"
        for each in waiting:
            each.close()
    assert len(visitor.fired) == 3
    assert all(event["response_time"] > 0 for event in visitor.fired)


def test_a_large_body_is_sent_whole(visitor: Visitor) -> None:
    """What does not fit into the socket's buffer at once follows, over TLS as well."""
    body = bytes(range(256)) * 40_000
    put = Operation(Endpoint("chat", "put", "PUT", "/x", {200: str}, auth="none"), "/x", content=body)
    with server(does(OK)) as known:
        visitor.client(known.url).send(put)
    assert known.requests[0].body == body


def test_an_answer_before_the_end_of_a_request_is_heard(visitor: Visitor) -> None:
    """A server that refuses a body while it comes is understood, and its connection used no more."""
    refused: Endpoint[None] = Endpoint("chat", "put", "PUT", "/x", {413: None}, auth="none")
    put = Operation(refused, "/x", content=bytes(30_000_000))

    def refuses(peer: Peer) -> None:
        if peer.number:
            peer.answers(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n")
            return
        peer.connection.recv(1000)
        peer.says(b"HTTP/1.1 413 No\r\nContent-Length: 0\r\n\r\n")
        while peer.connection.recv(100_000):
            pass

    with server(refuses) as known:
        client = visitor.client(known.url)
        client.send(put)
        client.close()
    assert visitor.causes == [""]
    assert known.connections == 1


def test_who_answers_is_told_when_it_is_another(visitor: Visitor) -> None:
    """`X-Served-By` is passed on for each service when it differs from the last, and only then."""
    answers = [OK.replace(b"\r\n\r\n", b"\r\nx-served-by: %b\r\n\r\n" % who) for who in (b"a", b"a", b"b", b"a")]
    with server(does(OK, *answers)) as known:
        client = visitor.client(known.url)
        for _ in range(5):
            client.send(GET)
        client.close()
    assert visitor.sighted == [("chat", "a"), ("chat", "b"), ("chat", "a")]


def test_what_is_said_is_secret_elsewhere(visitor: Visitor) -> None:
    """An address that the platform gave out is asked without token, mark and trace, on a connection of its own."""
    with (
        server(does(OK)) as platform,
        server(does(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nxy", OK)) as storage,
    ):
        client = visitor.client(platform.url)
        client.token = TOKEN
        assert client.send(objects.get(f"{storage.url}/bucket/key?signature=x")) == b"xy"
        assert client.send(objects.get(f"{storage.url}/bucket/key?signature=x")) == b'"ok"'
        assert cause_of(client, objects.get("ftp://nobody/x")) == "cannot be sent"
        assert cause_of(client, objects.get("http://nobody/a b")) == "cannot be sent"
        client.close()
    request = storage.requests[0]
    assert request.path == "/bucket/key?signature=x"
    assert not {"Authorization", "X-Synthetic-Run", "traceparent"} & set(request.headers)
    assert storage.connections == 1
    assert platform.requests == []
    assert visitor.causes == ["", "", "cannot be sent", "cannot be sent"]


def test_only_what_needs_a_token_carries_one(visitor: Visitor) -> None:
    """The token goes with operations that need it and have none of their own."""
    good = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n"
    with server(does(good, OK, OK)) as known:
        client = visitor.client(known.url)
        client.token = TOKEN
        client.send(shared.metrics("chat"))
        cause_of(client, chat.conversations().bearing("theirs"))
        client.token = None
        assert client.token is None
        cause_of(client, chat.conversations())
        client.close()
    assert [request.headers.get("Authorization") for request in known.requests] == [None, "Bearer theirs", None]


def test_it_is_sure_of_its_peer(visitor: Visitor, certificates: Path, tmp_path: Path) -> None:
    """Over TLS requests and answers are the same, and a certificate that does not prove its host is refused."""
    body = b"y" * 100_000
    long = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    with server(does(OK, long, OK), certificates=certificates) as known:
        client = visitor.client(known.url, certificates / "ca.pem")
        put = Operation(Endpoint("chat", "put", "PUT", "/x", {200: str}, auth="none"), "/x", content=bytes(3_000_000))
        assert [client.send(operation) for operation in (GET, GET, put)] == ['"ok"', body.decode(), '"ok"']
        assert known.connections == 1
        assert len(known.requests[2].body) == 3_000_000
        client.close()
        write_certificates(tmp_path)
        assert cause_of(visitor.client(known.url, tmp_path / "ca.pem")) == "certificate"
        assert cause_of(visitor.client(known.url.replace("127.0.0.1", "127.0.0.2"), certificates / "ca.pem")) != ""


def test_tls_that_is_none_is_named(visitor: Visitor, certificates: Path) -> None:
    """A peer that speaks something else, or hangs up during or after the handshake, has its word."""
    with server(lambda peer: peer.says(b"SSH-2.0-OpenSSH_9.2\r\n")) as known:
        url = known.url.replace("http:", "https:")
        assert cause_of(visitor.client(url, certificates / "ca.pem")) == "TLS"
    with server(lambda peer: peer.connection.close()) as known:
        url = known.url.replace("http:", "https:")
        assert cause_of(visitor.client(url, certificates / "ca.pem")) in {"TLS", "reset"}
    with server(lambda peer: peer.answers(OK), certificates=certificates) as known:
        client = visitor.client(known.url, certificates / "ca.pem")
        for operation in (GET, GET, POST):
            assert client.send(operation) == '"ok"'
            gevent.sleep(0.05)
        assert known.connections == 3


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
