"""Reads answers from bytes as they come, in whatever pieces, by the field's parser (llhttp). No I/O.

What llhttp leaves to its user is done here: interim answers (1xx) are passed over, the answer to HEAD ends with its
head, a body without a length ends with the connection, trailers are no headers, and everything has a largest size.
"""

from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

LARGEST_HEAD: Final = 64 * 1024
"""Bytes that may come before the head of an answer is complete."""

_FINAL: Final = 200
_FRAMING: Final = frozenset({b"content-length", b"transfer-encoding"})

Fields = list[tuple[bytes, bytes]]


class NotHttpError(Exception):
    """What came is no answer of HTTP/1.1."""


class TooLargeError(Exception):
    """What came is larger than anything that is wanted."""


class Answers:
    """Reads one answer after another: `begin`, then `feed` until the answer is complete.

    One object serves many connections in turn, for as long as every answer ended where the next one may begin
    (`reusable`); `close` it when one did not.
    """

    __slots__ = (
        "_head_only",
        "_headed",
        "_largest",
        "_parser",
        "_pieces",
        "_size",
        "body",
        "complete",
        "fields",
        "reusable",
        "status",
    )

    def __init__(self, largest: int, *, head_only: bool = False) -> None:
        self._largest = largest
        self._head_only = head_only
        self.begin()
        self._parser = HttpResponseParser(self)

    def begin(self) -> None:
        """Be ready for the next answer."""
        self.status = 0
        self.fields: Fields = []
        self.body = b""
        self.complete = False
        self.reusable = False
        self._pieces: list[bytes] = []
        self._headed = -1
        self._size = 0

    @property
    def begun(self) -> bool:
        """Whether anything of an answer has come."""
        return self._size > 0

    def feed(self, data: bytes) -> bool:
        """Take what came and say whether the answer is complete; raises `NotHttpError` or `TooLargeError`."""
        self._size += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            # After a complete answer come bytes that nobody asked for: it stands, and its connection does not.
            self.reusable = False
            if not self.complete:
                raise NotHttpError(str(error)) from error
        if not self.complete and self._size > (LARGEST_HEAD if self._headed < 0 else self._largest):
            raise TooLargeError(f"more than {self._size} bytes came, and no end of it")
        return self.complete

    def end(self) -> bool:
        """Take the end of the connection, and say whether it was the end of a complete answer."""
        if self._headed >= 0 and not any(name.lower() in _FRAMING for name, _ in self.fields):
            self._complete()
        return self.complete

    def close(self) -> None:
        """Part from the parser, which knows this object: a circle that only the garbage collector would find."""
        del self._parser

    def on_message_begin(self) -> None:
        """Called by the parser."""
        if self.complete:
            raise NotHttpError("a second answer to one request")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser."""
        self.fields.append((name, value))

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        self._headed = len(self.fields)
        if self._head_only and self._parser.get_status_code() >= _FINAL:
            self._complete()

    def on_body(self, piece: bytes) -> None:
        """Called by the parser."""
        self._pieces.append(piece)

    def on_message_complete(self) -> None:
        """Called by the parser."""
        parser = self._parser
        if parser.get_status_code() < _FINAL:
            self.fields = []
            self._headed = -1
        elif not self.complete:
            self._complete()
            self.reusable = parser.should_keep_alive()

    def _complete(self) -> None:
        self.complete = True
        self.status = self._parser.get_status_code()
        pieces = self._pieces
        self.body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        if len(self.fields) > self._headed:
            del self.fields[self._headed :]
