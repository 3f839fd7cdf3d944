"""The trace of each request."""

import os
from itertools import count
from typing import Final

_ID: Final = slice(16, 48)
"""Where a header line has the trace's id."""


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
        number = str(self._next())
        return f"{self._prefix}{number}-{number}-01\r\n"

    @staticmethod
    def of(line: str) -> str:
        """The id of the trace that a header line begins; empty of no line."""
        return line[_ID]
