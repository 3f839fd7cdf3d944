"""Websocket frames and HTTP messages: what was read is what is written."""

import asyncio
import copy

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fixtures.sandbox.faults.mangler.frames import Frame, close_frame, read_frame
from fixtures.sandbox.faults.mangler.messages import Message, read_body, read_head
from fixtures.sandbox.faults.mangler.rules import Delay, Frames, Respond, Rules, put
from fixtures.sandbox.faults.mangler.sockets import FrameEditor

NOWHERE = object()


def reader(content: bytes) -> asyncio.StreamReader:
    made = asyncio.StreamReader()
    made.feed_data(content)
    made.feed_eof()
    return made


@given(
    st.sampled_from([0, 1, 2, 8, 9, 10]),
    st.one_of(st.binary(max_size=300), st.integers(65_530, 65_540).map(bytes)),
    st.booleans(),
    st.booleans(),
    st.integers(0, 7),
)
@example(opcode=1, payload=bytes(125), masked=False, final=True, reserved=0)
@example(opcode=1, payload=bytes(126), masked=False, final=True, reserved=0)
@example(opcode=1, payload=bytes(65_535), masked=True, final=True, reserved=4)
@example(opcode=1, payload=bytes(65_536), masked=True, final=True, reserved=4)
def test_frames_survive_the_wire(opcode: int, payload: bytes, masked: bool, final: bool, reserved: int) -> None:  # noqa: FBT001
    """A frame that was written is read as it was, masked or not, of any length."""
    frame = Frame(opcode, payload, masked, final, reserved)

    async def roundtrip() -> Frame | None:
        return await read_frame(reader(frame.encode()))

    assert asyncio.run(roundtrip()) == frame


