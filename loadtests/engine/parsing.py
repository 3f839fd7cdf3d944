"""The fast ways to read an answer, for one that arrives in one piece, as nearly all do.

`Familiar`: its head is, byte for byte, one that was read before. `Whole`: the parser with the fewest callbacks that
tell that exactly one answer was there, the whole of it and nothing else. Whatever they are not sure of is read again,
from its beginning, by the client's `Answers`, which take any pieces.
"""

import re
from collections.abc import Callable
from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

_END: Final = b"\r\n\r\n"
# llhttp refuses an answer that has a length and a transfer encoding.
_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]+)[ \t]*\r", re.IGNORECASE)
_FINAL: Final = 200
_REST_S: Final = 0.01


class Whole:
    """Reads answers that come in one piece, one after the other."""

    __slots__ = ("_begun", "_completed", "_feed", "_keeps_alive", "pieces", "reusable", "status")

    def __init__(self) -> None:
        self._begun = self._completed = 0
        self.pieces: list[bytes] = []
        """Of the body, if it is kept; for the reader to empty."""
        self.reusable = False
        """The connection can carry another request."""
        parser = HttpResponseParser(self)
        self._feed = parser.feed_data
        self._keeps_alive = parser.should_keep_alive
        self.status: Callable[[], int] = parser.get_status_code

    def on_message_begin(self) -> None:
        """Count: a second one in the same piece was not asked for."""
        self._begun += 1

    def on_message_complete(self) -> None:
        """Ask the parser now: later it has forgotten."""
        self._completed += 1
        self.reusable = self._keeps_alive()

    def read(self, data: bytes) -> bool:
        """Whether `data` is one final answer, the whole of it and nothing else; if not, use this reader no more."""
        self._begun = self._completed = 0
        try:
            self._feed(data)
        except (HttpParserError, HttpParserUpgrade):
            return False
        return self._begun == 1 == self._completed and self.status() >= _FINAL


class Familiar:
    """The last head of a good answer with a length, after which the connection could be used again.

    The same head followed by as many bytes is as good an answer, and need not be parsed. Where every head differs, by
    an id of the request say, this costs one comparison.
    """

    __slots__ = ("_again", "head", "length", "size", "status")

    def __init__(self) -> None:
        self._again = 0.0
        self.forget()

    def forget(self) -> None:
        """Know none."""
        self.head, self.size, self.length, self.status = b"", 0, -1, 0

    def learn(self, data: bytes, status: int, now: float) -> None:
        """Know this answer, which was read as one whole. Not often: it costs more than to parse it."""
        if now < self._again:
            return
        self._again = now + _REST_S
        size = data.find(_END) + len(_END)
        stated = _LENGTH.search(data, 0, size)
        # Empty lines may surround an answer, and belong to no body.
        if stated is not None and int(stated[1]) == len(data) - size and not data.startswith(b"\r\n"):
            self.head, self.size, self.length, self.status = data[:size], size, len(data), status


class WholeWithBody(Whole):
    """The same, and keeps the body."""

    __slots__ = ()

    @property
    def on_body(self) -> Callable[[bytes], None]:
        """Keep a piece, without a call of Python's; the parser asks for this once."""
        return self.pieces.append
