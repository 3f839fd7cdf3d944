"""How idle websockets end: with their token, without a word, or not at all."""

import itertools
import math
import socket
import threading

import pytest

from fixtures.checks import eventually
from fixtures.checks.match import at_least, equals
from loadtests import sockets
from loadtests.failure import Failure
from loadtests.sockets.handshake import Handshake
from loadtests.sockets.held import Connection, Terms, lost
from tests.unit.load.sockets.expiring import EXPIRED, Tokens, ends_the_old, ends_the_old_when
from tests.unit.load.sockets.idling import ENOUGH, Clock, holding, settled, silent, split
from tests.unit.load.sockets.peers import agreement, raw_server
from tests.unit.load.sockets.server import sent


@pytest.fixture
def looks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is lost is seen at once."""
    monkeypatch.setattr(sockets.holding, "_LOOK_EVERY", 0.05)


@pytest.mark.parametrize("left", [-1.0, 3.0], ids=["when it was over", "by a clock that is ahead"])
def test_what_ends_with_its_token_is_opened_again(left: float) -> None:
    """The agreed end is no failure: the connection is opened again with another token, and is the same one sample."""
    tokens = Tokens(left)
    with (
        raw_server(ends_the_old(EXPIRED.code, EXPIRED.reason)) as url,
        holding(url, 4, rate=20, offer=tokens.offer, terms=Terms(expiry=EXPIRED, clocks=5)) as idle,
    ):
        opened, ended = split(settled(idle, 4))
        eventually(lambda: (idle.held.expired, idle.held.open), equals((4, 4)), within=ENOUGH, subject="connections")
        assert (len(opened), ended, idle.held.lost) == (4, [], 0)
        assert idle.take() == []


def test_openings_again_keep_the_pace(clock: Clock) -> None:
    """Connections that all expire at once are not all opened again at once."""
    tokens, over = Tokens(-1.0, clock.perf_counter), threading.Event()
    try:
        with (
            raw_server(ends_the_old_when(over)) as url,
            holding(url, 4, rate=5, offer=tokens.offer, terms=Terms(expiry=EXPIRED)) as idle,
        ):
            eventually(lambda: idle.held.started, at_least(1), within=ENOUGH, subject="openings")
            clock.ahead = 1.0  # when the last is due
            settled(idle, 4)
            clock.stands()
            over.set()
            eventually(lambda: idle.held.expired, equals(4), within=ENOUGH, subject="expired")
            for number in range(5, 9):
                eventually(lambda: len(tokens.asked), at_least(number), within=ENOUGH, subject="openings")
                clock.ahead += 0.25
            eventually(lambda: idle.held.open, equals(4), within=ENOUGH, subject="connections")
    finally:
        over.set()
    again = [at for _, at in tokens.asked[4:]]
    assert all(after - before > 0.2 for before, after in itertools.pairwise(again))


@pytest.mark.parametrize(
    ("left", "code", "reason"),
    [(60.0, 4401, "token-expired"), (-1.0, 4401, "token-invalid"), (-1.0, 1001, "token-expired")],
)
def test_any_other_end_is_counted_and_stays(left: float, code: int, reason: str) -> None:
    """Before the token expires, for another reason or with another code, an end is as bad as any."""
    tokens = Tokens(left)
    with (
        raw_server(ends_the_old(code, reason)) as url,
        holding(url, 1, offer=tokens.offer, terms=Terms(expiry=EXPIRED, clocks=5)) as idle,
    ):
        assert [failure.cause for failure in split(settled(idle, 2))[1]] == [f"closed unexpectedly {code} {reason}"]
        assert not threading.Event().wait(0.2)
        assert (idle.take(), idle.held.lost, len(tokens.asked)) == ([], 1, 1)


def test_nothing_is_opened_again_with_the_same_token() -> None:
    """It would be refused, again and again: the connection waits until there is another."""
    tokens = Tokens(-1.0)
    tokens.renewed = False
    with (
        raw_server(ends_the_old(EXPIRED.code, EXPIRED.reason)) as url,
        holding(url, 2, rate=50, offer=tokens.offer, terms=Terms(expiry=EXPIRED)) as idle,
    ):
        assert len(settled(idle, 2)) == 2
        assert not threading.Event().wait(0.5)
        assert (idle.take(), idle.held.open, idle.held.expired) == ([], 0, 2)
        began, ended = tokens.asked[2][1], tokens.asked[-1][1]
        assert len(tokens.asked) < 50 * (ended - began) + 10
        tokens.renewed = True
        eventually(lambda: idle.held.open, equals(2), within=ENOUGH, subject="connections")
        assert idle.take() == []


def test_what_cannot_be_opened_again_is_a_failure() -> None:
    """A platform that lets tokens expire and then lets nobody in has lost all who were there."""
    tokens, refuses = Tokens(-1.0), b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"

    def says(connection: socket.socket, head: bytes) -> None:
        if b"Protocol: old" in head:
            ends_the_old(EXPIRED.code, EXPIRED.reason)(connection, head)
        else:
            connection.sendall(refuses)

    with raw_server(says) as url, holding(url, 3, offer=tokens.offer, terms=Terms(expiry=EXPIRED)) as idle:
        opened, ended = split(settled(idle, 6))
        assert (len(opened), [failure.cause for failure in ended]) == (3, ["status 503"] * 3)
        assert (idle.held.open, idle.held.failed, idle.held.unsettled) == (0, 3, 0)


def test_what_is_under_way_at_the_end_is_waited_for() -> None:
    """Nothing is opened for the first time then; what comes in time is good, and what does not has failed."""
    tokens, opens = Tokens(-1.0), threading.Event()

    def says(connection: socket.socket, head: bytes) -> None:
        if b"Protocol: old" in head:
            opens.wait(ENOUGH)
        connection.sendall(agreement(head))
        silent(connection, head)

    pause = threading.Event()
    try:
        with raw_server(says) as url, holding(url, 90, rate=10, offer=tokens.offer) as idle:
            eventually(lambda: idle.held.opening > 0, equals(True), within=ENOUGH, subject="opening")  # noqa: FBT003
            threading.Timer(0.5, opens.set).start()
            assert idle.stop(pause.wait, ENOUGH) == 0
            opened, ended = split(idle.take())
            assert (0 < len(opened) < 90, ended) == (True, [])
        opens.clear()
        tokens = Tokens(-1.0)
        with raw_server(says) as url, holding(url, 2, offer=tokens.offer) as idle:
            eventually(lambda: idle.held.opening, equals(2), within=ENOUGH, subject="opening")
            assert idle.stop(pause.wait, 0.1) == 2
            opened, ended = split(idle.take())
            assert (opened, [failure.cause for failure in ended]) == ([], ["unanswered at the end"] * 2)
            opens.set()
    finally:
        opens.set()


def test_what_waits_for_another_token_at_the_end_has_failed() -> None:
    """It is not open, and nothing else says so."""
    tokens = Tokens(-1.0)
    tokens.renewed = False
    with (
        raw_server(ends_the_old(EXPIRED.code, EXPIRED.reason)) as url,
        holding(url, 2, offer=tokens.offer, terms=Terms(expiry=EXPIRED)) as idle,
    ):
        eventually(lambda: idle.held.waiting, equals(2), within=ENOUGH, subject="expired")
        assert idle.stop(threading.Event().wait, 0.1) == 2
        opened, ended = split(idle.take())
        assert (len(opened), [failure.cause for failure in ended]) == (2, ["unanswered at the end"] * 2)
        assert (idle.held.unsettled, idle.held.failed) == (0, 2)


def test_whose_turn_has_not_come_at_the_end_has_not_failed(clock: Clock) -> None:
    """How fast connections are opened again is our own pace: that many wait for it says nothing of the platform."""
    tokens, over = Tokens(-1.0), threading.Event()
    try:
        with (
            raw_server(ends_the_old_when(over)) as url,
            holding(url, 2, rate=0.5, offer=tokens.offer, terms=Terms(expiry=EXPIRED)) as idle,
        ):
            eventually(lambda: idle.held.started, at_least(1), within=ENOUGH, subject="openings")
            clock.ahead = 2.0  # when the second is due
            settled(idle, 2)
            clock.stands()
            over.set()
            eventually(lambda: (idle.held.open, idle.held.waiting), equals((1, 1)), within=ENOUGH, subject="held")
            assert idle.stop(threading.Event().wait, 0.0) == 1
            assert split(idle.take()) == ([], [])
    finally:
        over.set()


def test_who_is_kept_waiting_by_others_that_are_not_let_in_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pace was not ours: the platform agreed with none of those that were opened again before."""
    monkeypatch.setattr(sockets.holding, "_OPENING", 2)
    tokens, over = Tokens(-1.0), threading.Event()

    def says(connection: socket.socket, head: bytes) -> None:
        if b"Protocol: old" in head:
            ends_the_old(EXPIRED.code, EXPIRED.reason)(connection, head)
        else:
            over.wait(ENOUGH)

    try:
        # So fast that all are opened once before any is opened again.
        with (
            raw_server(says) as url,
            holding(url, 5, rate=1e6, offer=tokens.offer, terms=Terms(expiry=EXPIRED)) as idle,
        ):
            settled(idle, 5)
            eventually(
                lambda: (idle.held.opening, idle.held.waiting), equals((2, 3)), within=ENOUGH, subject="connections"
            )
            assert idle.stop(threading.Event().wait, 0.1) == 5
            _, ended = split(idle.take())
            assert [failure.cause for failure in ended] == ["unanswered at the end"] * 5
            over.set()
    finally:
        over.set()