def test_a_stream_that_breaks_off_has_no_frame() -> None:
    """The end of a stream within a frame is the end, not half a frame."""

    async def ended() -> Frame | None:
        return await read_frame(reader(close_frame(1000, masked=True).encode()[:-1]))

    assert asyncio.run(ended()) is None


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=8))
def test_bodies_in_chunks_are_read_whole(pieces: list[bytes]) -> None:
    """A body in chunks is the same as a body with a length."""
    head = Message(b"HTTP/1.1 200 OK", ((b"Transfer-Encoding", b"chunked"),))
    wire = b"".join(b"%x;ext=1\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\nTrailer: x\r\n\r\n"

    async def whole() -> bytes:
        stream = reader(head.head() + wire)
        got = await read_head(stream)
        assert got == head
        return await read_body(stream, got, until_end=False)

    assert asyncio.run(whole()) == b"".join(pieces)


def test_a_body_without_a_length_goes_to_the_end_of_an_answer_and_is_none_of_a_request() -> None:
    """As RFC 9112, 6.3 has it: who asks goes on to wait for the answer."""

    async def read(*, until_end: bool) -> bytes:
        return await read_body(reader(b"rest"), Message(b"HTTP/1.1 200 OK"), until_end=until_end)

    assert asyncio.run(read(until_end=True)) == b"rest"
    assert asyncio.run(read(until_end=False)) == b""


@pytest.mark.parametrize("raw", [b"garbage\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n"])
def test_what_is_no_http_is_refused(raw: bytes) -> None:
    """A head that is none raises ValueError and nothing else."""

    async def read() -> Message | None:
        return await read_head(reader(raw))

    with pytest.raises(ValueError, match="no "):
        asyncio.run(read())


@given(st.lists(st.text(max_size=20), max_size=20), st.sampled_from(["lose", "double", "swap", "replace", "after"]))
def test_an_editor_leaves_alone_what_does_not_match(texts: list[str], what: str) -> None:
    """Frames that a rule is not about are carried as they came, in their order."""
    editor = FrameEditor(Frames(what=what, pattern="\x00never\x00"))  # type: ignore[arg-type]
    frames = [Frame(1, text.encode(), masked=False) for text in texts]
    assert [carried for frame in frames for carried in editor.edit(frame)] == frames


@pytest.mark.parametrize("what", ["lose", "double", "swap", "replace", "after"])
def test_an_editor_changes_whole_texts_alone(what: str) -> None:
    """Pings, pongs, ends, bytes and pieces are carried as they came, whatever is in them."""
    editor = FrameEditor(Frames(what=what, pattern="", text="x"))  # type: ignore[arg-type]
    others = [Frame(opcode, b"m", masked=True) for opcode in (2, 8, 9, 10)] + [Frame(1, b"m", masked=True, final=False)]
    assert [carried for frame in others for carried in editor.edit(frame)] == others
    assert editor.edit(Frame(1, b"m", masked=True)) != [Frame(1, b"m", masked=True)]


def test_a_changed_body_has_one_length() -> None:
    """What came in chunks, or had another length, is framed by its new length alone."""
    former = ((b"Transfer-Encoding", b"chunked"), (b"Content-Length", b"7"), (b"X", b"y"))
    changed = Message(b"HTTP/1.1 200 OK", former, b"former").with_body(b"new")
    assert changed.headers == ((b"X", b"y"), (b"content-length", b"3"))
    assert changed.header(b"content-length") == b"3"
    assert Message(b"GET / HTTP/1.1", ((b"Upgrade", b"WebSocket"),)).upgrades


@given(st.lists(st.integers(0, 9), max_size=30), st.integers(1, 5))
def test_swapping_loses_and_doubles_nothing_but_the_last(numbers: list[int], every: int) -> None:
    """Reordering keeps every frame once, but for one that still waits for its successor."""
    editor = FrameEditor(Frames(what="swap", pattern="", every=every))
    frames = [Frame(1, str(number).encode(), masked=False) for number in numbers]
    carried = [frame for given_ in frames for frame in editor.edit(given_)]
    assert len(carried) in {len(frames), len(frames) - 1}
    left = sorted(frame.payload for frame in frames)
    for frame in carried:
        left.remove(frame.payload)
    assert len(left) == len(frames) - len(carried)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    ),
    st.lists(st.text(max_size=5), max_size=4),
)
@example(document=[[]], steps=["\N{SUPERSCRIPT TWO}", "0"])
def test_a_pointer_that_leads_nowhere_changes_nothing_and_never_fails(document: object, steps: list[str]) -> None:
    """Setting a member by pointer works on any JSON: where there is no place for it nothing happens."""
    before = copy.deepcopy(document)
    pointer = "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)
    put(document, pointer, "new")
    place = _at(before, steps[:-1])
    if steps and (isinstance(place, dict) or (isinstance(place, list) and _at(place, steps[-1:]) is not NOWHERE)):
        assert _at(document, steps) == "new"
    else:
        assert document == before


def _at(document: object, steps: list[str]) -> object:
    for step in steps:
        if isinstance(document, dict):
            document = document.get(step, NOWHERE)
        elif isinstance(document, list) and step.isdecimal() and int(step) < len(document):
            document = document[int(step)]
        else:
            return NOWHERE
    return document


def test_a_pointer_sets_members_and_elements() -> None:
    """RFC 6901: members, elements, escaped names."""
    document = {"a": [{"b/c": 1}], "d": {}, "~1": 1}
    for pointer in ("/a/0/b~1c", "/d/e", "/a/7/x", "/q/r", "/~01"):
        put(document, pointer, 2)
    assert document == {"a": [{"b/c": 2}], "d": {"e": 2}, "~1": 2}


def test_a_rule_is_for_its_method_and_for_what_its_path_is_found_in() -> None:
    """The first that matches is applied, and what is no rule's business is counted by none."""
    posts, second = Respond(path="/messages$", method="POST", status=500, every=2), Delay(path="^/v1/", seconds=1)
    rules = Rules((posts, second))
    asked = [("GET", "/v1/messages"), ("POST", "/v2/messages"), ("GET", "/v2/messages"), ("POST", "/v1/messages")]
    assert [rules.of(*one) for one in asked] == [second, None, None, posts]


def test_an_editor_begins_when_its_connection_is_old_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until then every frame is carried as it came."""
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    editor, frame = FrameEditor(Frames(what="lose", pattern="m", since=5.0)), Frame(1, b"m", masked=False)
    now = 104.9
    assert editor.edit(frame) == [frame]
    now = 105.0
    assert editor.edit(frame) == []
