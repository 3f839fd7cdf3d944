"""Reading answers: whatever pieces they come in, however their end is told, and what is not one."""

import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.http1.answers import LARGEST_HEAD, Answers
from fixtures.http1.errors import NotHttpError, TooLargeError

LARGEST = 100_000
CUTS = st.lists(st.integers(0, 2000), max_size=8)
BODIES = st.binary(max_size=300) | st.just(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
INTERIM = st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"])


def pieces(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    edges = [0, *sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges) if start < end]


def chunked(body: bytes, cuts: Iterable[int]) -> bytes:
    parts = [b"%x;name=value\r\n%b\r\n" % (len(part), part) for part in pieces(body, cuts)]
    return b"".join(parts) + b"0\r\nTrailer: no header\r\n\r\n"


def fed(data: Iterable[bytes], *, head_only: bool = False, largest: int = LARGEST) -> Answers:
    answers = Answers(largest, head_only=head_only)
    for piece in data:
        if answers.feed(piece):
            break
    return answers


@given(BODIES, INTERIM, CUTS, CUTS, st.sampled_from(["length", "chunks", "end"]), st.integers(200, 599))
def test_an_answer_is_the_same_in_any_pieces(  # noqa: PLR0913, PLR0917 - each is drawn
    body: bytes, interim: bytes, cuts: list[int], chunks: list[int], way: str, status: int
) -> None:
    """However it is cut and however its end is told, an answer is read as what was sent."""
    body = b"" if status in {204, 304} else body
    framing, wire = {
        "length": (b"Content-Length: %d\r\n" % len(body), body),
        "chunks": (b"Transfer-Encoding: chunked\r\n", chunked(body, chunks)),
        "end": (b"", body),
    }[way]
    wire = b"" if status in {204, 304} else wire
    head = b"HTTP/1.1 %d Something\r\nContent-Type: text/plain\r\nvary: a\r\nvary: b\r\n%b\r\n" % (status, framing)
    answers = fed(pieces(interim + head + wire, cuts))
    if way == "end" and status not in {204, 304}:
        assert not answers.complete
        assert answers.end()
        assert not answers.reusable
    assert (answers.complete, answers.status, answers.body) == (True, status, body)
    assert answers.says(b"\r\nContent-Type: text/plain\r\n")
    assert answers.headers["Vary"] == "a, b"
    assert b"trailer" not in answers.fields


@given(st.lists(st.tuples(BODIES, CUTS), min_size=1, max_size=5))
def test_one_reader_serves_many_answers(bodies: list[tuple[bytes, list[int]]]) -> None:
    """After a complete answer the next one is read as if it were the first."""
    answers = Answers(LARGEST)
    for body, cuts in bodies:
        answers.begin()
        for piece in pieces(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body, cuts), cuts):
            complete = answers.feed(piece)
        assert complete
        assert answers.reusable
        assert answers.body == body


@given(st.binary(min_size=1, max_size=200), CUTS)
def test_anything_else_is_refused_or_waited_for(data: bytes, cuts: list[int]) -> None:
    """Bytes that are no answer are `NotHttpError`, or no end of an answer yet, and nothing else."""
    answers = Answers(LARGEST)
    try:
        for piece in pieces(data, cuts):
            answers.feed(piece)
    except NotHttpError:
        assert not answers.complete
    else:
        assert not answers.end()