@pytest.mark.parametrize(
    ("terms", "after"),
    [
        pytest.param(
            Terms(heartbeat=60, promised=lambda _, text: float(text)),
            sent(0x81, b"0.2"),
            id="as the platform has promised",
        ),
        pytest.param(
            Terms(promised=lambda _, text: {"0.2": 0.2}.get(text)),
            sent(0x81, b"0.2") + sent(0x81, b"event"),
            id="whatever else it has said after that",
        ),
        pytest.param(Terms(heartbeat=0.2), b"", id="before it has promised anything"),
    ],
)
@pytest.mark.usefixtures("looks_often")
def test_a_peer_that_is_gone_without_a_word_is_lost_once(terms: Terms, after: bytes) -> None:
    """No sign of life for two heartbeats is the loss of a connection, and it has one sample."""
    over = threading.Event()

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head) + after)
        over.wait(ENOUGH)

    try:
        with raw_server(says) as url, holding(url, 3, terms=terms) as idle:
            opened, ended = split(settled(idle, 6))
            assert len(opened) == 3
            assert {failure.cause for failure in ended} == {"no heartbeat"}
            assert not threading.Event().wait(0.5)
            assert (idle.take(), idle.held.open, idle.held.lost) == ([], 0, 3)
            over.set()
    finally:
        over.set()


