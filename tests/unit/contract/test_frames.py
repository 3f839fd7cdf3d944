"""The frames in code say what the AsyncAPI documents say."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fixtures.contract import documents, frames
from fixtures.contract.errors import UnexpectedFrame
from fixtures.contract.frames import ClientFrame, Event, read_call, read_social, write
from tests.conformance import errors
from tests.unit.contract.instances import (
    Json,
    described,
    fields,
    instances,
    mistyped,
    normal,
    with_unknown_fields,
    without,
)

few = settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow])
Reader = Callable[[str | bytes], Any]
SOCKETS: list[tuple[str, Reader]] = [
    ("websocket-signaling-socket", read_social),
    ("video-call-signaling-socket", read_call),
]
READERS = [
    pytest.param(read, schema, id=f"{name}-{message}")
    for name, read in SOCKETS
    for message, schema in documents.messages(name, "send").items()
]
WRITTEN = [
    pytest.param(schema, id=f"{name}-{message}")
    for name, _ in SOCKETS
    for message, schema in documents.messages(name, "receive").items()
]


def text(value: Json) -> str:
    return msgspec.json.encode(value).decode()


@pytest.mark.parametrize(("read", "schema"), READERS)
@few
@given(data=st.data())
def test_documented_frames_are_read_whole(read: Reader, schema: Json, data: st.DataObject) -> None:
    """Every frame that the document lets a server send can be read, and no field of it is lost."""
    value = data.draw(instances(schema))
    frame = read(text(value))
    assert normal(msgspec.json.decode(msgspec.json.encode(frame))) == normal(value)
    if isinstance(frame, Event):
        assert frame.event in frames.EVENT_DATA
        assert normal(msgspec.json.decode(msgspec.json.encode(frames.payload(frame)))) == normal(value["data"])


@pytest.mark.parametrize(("read", "schema"), READERS)
@few
@given(data=st.data())
def test_unknown_fields_are_tolerated(read: Reader, schema: Json, data: st.DataObject) -> None:
    """Fields of a later version change nothing of what a frame says."""
    value = data.draw(instances(schema))
    richer, plain = read(text(with_unknown_fields(schema, value))), read(text(value))
    if isinstance(plain, Event):
        assert frames.payload(richer) == frames.payload(plain)
    else:
        assert richer == plain


@pytest.mark.parametrize(("read", "schema"), READERS)
@few
@given(data=st.data())
def test_a_missing_field_is_named(read: Reader, schema: Json, data: st.DataObject) -> None:
    """A frame without a required field is unexpected, and the error names the field with its path."""
    value = data.draw(instances(schema))
    path = data.draw(st.sampled_from([path for path, _, needed in fields(schema, value) if needed]))
    with pytest.raises(UnexpectedFrame) as caught:
        read(text(without(value, path)))
    assert caught.value.field == described(schema, path)


@pytest.mark.parametrize(("read", "schema"), READERS)
@few
@given(data=st.data())
def test_a_mistyped_field_is_named(read: Reader, schema: Json, data: st.DataObject) -> None:
    """A frame with a field of a wrong type is unexpected, and the error names the field with its path."""
    value = data.draw(instances(schema))
    path, part, _ = data.draw(st.sampled_from(list(fields(schema, value))))
    with pytest.raises(UnexpectedFrame) as caught:
        read(text(mistyped(value, path, part)))
    assert caught.value.field == described(schema, path)


@pytest.mark.parametrize("schema", WRITTEN)
@few
@given(data=st.data())
def test_written_frames_are_documented(schema: Json, data: st.DataObject) -> None:
    """Every frame that the document lets a client send can be written, and is written just so."""
    value = data.draw(instances(schema))
    frame: ClientFrame = msgspec.json.decode(text(value), type=ClientFrame)
    written = msgspec.json.decode(write(frame))
    assert errors(schema, written) == []
    assert normal(written) == normal(value)


def test_every_client_frame_is_documented() -> None:
    """No frame can be written that the documents do not describe."""
    documented = {
        schema["properties"]["type"]["const"]
        for name, _ in SOCKETS
        for schema in documents.messages(name, "receive").values()
    }
    kinds = [kind for kind in vars(frames).values() if isinstance(kind, type) and issubclass(kind, ClientFrame)]
    assert {kind.__struct_config__.tag for kind in kinds} == documented


DEEP = '{"type": "event", "id": null, "event": "new", "at": "2026-01-01T00:00:00Z", "data": {"x": ' + "[" * 200_000


@pytest.mark.parametrize(
    "message",
    ["", "{", "null", "[]", "no json", '{"type": 1}', '{"type": "nobody-knows"}', "{}", DEEP],
    ids=lambda m: m[:20],
)
@pytest.mark.parametrize("read", [read_social, read_call])
def test_rubbish_is_unexpected(read: Reader, message: str) -> None:
    """What is no frame is an `UnexpectedFrame` of the service that sent it, never another error."""
    with pytest.raises(UnexpectedFrame) as caught:
        read(message)
    assert caught.value.service in {"websocket-signaling", "video-call-signaling"}


@pytest.mark.parametrize("seconds", [0, -1])
@pytest.mark.parametrize(("read", "name"), [(read_social, "heartbeat_s"), (read_call, "vanish_grace_s")])
def test_no_time_at_all_is_no_welcome(read: Reader, name: str, seconds: int) -> None:
    """Who waits for as long as a welcome says would wait for nothing."""
    somebody = "00000000-0000-4000-8000-000000000000"
    told = {"type": "welcome", "user_id": somebody, "connection_id": "c", "last_event_id": None}
    with pytest.raises(UnexpectedFrame) as caught:
        read(json.dumps({**told, name: seconds}))
    assert caught.value.field == name
    read(json.dumps({**told, name: 0.5}))


@pytest.mark.parametrize("read", [read_social, read_call])
@given(message=st.text() | st.binary())
def test_no_message_breaks_a_reader(read: Reader, message: str | bytes) -> None:
    """No message of any kind makes a reader raise anything but `UnexpectedFrame`."""
    with pytest.raises(UnexpectedFrame):
        read(message)


def test_events_of_unknown_name_are_tolerated() -> None:
    """An event of a later version is an event whose data stay as they came."""
    message = text(
        {"type": "event", "id": None, "event": "moon.rose", "at": "2026-03-01T02:15:00.125Z", "data": {"a": 1}}
    )
    event = read_social(message)
    assert isinstance(event, Event)
    assert frames.payload(event) == {"a": 1}


@pytest.mark.parametrize("read", [read_social, read_call])
def test_an_unexpected_frame_does_not_write_to_the_terminal(read: Reader) -> None:
    """Of what the platform says there is one line, without a sign that a terminal would obey."""
    with pytest.raises(UnexpectedFrame) as caught:
        read('{"type": "x\\u001b[2J\\nVERDICT  GO"}')
    assert str(caught.value).isprintable()


def test_an_unexpected_frame_keeps_secrets() -> None:
    """The text of an error shows no string that a frame carried."""
    message = text({"type": "offer", "call_id": 1, "sdp": "a=ice-pwd:secretpassword", "from_user_id": "x"})
    with pytest.raises(UnexpectedFrame) as caught:
        read_call(message)
    assert "secretpassword" not in str(caught.value)
