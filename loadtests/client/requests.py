"""Writes requests as bytes, without I/O: an operation, what all requests of a client carry, and a trace of its own."""

import os
import re
from collections.abc import Mapping
from itertools import count
from typing import Final
from urllib.parse import urlencode

from fixtures.contract.operation import Operation

_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_AGENT: Final = {"User-Agent": "social-platform-verification"}


class UnsendableError(ValueError):
    """A request that cannot be written: blanks or line breaks where none may be, or characters beyond Latin-1."""


class Traces:
    """Trace contexts of one process: random where processes must differ, counted where its requests must.

    https://www.w3.org/TR/trace-context/#traceparent-header
    """

    __slots__ = ("_next", "_prefix")

    def __init__(self) -> None:
        self._prefix = f"traceparent: 00-{os.urandom(8).hex()}"
        # Sixteen decimal digits are sixteen hexadecimal ones as well, and take half the time to write.
        self._next = count(10**15).__next__

    def new(self) -> str:
        """The header line of a new trace whose root is this request; no id in it is ever all zero."""
        number = self._next()
        return f"{self._prefix}{number}-{number}-01\r\n"


class Requests:
    """Writes requests to one authority; `headers` are sent with each of them."""

    __slots__ = ("_common",)

    def __init__(self, authority: str, headers: Mapping[str, str]) -> None:
        lines = [f"{name}: {value}" for name, value in {"Host": authority, **_AGENT, **headers}.items()]
        self._common = " HTTP/1.1\r\n" + "\r\n".join([*lines, ""])
        breaks = len(lines) + 1
        if self._common.count("\n") != breaks or self._common.count("\r") != breaks:
            raise UnsendableError("a line break in a header that every request carries")

    def write(self, operation: Operation[object], path: str, more: str, credential: bytes = b"") -> bytes:
        """The request for `path` as it goes over the wire; `more` and `credential` are whole lines of its head.

        A credential is most of a request: it comes as bytes, so that it is copied once. Raises `UnsendableError`.
        """
        endpoint, content, query, headers = operation.endpoint, operation.content, operation.query, operation.headers
        if query:
            path = f"{path}?{urlencode(query)}"
        lines = more
        for name, value in headers.items():
            line = f"{name}: {value}"
            if "\n" in line or "\r" in line:
                raise UnsendableError(f"a line break in a header of {operation!r}")
            lines = f"{lines}{line}\r\n"
        if content is None:
            content = b""
            if endpoint.method in _WITH_BODY:
                lines += "Content-Length: 0\r\n"
        elif "Content-Length" not in headers:
            lines = f"{lines}Content-Length: {len(content)}\r\n"
        try:
            head = f"{endpoint.method} {path}{self._common}{lines}".encode("latin-1")
        except UnicodeEncodeError as error:
            raise UnsendableError(f"characters in {operation!r} that no header can hold") from error
        return b"".join((head, credential, b"\r\n", content))


def origin_and_path(url: str) -> tuple[str, str]:
    """The two parts of an absolute URL; raises `UnsendableError` if it cannot stand in a request line."""
    if " " in url or not url.isprintable():
        raise UnsendableError("a blank or a line break in an address")
    scheme, _, rest = url.partition("#")[0].partition("://")
    authority = re.split("[/?]", rest, maxsplit=1)[0]
    path = rest[len(authority) :]
    return f"{scheme}://{authority}", path if path.startswith("/") else f"/{path}"