@pytest.mark.usefixtures("looks_often")
def test_who_gives_any_sign_of_life_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pings, pongs and messages that come before two heartbeats are over keep a connection from being lost."""
    # A machine that stands still would make a heartbeat out of it.
    monkeypatch.setattr(sockets.holding, "_AWAKE", 0.1)
    over, signs = threading.Event(), iter((sent(0x89), sent(0x8A), sent(0x81, b"event")))

    def says(connection: socket.socket, head: bytes) -> None:
        sign = next(signs)
        connection.sendall(agreement(head) + sent(0x81, b"0.5"))
        while not over.wait(0.3):
            connection.sendall(sign)

    with raw_server(says) as url, holding(url, 3, terms=Terms(promised=lambda _, text: {"0.5": 0.5}.get(text))) as idle:
        assert [sample.failure for sample in settled(idle, 3)] == [None] * 3
        assert not threading.Event().wait(1.5)
        assert (idle.take(), idle.held.open) == ([], 3)
        over.set()


@pytest.mark.usefixtures("looks_often")
def test_what_this_process_slept_through_is_nobodys_silence(clock: Clock) -> None:
    """A process that stood still for many heartbeats calls nobody silent for it."""

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head) + sent(0x81, b"5"))
        silent(connection, head)

    with raw_server(says) as url, holding(url, 1, terms=Terms(promised=lambda _, text: float(text))) as idle:
        settled(idle, 1)
        clock.ahead = 60.0
        assert not threading.Event().wait(0.5)
        assert (idle.take(), idle.held.open) == ([], 1)


def test_what_this_process_slept_through_is_no_time_out(clock: Clock) -> None:
    """A connection that is being opened has its time from when this process asked, as far as it was there to hear."""
    asked, answers = threading.Event(), threading.Event()

    def says(connection: socket.socket, head: bytes) -> None:
        asked.set()
        answers.wait(ENOUGH)
        connection.sendall(agreement(head))
        silent(connection, head)

    with raw_server(says) as url, holding(url, 1) as idle:
        assert asked.wait(ENOUGH)
        clock.ahead = 60.0
        assert not threading.Event().wait(0.3)
        answers.set()
        assert [sample.failure for sample in settled(idle, 1)] == [None]


@pytest.mark.usefixtures("looks_often")
def test_who_is_alive_and_deaf_is_lost_once() -> None:
    """A connection of which somebody knows that it missed what it had to hear is one more sample, and closed."""
    terms = Terms(deaf=lambda number, _: Failure("no messages") if number == 1 else None)

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head))
        silent(connection, head)

    with raw_server(says) as url, holding(url, 3, terms=terms) as idle:
        opened, ended = split(settled(idle, 4))
        assert (len(opened), [failure.cause for failure in ended]) == (3, ["no messages"])
        assert not threading.Event().wait(0.2)
        assert (idle.take(), idle.held.open, idle.held.lost) == ([], 2, 1)


@pytest.mark.usefixtures("looks_often")
def test_nobody_is_deaf_before_the_welcome() -> None:
    """What is not open yet has nothing to hear."""
    welcomes, asked = threading.Event(), threading.Event()

    def says(connection: socket.socket, head: bytes) -> None:
        connection.sendall(agreement(head))
        welcomes.wait(ENOUGH)
        connection.sendall(sent(0x81, b"60"))
        silent(connection, head)

    def deaf(_number: int, _now: float) -> None:
        asked.set()

    terms = Terms(heartbeat=60, promised=lambda _, text: float(text), welcome=ENOUGH, deaf=deaf)
    with raw_server(says) as url, holding(url, 1, terms=terms) as idle:
        eventually(lambda: idle.held.greeting, equals(1), within=ENOUGH, subject="greeting")
        assert not asked.wait(0.3)
        welcomes.set()
        settled(idle, 1)
        assert asked.wait(ENOUGH)


@pytest.mark.parametrize(
    ("opening", "silent_for", "causes"),
    [(None, 40.0, []), (None, 40.1, ["no heartbeat"]), (Handshake("host", "/"), 9000.0, [])],
)
def test_two_heartbeats_are_the_longest_silence(
    opening: Handshake | None, silent_for: float, causes: list[str]
) -> None:
    """As long as that it may be on its way; of who is not let in yet none was promised, however late in a run."""
    connection = Connection(0, 0.0, math.inf, opening, "5c4e", first=True)  # type: ignore[arg-type]
    assert [failure.cause for _, failure in lost([connection], silent_for, Terms(heartbeat=20.0))] == causes
