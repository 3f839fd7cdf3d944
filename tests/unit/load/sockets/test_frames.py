"""Frames: what one side writes the other reads, whatever the pieces; and nothing that is forbidden is taken."""

from itertools import accumulate

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Close, Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from loadtests.sockets import frames
from loadtests.sockets.frames import Closing, Message, Ping, Pong, Reader, Violation, closing, frame, masks
from tests.unit.load.sockets.server import cut, heard, open_server, places, read, said, sent

four_bytes = st.binary(min_size=4, max_size=4)
sizes = st.sampled_from([0, 1, 2, 3, 4, 5, 124, 125, 126, 127, 65535, 65536, 70001])
control = st.one_of(st.builds(Ping, st.binary(max_size=125)), st.builds(Pong, st.binary(max_size=125)))
close_codes = st.one_of(
    st.sampled_from([1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011]), st.integers(3000, 4999)
)


@given(st.sampled_from([Opcode.TEXT, Opcode.BINARY, Opcode.PING]), sizes, four_bytes, st.booleans())
def test_the_other_side_reads_what_is_written(opcode: Opcode, size: int, mask: bytes, fin: bool) -> None:  # noqa: FBT001
    """The server of another package reads every frame as it was meant, and would write it with as short a length."""
    if opcode is Opcode.PING:
        size, fin = min(size, 125), True
    payload = b"a" * size
    written = frame(opcode, payload, mask, fin=fin)
    (got,) = heard(open_server(), written)
    assert (got.opcode, got.data, got.fin) == (opcode, payload, fin)
    assert len(written) == len(got.serialize(mask=True))


@given(st.binary(max_size=300), four_bytes)
def test_a_mask_covers_each_byte(payload: bytes, mask: bytes) -> None:
    """Each byte of the payload is covered by the mask's byte of its turn, and the mask goes before them."""
    covered = bytes(byte ^ mask[turn % 4] for turn, byte in enumerate(payload))
    assert frame(frames.BINARY, payload, mask).endswith(mask + covered)


@given(st.text(max_size=60), st.integers(0, 250))
def test_the_quick_way_to_read_a_text_is_the_long_one(text: str, place: int) -> None:
    """A short text that comes whole, which is read by a way of its own, is what it is when it comes in two pieces."""
    data = sent(0x81, text.encode())
    assert read(data) == read(data, [1 + place % (len(data) - 1)]) == [text]


@given(close_codes, st.text(max_size=100))
@example(1000, "x" * 124)
@example(1000, "ü" * 62)
def test_the_other_side_reads_why_it_is_closed(code: int, reason: str) -> None:
    """A close frame carries its code and as much of its reason as has room in whole characters."""
    server = open_server()
    heard(server, closing(code, reason, b"mask"))
    assert server.close_rcvd is not None
    assert server.close_rcvd.code == code
    assert reason.startswith(server.close_rcvd.reason)
    assert server.close_rcvd.reason == reason or len(server.close_rcvd.reason.encode()) > 119


@pytest.mark.parametrize("code", [1004, 1005, 1006, 1015])
def test_a_code_that_is_never_sent_is_not_sent(code: int) -> None:
    """A close frame for a code that only describes has no code."""
    server = open_server()
    heard(server, closing(code, "no matter", b"mask"))
    assert server.close_rcvd is not None
    assert server.close_rcvd.code == 1005


@given(st.lists(st.one_of(st.text(max_size=300), st.binary(max_size=300), control), max_size=8), places)
def test_messages_arrive_whole_and_in_order(messages: list[Message], pieces: list[int]) -> None:
    """What the server of another package sends is read as it was sent, in whatever pieces it comes."""
    server = open_server()
    for message in messages:
        match message:
            case str():
                server.send_text(message.encode())
            case bytes():
                server.send_binary(message)
            case Ping():
                server.send_ping(message.payload)
            case Pong():
                server.send_pong(message.payload)
    assert read(said(server), pieces) == messages


