"""Frames of RFC 6455 as a client writes and reads them, without I/O.

`frame` makes the bytes of one frame; `Reader` takes bytes as they come and gives whole messages. No extensions: none is
offered, so none may be used. What a server must not send comes out as a `Violation`, after all that was good before it.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

try:
    from websockets.speedups import apply_mask
except ImportError:  # a wheel without its compiled part
    from websockets.utils import apply_mask

masked: Final = apply_mask
"""A payload by a mask of four bytes."""

CONTINUATION: Final = 0x0
TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA

LARGEST: Final = 1024 * 1024
"""Bytes of a message that a reader takes unless told otherwise."""

NORMAL: Final = 1000
PROTOCOL_ERROR: Final = 1002
NOT_ACCEPTED: Final = 1003
NO_CODE: Final = 1005
"""The close frame had none; never sent."""
NO_CLOSE_FRAME: Final = 1006
"""The connection ended without a close frame; never sent."""
NOT_UTF8: Final = 1007
TOO_LARGE: Final = 1009

_CONTROL: Final = 0x8
_FIN: Final = 0x80
_RESERVED: Final = 0x70
_OPCODE: Final = 0x0F
_MASKED: Final = 0x80
SHORT: Final = 125
"""Bytes of a payload whose length fits into the second byte; no control frame is longer."""
_TWO_BYTES, _EIGHT_BYTES = 126, 127
WHOLE_TEXT: Final = _FIN | TEXT
"""The first byte of a text that is one frame."""
_SHORT_TEXTS: Final = tuple(bytes((WHOLE_TEXT, _MASKED | length)) for length in range(SHORT + 1))
"""Heads of nearly all that is sent."""
_DRAWN: Final = 1024
"""Bytes: as many masks take no longer to draw than a few messages to send."""
_UNSENT_CODES: Final = frozenset({1004, NO_CODE, NO_CLOSE_FRAME, 1015})


@dataclass(frozen=True, slots=True)
class Ping:
    """To be answered by a pong with the same payload."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to a ping, or unasked."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Closing:
    """The other side closes; whatever it sends after this is not read."""

    code: int
    reason: str


@dataclass(frozen=True, slots=True)
class Violation:
    """What must not be sent; nothing after it can be read. `code` is what to close with, `why` is of few words."""

    code: int
    why: str


Message = str | bytes | Ping | Pong | Closing | Violation
"""A text, a binary message, or what there is beside messages."""


def frame(opcode: int, payload: bytes, mask: bytes, *, fin: bool = True) -> bytes:
    """One frame, masked by four bytes that nobody can foretell (`masks`)."""
    length = len(payload)
    first = opcode | _FIN if fin else opcode
    begin = _SHORT_TEXTS[length] if length <= SHORT and first == WHOLE_TEXT else head(first, length)
    return begin + mask + masked(payload, mask)


def head(first: int, length: int) -> bytes:
    """What comes before the mask of a frame with this first byte, and so many bytes of payload."""
    if length <= SHORT:
        return bytes((first, _MASKED | length))
    if length < 1 << 16:
        return bytes((first, _MASKED | _TWO_BYTES)) + length.to_bytes(2, "big")
    return bytes((first, _MASKED | _EIGHT_BYTES)) + length.to_bytes(8, "big")


def masks() -> Callable[[], bytes]:
    """A source of masks for one thread: bytes of the system's random source, drawn some hundred at a time."""

    def draw() -> Iterator[list[bytes]]:
        while True:
            block = os.urandom(_DRAWN)
            yield [block[start : start + 4] for start in range(0, _DRAWN, 4)]

    return chain.from_iterable(draw()).__next__


def closing(code: int, reason: str, mask: bytes) -> bytes:
    """A close frame; without a code if that is one which is never sent. A reason too long is cut."""
    said = reason.encode()[: SHORT - 2].decode(errors="ignore").encode()
    return frame(CLOSE, b"" if code in _UNSENT_CODES else code.to_bytes(2, "big") + said, mask)


class _Pending:
    """What has come of a message that is not whole: bytes not yet read, and fragments already read."""

    __slots__ = ("fragments", "kind", "rest", "size")

    def __init__(self) -> None:
        self.rest = bytearray()
        self.fragments: list[bytes] = []
        self.kind: int | None = None
        self.size = 0


