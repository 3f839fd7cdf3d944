"""A websocket of one greenlet: what it says and hears, and what is counted of it."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import gevent
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

from fixtures.sandbox.tls import write_certificates
from loadtests.failure import Failure
from loadtests.sockets.greenlet import Closure
from tests.closed import closed_address
from tests.unit.load.sockets.events import Events
from tests.unit.load.sockets.peers import agreement, echoes, raw_server, unanswering, websocket_server
from tests.unit.load.sockets.server import sent
from tests.unit.load.turns import ENOUGH, waits


def test_it_says_hears_and_leaves(events: Events) -> None:
    """What is sent comes back, the opening is one event, and leaving is none."""
    codes = []

    def talks(connection: ServerConnection) -> None:
        echoes(connection)
        codes.append(connection.protocol.close_code)

    with websocket_server(talks) as url:
        websocket = events.opens(url, subprotocols=("social.v1", "bearer.x"))
        assert websocket.headers["sec-websocket-protocol"] == "social.v1"
        for text in ("hello", "ü" * 40_000, ""):
            websocket.send(text)
            assert websocket.receive(ENOUGH) == text
        websocket.close(1001, "going")
        websocket.close()
        assert websocket.closure == Closure(1001, "going", by_us=True)
        with pytest.raises(Failure, match="closed by us"):
            websocket.send("late")
        waits(lambda: codes)
    assert codes == [1001]
    (event,) = events.fired
    assert (event["request_type"], event["name"], event["exception"]) == ("WS", "connection", None)
    assert 0 < event["response_time"] < 5000


def test_no_two_masks_are_alike(events: Events) -> None:
    """What is sent is covered by four bytes that nobody can foretell, each time by others (RFC 6455, 5.3)."""
    came: list[bytes] = []

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head))
        data = b""
        while len(data) < 33 and (piece := connection.recv(100)):
            data += piece
        came.extend(data[start : start + 11] for start in range(0, 33, 11))

    with raw_server(says) as url:
        websocket = events.opens(url)
        for _ in range(3):
            websocket.send("hello")
        waits(lambda: came)
    assert [frame[:2] for frame in came] == [b"\x81\x85"] * 3
    assert len({frame[2:6] for frame in came}) == len({frame[6:] for frame in came}) == 3


def test_an_opening_counts_from_its_intended_start(events: Events) -> None:
    """What came before it, because the generator or an earlier step was late, is of its time, too."""
    with websocket_server(echoes) as url:
        events.opens(url, since=time.perf_counter() - 10).close()
    assert 10_000 < events.fired[0]["response_time"] < 10_000 + 1000 * ENOUGH


def test_an_opening_counts_until_it_was_agreed_to(events: Events) -> None:
    """The time that the other side takes to agree is of its time, too."""
    asked: list[bytes] = []
    agreed = threading.Event()

    def says(connection: socket.socket, head: bytes) -> None:
        asked.append(head)
        agreed.wait(ENOUGH)
        connection.sendall(agreement(head))
        connection.recv(100)

    with raw_server(says) as url:
        opening = gevent.spawn(events.opens, url)
        waits(lambda: asked)
        gevent.sleep(0.05)
        agreed.set()
        opening.get(timeout=ENOUGH).close()
    assert events.fired[0]["response_time"] >= 50


@pytest.mark.parametrize("listens", [False, True])
def test_what_comes_together_is_heard_in_its_order(listens: bool, events: Events) -> None:  # noqa: FBT001
    """However many texts one piece of bytes has."""
    texts = ["one", "two", "three"]

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head) + b"".join(sent(0x81, text.encode()) for text in texts))
        connection.recv(100)

    heard: list[str] = []
    with raw_server(says) as url:
        websocket = events.opens(url)
        if listens:
            websocket.listen(heard.append)
            waits(lambda: len(heard) == 3)
        else:
            heard += [websocket.receive(ENOUGH) for _ in texts]
        websocket.close()
    assert heard == texts


def test_asking_is_one_sample(events: Events) -> None:
    """A message and its answer are one event, whose time counts from the intended start."""
    with websocket_server(echoes) as url:
        websocket = events.opens(url)
        assert websocket.ask("hello", "echo", ENOUGH, since=time.perf_counter() - 10) == "hello"
        websocket.close()
    assert events.causes == [("connection", ""), ("echo", "")]
    assert events.fired[1]["response_time"] > 10_000
    assert events.fired[1]["response_length"] == 5


def test_it_speaks_over_tls(events: Events, tmp_path: Path) -> None:
    """With TLS the same holds, and a certificate that is not trusted is a failed opening."""
    write_certificates(tmp_path)
    with websocket_server(echoes, certificates=tmp_path) as url:
        websocket = events.opens(url, ca_file=tmp_path / "ca.pem")
        text = "x" * 300_000
        assert websocket.ask(text, "echo", ENOUGH) == text
        websocket.close()
        with pytest.raises(Failure, match="certificate: ") as untrusted:
            events.opens(url)
    assert events.causes == [("connection", ""), ("echo", ""), ("connection", untrusted.value.cause)]


@pytest.mark.parametrize(
    ("cause", "says"),
    [
        ("status 401", lambda connection, _: connection.sendall(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")),
        ("not HTTP", lambda connection, _: connection.sendall(b"rubbish\r\n\r\n")),
        ("closed while opening", lambda _connection, _head: None),
        ("time-out", lambda connection, _: connection.recv(1)),
    ],
)
def test_an_opening_that_fails_says_why(
    cause: str, says: Callable[[socket.socket, bytes], None], events: Events
) -> None:
    """What keeps a websocket from being opened is raised after it was counted, as a sample that never came."""
    with raw_server(says) as url, pytest.raises(Failure) as failed:
        events.opens(url, connect=0.3 if cause == "time-out" else ENOUGH)
    assert failed.value.cause == cause
    assert events.causes == [("connection", cause)]
    assert events.fired[0]["response_time"] is None


@pytest.mark.parametrize("answers", [True, False])
def test_an_opening_that_failed_leaves_no_connection(answers: bool, events: Events) -> None:  # noqa: FBT001
    """Also for as long as somebody keeps what was raised: refused, or without an answer in time, it has ended."""
    gone: list[bytes] = []

    def says(connection: socket.socket, _: bytes) -> None:
        if answers:
            connection.sendall(b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n")
        gone.append(connection.recv(1))

    with raw_server(says) as url:
        with pytest.raises(Failure) as failed:
            events.opens(url, connect=ENOUGH if answers else 0.3)
        waits(lambda: gone)
    assert str(failed.value).startswith("status 401" if answers else "time-out: no websocket within 0.3 s")


def test_nobody_there_is_a_refusal(events: Events) -> None:
    """A port where nobody listens refuses the opening."""
    with pytest.raises(Failure, match="refused"):
        events.opens(closed_address())
    assert events.causes == [("connection", "refused")]


def test_a_message_that_does_not_come_is_a_time_out(events: Events) -> None:
    """Who waits in vain is told so after the time for it, and the socket stays open."""
    with websocket_server(echoes) as url:
        websocket = events.opens(url)
        with pytest.raises(Failure, match="time-out"):
            websocket.receive(0.1)
        assert websocket.closure is None
        assert websocket.ask("hello", "echo", ENOUGH) == "hello"
        websocket.close()
    assert events.causes == [("connection", ""), ("echo", "")]


def test_an_answer_that_comes_too_late_answers_nothing_else(events: Events) -> None:
    """A question without an answer in time ends the socket, and whoever asks on is told so each time."""

    def talks(connection: ServerConnection) -> None:
        connection.recv()
        late.wait(ENOUGH)
        with contextlib.suppress(ConnectionClosed):
            connection.send("first")
        said.set()

    late, said = threading.Event(), threading.Event()
    with websocket_server(talks) as url:
        websocket = events.opens(url)
        with pytest.raises(Failure, match="time-out"):
            websocket.ask("first", "echo", 0.1)
        late.set()
        waits(said.is_set)
        with pytest.raises(Failure, match="closed by us"):
            websocket.ask("second", "echo", ENOUGH)
    assert websocket.closure == Closure(1006, "no message within 0.1 s", by_us=True)
    assert events.causes == [("connection", ""), ("echo", "time-out"), ("echo", "closed by us")]


def test_each_wait_has_all_of_its_time(events: Events) -> None:
    """Waits that are long together, and a time-out, leave the next as much time as the first had."""

    def talks(connection: ServerConnection) -> None:
        for _ in connection:
            due.acquire(timeout=ENOUGH)
            connection.send("late")

    due = threading.Semaphore(0)
    with websocket_server(talks) as url:
        websocket = events.opens(url)
        for _ in range(3):
            websocket.send("hello")
            began = time.monotonic()
            waiting = gevent.spawn(websocket.receive, ENOUGH)
            gevent.sleep(0.2)
            assert websocket._timer.at > began + ENOUGH - 0.1
            due.release()
            waiting.join(ENOUGH)
            assert waiting.value == "late"
        for _ in range(2):
            began = time.monotonic()
            with gevent.Timeout(ENOUGH / 2), pytest.raises(Failure, match="time-out"):
                websocket.receive(0.2)
            assert time.monotonic() - began >= 0.2
        due.release()
        assert websocket.ask("hello", "echo", ENOUGH) == "late"
        websocket.close()


def test_a_wait_without_time_is_a_time_out(events: Events) -> None:
    """Whose time is over before it waits is told so at once."""
    with websocket_server(echoes) as url:
        websocket = events.opens(url)
        for _ in range(2):
            with gevent.Timeout(ENOUGH), pytest.raises(Failure, match="time-out"):
                websocket.receive(0.0)
        websocket.close()


def test_what_is_waited_for_when_its_greenlet_is_killed_was_not_answered(events: Events) -> None:
    """An opening and a question that are under way when a run ends are samples, without a time."""
    asked: list[str | bytes] = []

    def killed(waiting: gevent.Greenlet, when: int) -> None:
        waits(lambda: len(asked) == when)
        waiting.kill()

    def says(connection: socket.socket, head: bytes) -> None:
        asked.append(head)
        connection.recv(1)

    with raw_server(says) as url:
        killed(gevent.spawn(events.opens, url), 1)
    with websocket_server(asked.extend) as url:
        websocket = events.opens(url)
        killed(gevent.spawn(websocket.ask, "hello", "echo", ENOUGH), 2)
        websocket.close()
    unanswered = "unanswered at the end"
    assert events.causes == [("connection", unanswered), ("connection", ""), ("echo", unanswered)]
    assert [event["response_time"] is None for event in events.fired] == [True, False, True]


def test_pings_are_answered_while_it_listens(events: Events) -> None:
    """Who listens need not care for pings, and hears every text in order."""
    answered = []

    def talks(connection: ServerConnection) -> None:
        for number in range(3):
            connection.send(f"text {number}")
            answered.append(connection.ping(f"beat {number}").wait(ENOUGH))
        echoes(connection)

    heard: list[str] = []
    with websocket_server(talks) as url:
        websocket = events.opens(url)
        websocket.listen(heard.append)
        waits(lambda: len(answered) == 3)
        websocket.send("over")
        waits(lambda: len(heard) == 4)
        websocket.close()
    assert answered == [True] * 3
    assert heard == ["text 0", "text 1", "text 2", "over"]
    assert events.causes == [("connection", "")]


def test_both_sides_may_send_much_at_once(events: Events) -> None:
    """A message larger than all buffers gets through while one as large comes, and no two greenlets mix theirs."""
    large = 3_000_000
    got: list[str | bytes] = []

    def talks(connection: ServerConnection) -> None:
        # Nothing is read before this is sent.
        connection.send("s" * large)
        got.extend(connection.recv() for _ in range(20))
        echoes(connection)

    heard: list[str] = []
    with websocket_server(talks) as url:
        websocket = events.opens(url, largest=2 * large)
        websocket.listen(heard.append)
        texts = [str(number) * (large // 10) for number in range(10)]
        senders = [gevent.spawn(websocket.send, text) for text in texts + ["short"] * 10]
        gevent.joinall(senders, timeout=ENOUGH, raise_error=True)
        waits(lambda: len(got) == 20)
        websocket.close()
    assert sorted(got) == sorted(texts + ["short"] * 10)
    assert heard == ["s" * large]
    assert events.causes == [("connection", "")]


def test_who_never_connects_is_told_from_who_never_agrees(events: Events) -> None:
    """A host that lets nobody in has not seen that a websocket was asked for."""
    with unanswering() as (_, port), pytest.raises(Failure, match="time-out connecting: no websocket"):
        events.opens(f"http://127.0.0.1:{port}", connect=0.1)