@given(st.text(min_size=1, max_size=400), st.booleans(), places, places, st.lists(control, max_size=3))
def test_fragments_make_one_message(
    text: str,
    binary: bool,  # noqa: FBT001
    breaks: list[int],
    pieces: list[int],
    between: list[Ping | Pong],
) -> None:
    """A message in fragments is one message, and control frames between them come before it."""
    server = open_server()
    parts = list(cut(text.encode(), breaks))
    for number, part in enumerate(parts):
        send = server.send_continuation if number else server.send_binary if binary else server.send_text
        send(part, fin=number == len(parts) - 1)
        if number < len(parts) - 1:
            for message in between:
                (server.send_ping if isinstance(message, Ping) else server.send_pong)(message.payload)
    whole: Message = text.encode() if binary else text
    assert read(said(server), pieces) == [*between * (len(parts) - 1), whole]


@given(sizes, places)
@example(200, [3])
@example(200, [128])
@example(70_001, [9])
@example(70_001, [129])
def test_every_form_of_length_is_read(size: int, pieces: list[int]) -> None:
    """Lengths of seven, sixteen and sixty-four bits are read at and around their edges."""
    assert read(sent(0x81, b"a" * size) + sent(0x81, b"next"), pieces) == ["a" * size, "next"]


@given(close_codes, st.text(max_size=40), places)
def test_a_close_says_why(code: int, reason: str, pieces: list[int]) -> None:
    """Code and reason of a close frame are read; without them the code says that there was none."""
    assert read(sent(0x88, Close(code, reason).serialize()), pieces) == [Closing(code, reason)]
    assert read(sent(0x88)) == [Closing(1005, "")]


BAD = {
    "reserved bits set": sent(0xC1, b"x"),
    "masked by the server": sent(0x81, b"mask", second=0x80),
    "unknown opcode": sent(0x83, b"x"),
    "continuation of nothing": sent(0x80, b"x"),
    "message inside a message": sent(0x01, b"x") + sent(0x81, b"y"),
    "control frame malformed": sent(0x09, b"in fragments"),
    "close code not allowed": sent(0x88, (1006).to_bytes(2, "big")),
    "close reason is not UTF-8": sent(0x88, (1000).to_bytes(2, "big") + b"\xff"),
    "text is not UTF-8": sent(0x81, b"\xff"),
    "length not in its shortest form": sent(0x81, second=126, length=b"\x00\x7d"),
}


@pytest.mark.parametrize("why", BAD)
@given(places)
def test_what_is_forbidden_is_told(why: str, pieces: list[int]) -> None:
    """Each breach of the protocol is told by name after what was good, and what follows it is not read."""
    assert read(sent(0x81, b"good") + BAD[why] + sent(0x81, b"late"), pieces)[:1] == ["good"]
    violation = read(sent(0x81, b"good") + BAD[why] + sent(0x81, b"late"), pieces)[-1]
    assert isinstance(violation, Violation)
    assert (violation.why, violation.code) == (why, 1007 if "UTF-8" in why else 1002)


@pytest.mark.parametrize(
    "data",
    [
        sent(0x89, b"p" * 126),
        sent(0x88, b"1"),
        sent(0x88, (999).to_bytes(2, "big")),
        sent(0x88, (1004).to_bytes(2, "big")),
        sent(0x88, (1015).to_bytes(2, "big")),
        sent(0x88, (1016).to_bytes(2, "big")),
        sent(0x88, (2999).to_bytes(2, "big")),
        sent(0x88, (5000).to_bytes(2, "big")),
        sent(0x8B),
        sent(0x91, b"x"),
        sent(0xA1, b"x"),
        sent(0x01, b"\xc3") + sent(0x80, b"\x28"),
        sent(0x81, second=127, length=(65535).to_bytes(8, "big")),
        sent(0x81, second=127, length=b"\x80" + bytes(7)),
    ],
)
def test_no_breach_passes(data: bytes) -> None:
    """Control frames too long, codes outside their ranges, lengths too wide and text broken over fragments are told."""
    assert isinstance(read(data)[-1], Violation)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=6), places, st.sampled_from([frames.TEXT, frames.BINARY]))