class Reader:
    """Bytes in, messages out. One that waits for nothing is two words of memory."""

    __slots__ = ("_largest", "_pending")

    def __init__(self, largest: int = LARGEST) -> None:
        self._largest = largest
        self._pending: _Pending | None = None

    @property
    def between(self) -> bool:
        """Whether nothing has come of a message that is not whole: what comes next begins one."""
        return self._pending is None

    def feed(self, data: bytes) -> Sequence[Message]:
        """All messages that are whole by now, in order. It must not be fed again after `Closing` or a `Violation`."""
        if self._pending is None and len(data) >= 2 and data[0] == WHOLE_TEXT:  # noqa: PLR2004 - the shortest frame
            # Nearly all that comes is one text.
            start = 2 if data[1] == len(data) - 2 <= SHORT else _behind_length(data)
            if start and len(data) - start <= self._largest:
                try:
                    return (data[start:].decode(),)
                except UnicodeDecodeError:
                    return (Violation(NOT_UTF8, "text is not UTF-8"),)
        pending = self._pending or _Pending()
        pending.rest += data
        messages: list[Message] = []
        while (message := self._next(pending)) is not None:
            if message is not _NOTHING:
                messages.append(message)
            if isinstance(message, Closing | Violation):
                break
        self._pending = pending if pending.rest or pending.kind is not None else None
        return messages

    def _next(self, pending: _Pending) -> Message | None:  # noqa: PLR0911 - as many as there are ends to it
        """Read one frame off `pending`; None if it is not whole, `_NOTHING` if it is a fragment."""
        rest = pending.rest
        if len(rest) < 2:  # noqa: PLR2004 - the shortest frame
            return None
        first, second = rest[0], rest[1]
        if (why := _wrong(first, second, pending.kind)) is not None:
            return Violation(PROTOCOL_ERROR, why)
        start, length = 2, second
        if second > SHORT:
            start = 4 if second == _TWO_BYTES else 10
            if len(rest) < start:
                return None
            length = int.from_bytes(rest[2:start], "big")
            if length >> 63 or length <= (SHORT if start == 4 else 0xFFFF):  # noqa: PLR2004
                return Violation(PROTOCOL_ERROR, "length not in its shortest form")
        opcode = first & _OPCODE
        if opcode < _CONTROL and length + pending.size > self._largest:
            return _OVERSIZE
        if len(rest) < start + length:
            return None
        payload = bytes(rest[start : start + length])
        del rest[: start + length]
        return _control(opcode, payload) if opcode >= _CONTROL else _data(first, payload, pending)


def _behind_length(data: bytes) -> int:
    """Where the payload begins if a frame whose length has two bytes is all that came; else 0."""
    size = len(data) - 4
    return 4 if size > SHORT and data[1] == _TWO_BYTES and data[2] << 8 | data[3] == size else 0


_OVERSIZE: Final = Violation(TOO_LARGE, "message too large")
_NOTHING: Final = Pong(b"a fragment was read, and no message is whole by it")


def _wrong(first: int, second: int, kind: int | None) -> str | None:
    """What is wrong with the first two bytes of a frame, inside a message of `kind` or between messages."""
    opcode = first & _OPCODE
    if first & _RESERVED:
        return "reserved bits set"
    if second & _MASKED:
        return "masked by the server"
    if opcode in {CLOSE, PING, PONG}:
        return "control frame malformed" if not first & _FIN or second > SHORT else None
    if opcode == CONTINUATION:
        return "continuation of nothing" if kind is None else None
    if opcode not in {TEXT, BINARY}:
        return "unknown opcode"
    return None if kind is None else "message inside a message"


def _control(opcode: int, payload: bytes) -> Message:
    if opcode == PING:
        return Ping(payload)
    if opcode == PONG:
        return Pong(payload)
    if not payload:
        return Closing(NO_CODE, "")
    code = int.from_bytes(payload[:2], "big")
    if len(payload) == 1 or not (1000 <= code < 5000) or code in _UNSENT_CODES or 1016 <= code < 3000:  # noqa: PLR2004
        return Violation(PROTOCOL_ERROR, "close code not allowed")
    try:
        return Closing(code, payload[2:].decode())
    except UnicodeDecodeError:
        return Violation(NOT_UTF8, "close reason is not UTF-8")


def _data(first: int, payload: bytes, pending: _Pending) -> Message:
    """The message that this frame completes, or `_NOTHING`."""
    kind = pending.kind if pending.kind is not None else first & _OPCODE
    if not first & _FIN:
        pending.kind = kind
        pending.size += len(payload)
        pending.fragments.append(payload)
        return _NOTHING
    if pending.fragments:
        payload = b"".join((*pending.fragments, payload))
        pending.fragments.clear()
    pending.kind, pending.size = None, 0
    if kind == BINARY:
        return payload
    try:
        return payload.decode()
    except UnicodeDecodeError:
        return Violation(NOT_UTF8, "text is not UTF-8")
