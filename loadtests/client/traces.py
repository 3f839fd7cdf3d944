"""Traces: each request is one of its own, or belongs to that of its journey."""

import os
from itertools import count
from typing import Final

_ID: Final = slice(16, 48)
"""Where a header line has the trace's id."""


class Traces:
    """Trace contexts of one thread: random where processes must differ, counted where its requests must.

    https://www.w3.org/TR/trace-context/#traceparent-header
    """

    __slots__ = ("_flags", "_next", "_prefix")

    def __init__(self, *, sampled: bool = True) -> None:
        """`sampled` asks a platform that samples traces to record these, beside naming them in its logs."""
        self._flags = "01" if sampled else "00"
        self._prefix = os.urandom(8).hex()
        # Sixteen decimal digits are sixteen hexadecimal ones as well, and take half the time to write.
        self._next = count(10**15).__next__

    def new(self) -> str:
        """The id of a new trace; it is never all zero."""
        return f"{self._prefix}{self._next()}"

    def line(self, trace: str) -> str:
        """The header line of one more request of that trace, which is told apart from the others."""
        return f"traceparent: 00-{trace}-{self._next()}-{self._flags}\r\n"

    @staticmethod
    def of(line: str) -> str:
        """The id of the trace that a header line names; empty of none."""
        return line[_ID]