@example([33], [], frames.TEXT)
@example([33], [], frames.BINARY)
@example([16, 16], [], frames.BINARY)
def test_no_message_above_the_limit_is_kept(parts: list[int], pieces: list[int], opcode: int) -> None:
    """A message above the limit is refused at the head of the frame that exceeds it, in one frame or in many."""
    data = b"".join(
        sent((0x80 if number == len(parts) - 1 else 0) | (0 if number else opcode), b"x" * size)
        for number, size in enumerate(parts)
    )
    got = read(data, pieces, largest=32)
    fits = all(total <= 32 for total in accumulate(parts))
    whole = b"x" * sum(parts)
    kept = whole.decode() if opcode == frames.TEXT else whole
    assert got == ([kept] if fits else [Violation(frames.TOO_LARGE, "message too large")])


def test_a_head_is_enough_to_refuse() -> None:
    """A length beyond the limit is refused before a byte of it has come."""
    assert Reader(1024).feed(sent(0x82, second=127, length=(1 << 40).to_bytes(8, "big"))) == [
        Violation(frames.TOO_LARGE, "message too large")
    ]


@given(st.binary(max_size=200), places)
def test_rubbish_never_raises(rubbish: bytes, pieces: list[int]) -> None:
    """Whatever bytes come, they are messages, a violation, or not whole."""
    whole = read(rubbish)
    assert read(rubbish, pieces) == whole


def meant(data: bytes) -> tuple[list[Message], bool]:
    """What the client of another package makes of frames, and whether one of them breaks the protocol."""
    client = ClientProtocol(parse_uri("ws://h/"), state=State.OPEN, max_size=None)
    client.receive_data(data)
    messages, parts, kind = list[Message](), list[bytes](), None
    for got in client.events_received():
        assert isinstance(got, Frame)
        payload = bytes(got.data)
        match got.opcode:
            case Opcode.PING:
                messages.append(Ping(payload))
            case Opcode.PONG:
                messages.append(Pong(payload))
            case Opcode.TEXT | Opcode.BINARY | Opcode.CONT:
                kind = kind or got.opcode
                parts.append(payload)
        if parts and got.fin and got.opcode < Opcode.CLOSE:
            whole, of = b"".join(parts), kind
            parts, kind = [], None
            try:
                messages.append(whole if of is Opcode.BINARY else whole.decode())
            except UnicodeDecodeError:
                return messages, True
    if client.close_rcvd is not None:
        # That package takes none inside a message, where RFC 6455, 5.4, has control frames come.
        return [*messages, Closing(int(client.close_rcvd.code), client.close_rcvd.reason)], False
    return messages, client.parser_exc is not None


payloads = st.one_of(
    st.text(max_size=40).map(str.encode),
    st.binary(max_size=150),
    st.builds(
        lambda code, reason: code.to_bytes(2, "big") + reason,
        st.one_of(st.integers(990, 1020), st.integers(2990, 3010), st.integers(4990, 5010)),
        st.sampled_from([b"", b"over", b"\xff"]),
    ),
)
any_frames = st.lists(
    st.builds(
        sent,
        st.one_of(st.sampled_from([0x00, 0x01, 0x02, 0x80, 0x81, 0x82, 0x88, 0x89, 0x8A]), st.integers(0, 255)),
        payloads,
        second=st.sampled_from([0] * 12 + [0x80]),
    ),
    max_size=8,
)


@given(any_frames, places)
@example([sent(0x01, b"be"), sent(0x81, b"gin")], [])
@example([sent(0x01, b"be"), sent(0x80, b"gin"), sent(0x81, b"next")], [])
@example([sent(0x88), sent(0x81, b"late")], [])
def test_frames_mean_what_they_mean_to_others(came: list[bytes], pieces: list[int]) -> None:
    """Any frames, good or not, in one piece, each by itself or cut anywhere, are what another package makes of them."""
    messages, breach = meant(b"".join(came))
    for places_of_cuts in (pieces, [], list(accumulate(map(len, came)))):
        got = read(b"".join(came), places_of_cuts)
        assert [one for one in got if not isinstance(one, Violation)] == messages
        assert any(isinstance(one, Violation) for one in got) is breach


def test_masks_are_not_foretold() -> None:
    """No mask is like the one before, also where a new block of random bytes begins."""
    mask = masks()
    drawn = [mask() for _ in range(3000)]
    assert {len(one) for one in drawn} == {4}
    assert len(set(drawn)) > 2990
