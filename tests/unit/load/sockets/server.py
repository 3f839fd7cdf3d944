"""Frames as a server sends them, well formed or not, and the server's side of the `websockets` package without I/O."""

import itertools
from collections.abc import Iterable, Iterator, Sequence

from hypothesis import strategies as st
from websockets.frames import Frame
from websockets.protocol import State
from websockets.server import ServerProtocol

from loadtests.sockets.frames import Closing, Message, Reader, Violation


def sent(first: int, payload: bytes = b"", *, second: int = 0, length: bytes | None = None) -> bytes:
    """One frame with any first byte, and anything added to the second; `length` replaces the bytes of the length."""
    size = len(payload)
    if length is None:
        short = size < 126
        length = b"" if short else size.to_bytes(2 if size < 65536 else 8, "big")
        second |= size if short else 126 if size < 65536 else 127
    return bytes((first, second)) + length + payload


def open_server() -> ServerProtocol:
    """A server that has agreed and takes messages of any size."""
    return ServerProtocol(state=State.OPEN, max_size=None)


def said(server: ServerProtocol) -> bytes:
    """The bytes that the server wants to send."""
    return b"".join(server.data_to_send())


def heard(server: ServerProtocol, data: bytes) -> list[Frame]:
    """The frames that the server reads in `data`."""
    server.receive_data(data)
    return [event for event in server.events_received() if isinstance(event, Frame)]


def cut(data: bytes, places: Iterable[int]) -> Iterator[bytes]:
    """The same bytes in pieces."""
    edges = [0, *sorted({place % (len(data) + 1) for place in places}), len(data)]
    for start, end in itertools.pairwise(edges):
        if start < end:
            yield data[start:end]


def read(data: bytes, places: Sequence[int] = (), *, largest: int = 1 << 20) -> list[Message]:
    """What a reader makes of `data` that comes in pieces; it is not fed after a violation."""
    reader, messages = Reader(largest), list[Message]()
    for piece in cut(data, places):
        messages += reader.feed(piece)
        if messages and isinstance(messages[-1], Closing | Violation):
            break
    return messages


places = st.lists(st.integers(0, 1 << 20), max_size=12)
"""Where bytes are cut."""
