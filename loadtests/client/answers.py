"""Reads answers from bytes as they come, in whatever pieces, by the field's parser (llhttp). No I/O.

What llhttp leaves to its user is done here: interim answers (1xx) are passed over, the answer to HEAD ends with its
head, a body without a length ends with the connection, trailers are no headers, and everything has a largest size.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from fixtures.contract.answer import Headers

LARGEST_HEAD: Final = 64 * 1024
"""Bytes that may come before the head of an answer is complete."""

_FINAL: Final = 200
_FRAMING: Final = frozenset({b"content-length", b"transfer-encoding"})

Fields = Mapping[bytes, bytes]
"""Header fields by name as it was spelt; one that came twice is joined by comma (RFC 9110, 5.3)."""


class NotHttpError(Exception):
    """What came is no answer of HTTP/1.1."""


class TooLargeError(Exception):
    """What came is larger than anything that is wanted."""


def field_of(fields: Fields, name: bytes) -> bytes | None:
    """The value of a field, quickly when it is spelt as in `Content-Type` or in lower case, as nearly all are."""
    value = fields.get(name)
    if value is None:
        wanted = name.lower()
        value = fields.get(wanted)
        if value is None:
            value = next((value for spelt, value in fields.items() if spelt.lower() == wanted), None)
    return value


def headers_of(fields: Fields) -> Headers:
    """The fields as the contract has them."""
    return Headers((name.decode("latin-1"), value.decode("latin-1")) for name, value in fields.items())


class Answers:
    """Reads one answer after another: `begin`, then `feed` until the answer is complete.

    One object serves many connections in turn, for as long as every answer ended where the next one may begin
    (`reusable`); `close` it when one did not. `status`, `fields` and `body` are those of the last complete one.
    """

    __slots__ = (
        "_head",
        "_head_only",
        "_largest",
        "_pairs",
        "_parser",
        "_pieces",
        "_size",
        "body",
        "complete",
        "fields",
        "on_body",
        "on_header",
        "reusable",
        "status",
    )

    def __init__(self, largest: int, *, head_only: bool = False) -> None:
        """`largest` in bytes, head and body together; `head_only` for answers to HEAD, each the object's only one."""
        self._largest = largest
        self._head_only = head_only
        self._pairs: list[tuple[bytes, ...]] = []
        self._pieces: list[bytes] = []
        self.status = 0
        self.fields: Fields = {}
        self.body = b""
        self.begin()
        # Called by the parser for each header and piece, so they do next to nothing: what they gather is read once.
        add = self._pairs.append
        self.on_header = lambda *pair: add(pair)
        self.on_body = self._pieces.append
        self._parser = HttpResponseParser(self)

    def begin(self) -> None:
        """Be ready for the next answer."""
        self._pairs.clear()
        self._pieces.clear()
        self._size = 0
        self._head = -1
        self.complete = self.reusable = False

    def feed(self, data: bytes) -> bool:
        """Take what came and say whether the answer is complete; raises `NotHttpError` or `TooLargeError`."""
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            # After a complete answer come bytes that nobody asked for: it stands, and its connection does not.
            self.reusable = False
            if not self.complete:
                raise NotHttpError(str(error)) from error
        if self.complete:
            return True
        self._size += len(data)
        if self._size > (self._largest if self._head >= 0 else LARGEST_HEAD):
            raise TooLargeError(f"{self._size} bytes came, and no end of them")
        return False

    def end(self) -> bool:
        """Take the end of the connection, and say whether it was the end of a complete answer."""
        if self._head >= 0 and not any(name.lower() in _FRAMING for name, _ in self._pairs):
            self._finish(self._parser.get_status_code())
        return self.complete

    def close(self) -> None:
        """Part from the parser, which knows this object: a circle that only the garbage collector would find."""
        del self._parser

    def on_message_begin(self) -> None:
        """Called by the parser."""
        if self.complete:
            raise NotHttpError("a second answer to one request")

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        self._head = len(self._pairs)
        if self._head_only:
            status = self._parser.get_status_code()
            if status >= _FINAL:
                # The parser waits for the body whose length the head states, and none will come.
                self._finish(status)

    def on_message_complete(self) -> None:
        """Called by the parser."""
        parser = self._parser
        status = parser.get_status_code()
        if status >= _FINAL:
            if not self._head_only:
                self._finish(status)
                self.reusable = parser.should_keep_alive()
        else:
            self._pairs.clear()
            self._head = -1

    def _finish(self, status: int) -> None:
        self.complete = True
        self.status = status
        pairs, pieces = self._pairs, self._pieces
        if len(pairs) > self._head:
            del pairs[self._head :]
        fields: dict[bytes, bytes] = dict(pairs)  # type: ignore[arg-type]  # the parser calls with pairs only
        self.fields = fields if len(fields) == len(pairs) else _joined(pairs)
        self.body = pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _joined(pairs: Iterable[tuple[bytes, ...]]) -> Fields:
    fields: dict[bytes, bytes] = {}
    for name, value in pairs:
        fields[name] = fields[name] + b", " + value if name in fields else value
    return fields
