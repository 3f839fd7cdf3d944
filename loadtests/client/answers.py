"""Reads answers from bytes as they come, in whatever pieces, by the field's parser (llhttp). No I/O.

What llhttp leaves to its user is done here: interim answers (1xx) are passed over, the answer to HEAD ends with its
head, a body without a length ends with the connection, trailers are no headers, and everything has a largest size.

llhttp checks the head and finds its end; its fields are not taken one by one but looked up in it, when somebody asks:
of a dozen that come with an answer two are of interest.
"""

import re
from collections.abc import Mapping
from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from fixtures.contract.answer import Headers

LARGEST_HEAD: Final = 64 * 1024
"""Bytes that may come before the head of an answer is complete."""

_FINAL: Final = 200
_BREAK: Final = b"\r\n"
_END: Final = b"\r\n\r\n"
_FRAMING: Final = frozenset({b"content-length", b"transfer-encoding"})
_LINE: Final = re.compile(rb"\r\n([^:\r\n]+):[ \t]*([^\r\n]*)")

Fields = Mapping[bytes, bytes]
"""Header fields by name in lower case; one that came twice is joined by comma (RFC 9110, 5.3)."""


class NotHttpError(Exception):
    """What came is no answer of HTTP/1.1."""


class TooLargeError(Exception):
    """What came is larger than anything that is wanted."""


class Answers:
    """Reads one answer after another: `begin`, then `feed` until the answer is complete.

    One object serves many connections in turn, for as long as every answer ended where the next one may begin
    (`reusable`); `close` it when one did not. `status`, `body` and fields are those of the last complete one.
    """

    __slots__ = (
        "_head",
        "_head_ends",
        "_head_only",
        "_headed",
        "_largest",
        "_parser",
        "_pieces",
        "_size",
        "body",
        "complete",
        "on_body",
        "reusable",
        "status",
    )

    def __init__(self, largest: int, *, head_only: bool = False) -> None:
        """`largest` in bytes, head and body together; `head_only` for answers to HEAD, each the object's only one."""
        self._largest = largest
        self._head_only = head_only
        self._pieces: list[bytes] = []
        self.status = 0
        self.body = b""
        self.begin()
        # The parser calls the list itself.
        self.on_body = self._pieces.append
        self._parser = HttpResponseParser(self)

    def begin(self) -> None:
        """Be ready for the next answer."""
        self._pieces.clear()
        self._size = 0
        self._head = b""
        self._headed = self.complete = self.reusable = False

    def feed(self, data: bytes) -> bool:
        """Take what came and say whether the answer is complete; raises `NotHttpError` or `TooLargeError`."""
        if not self._headed:
            self._head = self._head + data if self._head else data
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
        if self._size > (self._largest if self._headed else LARGEST_HEAD):
            raise TooLargeError(f"{self._size} bytes came, and no end of them")
        return False

    def end(self) -> bool:
        """Take the end of the connection, and say whether it was the end of a complete answer."""
        if self._headed and not self.complete:
            self._finish(self._parser.get_status_code())
            self.complete = not _FRAMING & self.fields.keys()
        return self.complete

    def says(self, line: bytes) -> bool:
        """Whether the head has exactly this line, as `CR LF Content-Type: application/json CR LF`: the quickest way."""
        return self._head.find(line, 0, self._head_ends) >= 0

    @property
    def fields(self) -> Fields:
        """All fields of the head."""
        fields: dict[bytes, bytes] = {}
        for spelt, padded in _LINE.findall(self._head, 0, self._head_ends):
            name, value = spelt.lower(), padded.strip()
            fields[name] = fields[name] + b", " + value if name in fields else value
        return fields

    @property
    def headers(self) -> Headers:
        """The same as the contract has them."""
        return Headers((name.decode("latin-1"), value.decode("latin-1")) for name, value in self.fields.items())

    def close(self) -> None:
        """Part from the parser, which knows this object: a circle that only the garbage collector would find."""
        del self._parser

    def on_message_begin(self) -> None:
        """Called by the parser."""
        if self.complete:
            raise NotHttpError("a second answer to one request")

    def on_headers_complete(self) -> None:
        """Called by the parser."""
        self._headed = True
        if self._head_only:
            status = self._parser.get_status_code()
            if status >= _FINAL:
                # The parser waits for the body whose length the head states, and none will come.
                self._finish(status)

    def on_message_complete(self) -> None:
        """Called by the parser."""
        parser = self._parser
        status = parser.get_status_code()
        if status < _FINAL:
            # What follows in the same piece belongs to the next head.
            self._head = self._head.lstrip().partition(_END)[2]
            self._headed = False
        elif not self._head_only:
            self._finish(status)
            self.reusable = parser.should_keep_alive()

    def _finish(self, status: int) -> None:
        self.complete = True
        self.status = status
        self._head = head = self._head.lstrip()
        self._head_ends = head.find(_END) + len(_BREAK)
        pieces = self._pieces
        self.body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
