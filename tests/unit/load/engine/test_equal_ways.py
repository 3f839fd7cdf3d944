"""The fast ways to read and the general one agree, whatever comes and in whatever pieces."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import ssl
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fixtures.http1.answers import Answers
from fixtures.http1.errors import NotHttpError, TooLargeError
from loadtests.counts import Counts
from loadtests.engine.connection import Connection
from loadtests.engine.plan import Plan
from loadtests.engine.recording import Ledger, Recorder
from loadtests.engine.tls import TlsConnection
from loadtests.engine.watch import Sighting, Watch
from loadtests.instances import instance_of
from loadtests.said import Said
from tests.unit.load.engine.server import OK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LARGEST = 300
WAITED = 1000.0
"""Seconds since the intended start of each request when its answer comes."""
SLOW = 1.0
NAMES = st.sampled_from([b"Content-Length", b"content-length", b"CONTENT-LENGTH"])
BODIES = (
    st.binary(max_size=40) | st.just(b"x" * (LARGEST + 1)) | st.just(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
)
SERVED = b'X-Served-By: chat;slot=blue;build="1";instance="a"'
EXTRAS = st.lists(
    st.sampled_from(
        [
            b"Connection: close",
            b"Connection: keep-alive",
            b"Date: Wed, 25 Nov 2026 10:00:00 GMT",
            SERVED,
            b'x-served-by: chat;slot=green;build="1";instance="b"',
            b'X-SERVED-BY: chat;slot=green;build="2";instance="c"',
            b"Upgrade: h2c",
        ]
    ),
    max_size=3,
    unique=True,
)
FIRST_LINES = st.sampled_from(
    [
        b"HTTP/1.1 200 OK",
        b"HTTP/1.1 200",
        b"HTTP/1.0 200 OK",
        b"HTTP/1.1 503 No",
        b"HTTP/1.1 204 None",
        b"HTTP/1.1 304 Same",
    ]
)
INTERIM = st.sampled_from([b"", b"", b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Hints\r\nLink: x\r\n\r\n"])
GIVEN = OK.replace(b"\r\n\r\n", b"\r\n" + SERVED + b"\r\n\r\n")
GIVEN_IN_TWO_LINES = GIVEN.replace(b";instance", b"\r\nX-Served-By: ;instance")
SAID_BY_ITS_BODY = b"HTTP/1.1 503 No\r\nContent-Length: %d\r\n\r\n\r\n%b\r\n" % (len(SERVED) + 4, SERVED)
HOLDS_ANOTHER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(OK)
"""The head of an answer whose body looks like an answer."""
TAILS = st.sampled_from([b"", b"", b"", b"\r\n", b"HTT", b"garbage", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """One answer, well framed or nearly so, with what may come before and after it."""
    body, head = draw(BODIES), [draw(FIRST_LINES), *draw(EXTRAS)]
    match draw(st.sampled_from(["length", "length", "chunked", "end", "too long", "both"])):
        case "length":
            head.append(draw(NAMES) + b": %d" % len(body))
        case "chunked":
            head.append(b"Transfer-Encoding: chunked")
            half = len(body) // 2
            pieces = [piece for piece in (body[:half], body[half:]) if piece]
            body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        case "too long":
            head.append(draw(NAMES) + b": %d" % (len(body) + 3))
        case "both":
            head += [draw(NAMES) + b": %d" % len(body), b"Transfer-Encoding: chunked"]
    return draw(INTERIM) + b"\r\n".join(head) + b"\r\n\r\n" + body + draw(TAILS)


def pieces(data: bytes, cuts: list[int]) -> Iterator[bytes]:
    """`data` in pieces, none of them empty."""
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return (data[start:end] for start, end in itertools.pairwise(edges))


@dataclass
class Wire:
    """A transport and an owner that only remember."""

    aborted: bool = False
    freed_times: int = 0
    repeated: list[float] = field(default_factory=list)
    written: list[bytes] = field(default_factory=list)

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def get_extra_info(self, _name: str) -> Wire:
        return self

    def fileno(self) -> int:
        return -1

    def abort(self) -> None:
        self.aborted = True

    def freed(self, _connection: Connection, _now: float) -> None:
        self.freed_times += 1

    def lost(self, _connection: Connection) -> None:
        pass

    def again(self, since: float) -> None:
        self.repeated.append(since)


@dataclass
class Bench:
    """A connection on a wire of ours, and what it counts."""

    check: bool
    counts: Counts = field(default_factory=lambda: Counts((SLOW,)))
    wire: Wire = field(default_factory=Wire)
    bodies: list[tuple[int, bytes]] = field(default_factory=list)
    given: Said[tuple[str, float | None, str]] = field(default_factory=Said)
    """Who gave the last answer."""
    sightings: list[Sighting] = field(default_factory=list)

    def __post_init__(self) -> None:
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(self._make())
        finally:
            loop.close()

    async def _make(self) -> None:
        self.recorder = Recorder("s", Ledger(self.counts, threading.Lock()))
        plan = Plan("s", b"request", check=self._keep if self.check else None)
        self.watch = Watch(self.sightings.append, "s")
        self.connection = self.new(plan)
        self.connection.connection_made(self.wire)  # type: ignore[arg-type]

    def new(self, plan: Plan) -> Connection:
        return Connection(plan, LARGEST, self.recorder, self.watch, self.wire)

    def arrive(self, given_pieces: list[bytes], *, ends: bool) -> None:
        for piece in given_pieces:
            if self.connection.usable:
                self.connection.data_received(piece)
        if ends and self.connection.usable:
            self.connection.eof_received()

    def _keep(self, status: int, body: bytes) -> None:
        self.bodies.append((status, body))

    def outcome(self, given_pieces: list[bytes], *, ends: bool) -> tuple[str, bool, list[tuple[int, bytes]]]:
        """What one request came to: cause, whether the connection goes on, and bodies of good answers."""
        self.bodies.clear()
        self.wire.freed_times = 0
        self.recorder.border, self.recorder._second = 0.0, 0  # the second of the last sample is over
        asked = time.perf_counter() - WAITED
        self.connection.send(asked, asked)
        self.arrive(given_pieces, ends=ends)
        self.recorder.settle()
        before = self.counts.take()
        self.given = before.instances
        assert 0 not in before.tally("s").seconds()
        latency = before.tally("s").latencies.quantile(1) or WAITED
        assert 0.99 * WAITED < latency < 2 * WAITED
        assert before.tally("s").requests == (0 if self.connection.busy else 1)
        assert before.tally("s").failed == before.causes.total() <= 1
        cause = next((cause for _, cause in before.causes), "")
        return "waits" if self.connection.busy else cause, self.connection.usable, list(self.bodies)


@dataclass(kw_only=True)
class SecureBench(Bench):
    """The same over TLS: each piece is a record, and all of them arrive together, with `behind` after them."""

    certificates: Path
    behind: bytes = b""

    def __post_init__(self) -> None:
        self.context = ssl.create_default_context(cafile=str(self.certificates / "ca.pem"))
        self.host = self.server_name = "127.0.0.1"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificates / "server.pem", self.certificates / "server.key")
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        super().__post_init__()
        for _ in range(2):
            self._incoming.write(b"".join(self.wire.written))
            self.wire.written.clear()
            with contextlib.suppress(ssl.SSLWantReadError):
                self._tls.do_handshake()
            self.connection.data_received(self._outgoing.read())
        assert self.connection.usable

    def new(self, plan: Plan) -> Connection:
        return TlsConnection(plan, LARGEST, self.recorder, self.watch, self.wire, self)

    @property
    def port(self) -> int:
        raise NotImplementedError

    def arrive(self, given_pieces: list[bytes], *, ends: bool) -> None:
        for piece in given_pieces:
            self._tls.write(piece)
        if ends:
            with contextlib.suppress(ssl.SSLWantReadError):
                self._tls.unwrap()
        self.connection.data_received(self._outgoing.read() + self.behind)


def judged(data: bytes, *, ends: bool) -> tuple[str, bool, tuple[int, bytes] | None]:
    """The same by the general reader alone, given all at once."""
    reader = Answers(LARGEST)
    try:
        complete = reader.feed(data) or (ends and reader.end())
    except NotHttpError:
        return "not HTTP", False, None
    except TooLargeError:
        return "answer too large", False, None
    if not complete:
        return ("cut off" if data else "closed without an answer", False, None) if ends else ("waits", True, None)
    if reader.status != 200:
        return f"status {reader.status}", reader.reusable, None
    return "", reader.reusable, (reader.status, reader.body)


def given_by(data: bytes, *, ends: bool) -> Counter[tuple[str, float | None, str]]:
    """Who gave an answer that is slow, and maybe no good one, by the general reader alone."""
    reader = Answers(LARGEST)
    with contextlib.suppress(NotHttpError, TooLargeError):
        who = instance_of(reader.headers.get("X-Served-By", "")) if reader.feed(data) or (ends and reader.end()) else ""
        return Counter({("s", bad, who): 1 for bad in ({None, SLOW} if reader.status != 200 else {SLOW}) if who})
    return Counter()


@given(answers(), st.lists(st.integers(0, 400), max_size=6), st.booleans(), st.booleans())
@example(data=OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), cuts=[], check=True, ends=True)
@example(data=OK + b"HTT", cuts=[], check=True, ends=False)
@example(data=OK + b"garbage", cuts=[], check=True, ends=False)
@example(data=b"HTTP/1.1 100 Continue\r\n\r\n" + OK, cuts=[25], check=True, ends=False)
@example(data=HOLDS_ANOTHER + OK, cuts=[len(HOLDS_ANOTHER)], check=True, ends=False)
@example(data=GIVEN, cuts=[], check=True, ends=False)
@example(data=b"\r\n\r\n" + GIVEN, cuts=[], check=True, ends=False)
@example(data=GIVEN_IN_TWO_LINES, cuts=[], check=True, ends=False)
@example(data=SAID_BY_ITS_BODY, cuts=[], check=True, ends=False)
def test_pieces_change_nothing(data: bytes, cuts: list[int], check: bool, ends: bool) -> None:  # noqa: FBT001
    """An answer is judged alike in one piece and in many, by the fast way and by the general one."""
    bench = Bench(check)
    cause, goes_on, bodies = bench.outcome(list(pieces(data, cuts)), ends=ends)
    expected, reusable, good = judged(data, ends=ends)
    if "answer too large" in {cause, expected}:
        # Where a piece ends decides whether the end of what is too large is seen at all.
        return
    assert cause == expected
    assert bench.given == given_by(data, ends=ends)
    if check:
        assert bodies == ([good] if good else [])
    if not cuts:
        assert goes_on == (reusable or expected == "waits") or ends


@given(answers(), st.lists(st.integers(0, 400), max_size=6), st.booleans(), st.booleans())
@example(data=OK, cuts=[], check=True, ends=True)
@example(data=OK + OK, cuts=[len(OK)], check=True, ends=False)
def test_records_change_nothing(certificates: Path, data: bytes, cuts: list[int], check: bool, ends: bool) -> None:  # noqa: FBT001
    """What comes together is judged as on a plain connection, and none of it answers what was not yet asked."""
    plain, secure = Bench(check), SecureBench(check, certificates=certificates)
    assert secure.outcome(list(pieces(data, cuts)), ends=ends) == plain.outcome([data], ends=ends)
    assert secure.given == plain.given
    if not ends:  # else the general reader, which has both of a header that came twice
        assert [s.value for s in secure.sightings] == [s.value for s in plain.sightings]
    assert secure.wire.freed_times == (0 if ends else plain.wire.freed_times)


@pytest.mark.parametrize(("answer", "cause"), [(OK, ""), (OK[:-1], "TLS"), (b"HTTP/1.1 200 OK\r\n\r\nok", "TLS")])
def test_what_is_no_record_spoils_only_what_is_not_complete(certificates: Path, answer: bytes, cause: str) -> None:
    """An answer stands, whatever comes behind it; then the connection is used no more."""
    bench = SecureBench(check=True, certificates=certificates, behind=b"no record of TLS")
    found = bench.outcome([answer[:9], answer[9:]], ends=False)
    assert found == (cause, False, [] if cause else [(200, b"ok")])
    assert (bench.wire.freed_times, bench.wire.aborted) == (0, True)


@example(known=[b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n\r\n"], order=[0, 0], check=True)
@given(st.lists(answers(), min_size=1, max_size=6), st.lists(st.integers(0, 5), min_size=1, max_size=12), st.booleans())
def test_a_familiar_head_changes_nothing(known: list[bytes], order: list[int], check: bool) -> None:  # noqa: FBT001
    """A connection that recognises heads judges a sequence of answers as one that parses each."""
    quick, thorough = Bench(check), Bench(check)
    for index in order:
        data = known[index % len(known)]
        quick.watch.familiar._again = 0.0
        thorough.watch.familiar.forget()
        outcome = quick.outcome([data], ends=False)
        assert outcome == thorough.outcome([data], ends=False)
        assert quick.given == thorough.given
        if not quick.connection.usable or outcome[0] == "waits":
            break
    assert [s.value for s in quick.sightings] == [s.value for s in thorough.sightings]


@given(st.binary(max_size=80), st.lists(st.integers(0, 80), max_size=4))
def test_no_bytes_break_it(data: bytes, cuts: list[int]) -> None:
    """Whatever comes, the request is waiting, good or failed, and never anything else."""
    bench = Bench(check=True)
    cause, _, bodies = bench.outcome(list(pieces(data, cuts)), ends=False)
    assert cause in {"", "waits", "not HTTP", "answer too large"} or cause.startswith("status ")
    assert bool(bodies) == (not cause)


@pytest.mark.parametrize("unasked", [OK, OK.replace(b"ok", b"no, no").replace(b"2\r", b"6\r"), b"HTT"])
def test_what_nobody_asked_for_answers_nobody(unasked: bytes) -> None:
    """Between two requests not even a good answer is counted, or left there for who asks next."""
    bench = Bench(check=True)
    assert bench.outcome([OK], ends=False) == ("", True, [(200, b"ok")])
    bench.connection.data_received(unasked)
    bench.recorder.settle()
    assert not bench.counts.tallies
    assert (bench.wire.freed_times, bench.wire.aborted, bench.connection.usable) == (1, True, False)


def test_a_repeated_head_is_recognised() -> None:
    """The second of two answers with one head is not parsed."""
    bench = Bench(check=True)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
    assert bench.outcome([answer + b"ok"], ends=False) == ("", True, [(200, b"ok")])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench.connection, "_whole", None)
        assert bench.outcome([answer + b"no"], ends=False) == ("", True, [(200, b"no")])