@pytest.mark.parametrize("extra", [b"HTTP/1.1 20", b"garbage", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"])
@pytest.mark.parametrize("connection", [b"keep-alive", b"close"])
def test_what_follows_an_answer_ends_its_connection(extra: bytes, connection: bytes) -> None:
    """An answer that is followed by what nobody asked for stands, and its connection is used no more."""
    answers = fed([b"HTTP/1.1 200 OK\r\nConnection: %b\r\nContent-Length: 2\r\n\r\nok%b" % (connection, extra)])
    assert (answers.complete, answers.body, answers.reusable) == (True, b"ok", False)


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\nConnection: close\r\n", b"HTTP/1.0 200 OK\r\n", b"HTTP/1.1 200 OK\r\n"]
)
def test_a_farewell_is_understood(head: bytes) -> None:
    """A connection is used again only after an answer of HTTP/1.1 that does not close it."""
    answers = fed([head + b"Content-Length: 0\r\n\r\n"])
    assert answers.complete
    assert answers.reusable is (head == b"HTTP/1.1 200 OK\r\n")


@given(CUTS, st.sampled_from([b"Content-Length: 5000", b"Content-Length: 0", b"Transfer-Encoding: chunked"]))
def test_an_answer_to_head_ends_with_its_head(cuts: list[int], framing: bytes) -> None:
    """Whatever length the head states, no body is waited for, interim answers are passed over, and no other follows."""
    data = b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n%b\r\nA: b\r\n\r\n" % framing
    answers = fed(pieces(data, cuts), head_only=True)
    assert (answers.complete, answers.status, answers.body, answers.reusable) == (True, 200, b"", False)
    assert answers.fields[b"a"] == b"b"


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"\r\n\r\n",
        b"",
    ],
)
def test_a_cut_answer_is_none(data: bytes) -> None:
    """The end of the connection completes only an answer whose end is told by it."""
    answers = fed([data] if data else [])
    assert not answers.complete
    assert not answers.end()


@given(
    st.integers(LARGEST - 100, 1 << 63),
    CUTS,
    st.sampled_from(["Content-Length: ", "content-length:", "CONTENT-LENGTH:\t"]),
)
def test_an_answer_that_announces_too_much_is_not_waited_for(length: int, cuts: list[int], name: str) -> None:
    """It is refused when its body begins, so that a thousand such answers at once hold next to nothing."""
    data = f"HTTP/1.1 200 OK\r\nA: b\r\n{name}{length}\r\n\r\nx".encode()
    if length <= LARGEST:
        assert not fed(pieces(data, cuts)).complete
    else:
        with pytest.raises(TooLargeError, match=f"^{length} bytes are announced$"):
            fed(pieces(data, cuts))


def test_a_length_in_a_body_announces_nothing() -> None:
    """Only the head says how long an answer is, however much of the body came with it."""
    body = b"\r\nContent-Length: %d\r\n" % (2 * LARGEST)
    data = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body, ())
    assert fed(pieces(data, [len(data) - 3])).body == body


def test_nothing_grows_without_end() -> None:
    """A head or a body without end is refused as soon as it is larger than what is wanted."""
    with pytest.raises(TooLargeError, match=f"^{LARGEST_HEAD + 17} bytes came"):
        fed(itertools.chain([b"HTTP/1.1 200 OK\r\n"], itertools.repeat(b"A" * 64)), largest=10 * LARGEST_HEAD)
    with pytest.raises(TooLargeError):
        fed(itertools.chain([b"HTTP/1.1 200 OK\r\n\r\n"], itertools.repeat(b"x" * 1000)))
    long = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with pytest.raises(TooLargeError):
        fed(itertools.chain([long], itertools.repeat(b"1\r\nx\r\n" * 100)))


def test_a_body_may_be_as_large_as_is_allowed() -> None:
    """The limit of a head is none of a body: what comes in pieces is read until all of it is too large."""
    body = b"x" * (LARGEST - 100)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert fed(pieces(head + body, range(0, LARGEST, 999))).body == body


def test_switching_protocols_is_no_answer() -> None:
    """Nobody asked for another protocol, so 101 is not HTTP."""
    with pytest.raises(NotHttpError):
        fed([b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"])


@given(CUTS)
def test_fields_are_found_however_they_are_spelt(cuts: list[int]) -> None:
    """The name of a field is found in any case and with any blanks, in the head alone, and None if it is not there."""
    data = b"\r\nHTTP/1.1 200 OK\r\nX-SERVED-BY:a \r\ncontent-type:\t b\r\nDate: c\r\n"
    data += b"Content-Length: 12\r\n\r\n\r\nOther: x\r\n"
    answers = fed(pieces(data, cuts))
    found = [answers.fields.get(name) for name in (b"x-served-by", b"content-type", b"date", b"other")]
    assert found == [b"a", b"b", b"c", None]
    assert answers.body == b"\r\nOther: x\r\n"
    lines = (b"\r\nDate: c\r\n", b"\r\nContent-Length: 12\r\n", b"\r\nDate: \r\n", b"\r\nOther: x\r\n")
    assert [answers.says(line) for line in lines] == [True, True, False, False]
