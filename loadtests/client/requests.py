"""Writes requests as bytes, without I/O: an operation, what all requests of a client carry, and a trace of its own."""

import os
from collections.abc import Mapping
from itertools import count
from typing import Final
from urllib.parse import urlencode

from fixtures.contract.operation import Operation

TRACEPARENT: Final = "traceparent"
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_AGENT: Final = {"User-Agent": "social-platform-verification"}


class UnsendableError(ValueError):
    """A request that cannot be written: blanks or line breaks where none may be, or characters beyond Latin-1."""


class Traces:
    """Trace ids of one process: random where processes must differ, counted where its requests must.

    https://www.w3.org/TR/trace-context/#traceparent-header
    """

    __slots__ = ("_next", "_prefix")

    def __init__(self) -> None:
        self._prefix = os.urandom(8).hex()
        self._next = count(1).__next__

    def new(self) -> str:
        """A new trace id: 16 bytes in hex, never all zero."""
        return f"{self._prefix}{self._next():016x}"


class Requests:
    """Writes requests to one authority; `headers` are sent with each of them."""

    __slots__ = ("_common",)

    def __init__(self, authority: str, headers: Mapping[str, str]) -> None:
        lines = [f"{name}: {value}" for name, value in {"Host": authority, **_AGENT, **headers}.items()]
        self._common = "\r\n".join(["", *lines, ""])
        if self._common.count("\n") != len(lines) + 1:
            raise UnsendableError("a line break in a header that every request carries")

    def write(self, operation: Operation[object], path: str, credential: str, trace_id: str) -> bytes:
        """The request for `path` as it goes over the wire; raises `UnsendableError`.

        `credential` is a whole header line with its line break, or nothing; so is no trace sent if its id is empty.
        """
        method, content = operation.endpoint.method, operation.content
        query = operation.query
        if query:
            path = f"{path}?{urlencode(query)}"
        headers = operation.headers
        lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
        breaks = len(headers)
        if lines.count("\n") != breaks or lines.count("\r") != breaks or not path.isprintable() or " " in path:
            raise UnsendableError(f"a blank or a line break in {operation!r}")
        if trace_id:
            lines += f"{TRACEPARENT}: 00-{trace_id}-{trace_id[16:]}-01\r\n"
        if content is not None:
            lines += f"Content-Length: {len(content)}\r\n"
        elif method in _WITH_BODY:
            lines += "Content-Length: 0\r\n"
        head = f"{method} {path} HTTP/1.1{self._common}{credential}{lines}\r\n"
        try:
            return head.encode("latin-1") + (content or b"")
        except UnicodeEncodeError as error:
            raise UnsendableError(f"characters in {operation!r} that no header can hold") from error
