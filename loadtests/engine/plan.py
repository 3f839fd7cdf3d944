"""What the engine is asked to send, when, and what counts as a good answer."""

import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from fixtures.contract.problem import slug_of
from loadtests.failure import everywhere, worded


class Origin(Protocol):
    """Where requests go; `fixtures.http1.target.Target` is one."""

    @property
    def host(self) -> str:
        """A name or an address."""

    @property
    def server_name(self) -> str:
        """The same as certificates have it."""

    @property
    def port(self) -> int:
        """The TCP port."""

    @property
    def context(self) -> ssl.SSLContext | None:
        """How to be sure of it; None for plain HTTP."""


def no_trace() -> str:
    """The id of a trace that a request has not."""
    return ""


class Apart(NamedTuple):
    """What one connection asks, and makes of the answers.

    One request at a time is under way on a connection: the three may remember between them what was asked last.
    """

    write: Callable[[], bytes]
    """Makes each request."""
    check: Callable[[int, bytes], object] | None
    """As of a `Plan`."""
    trace: Callable[[], str] = no_trace
    """The id of the trace that the last request is; empty of none."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One request, sent again and again, and counted under one subject.

    Each plan has connections of its own, so that a slow operation cannot delay the measuring of another.
    """

    subject: str
    request: bytes | Callable[[], bytes] = field(repr=False)
    """As it goes over the wire, or what makes it each time; not shown, for it may hold a token."""
    arrivals: Iterator[float] | None = None
    """Seconds after the beginning at which to start one, ascending; None is a closed loop."""
    connections: int = 32
    """So many at most; a closed loop has them all, always."""
    warm: int = 1
    """So many are open before the first arrival."""
    waiting: int = 10_000
    """Arrivals that may wait for a connection; who comes when they are so many is refused, and counted."""
    statuses: frozenset[int] = frozenset({200})
    """Those of good answers."""
    check: Callable[[int, bytes], object] | None = None
    """Gets status and body of an answer with a good status, and raises what it finds wrong (`complaint`).

    Where there is none, the body of an answer in one piece is not kept, and its bad status told without a word for it.
    """
    apart: Callable[[], Apart] | None = field(default=None, repr=False)
    """Makes for each connection what it has of its own, instead of `request` and `check`."""
    idempotent: bool = False
    """To be sent again if a connection that had rested since its last answer was closed at once, without one."""

    def __post_init__(self) -> None:
        if self.connections < 1 or self.waiting < 0 or self.warm < 0:
            raise ValueError(f"{self.subject} needs a connection, and no fewer than no place to wait")


def refusal(status: int, body: bytes) -> str:
    """What an answer with a status that is none of a good one says, in few words."""
    return worded(f"status {status}", slug_of(body))


def complaint(error: Exception) -> str:
    """What a check raised, in few words: its own `cause` if it has one, the field that is wrong if it knows it."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, str):
        return cause
    return f"contract: {everywhere(getattr(error, 'field', None) or type(error).__name__)}"
