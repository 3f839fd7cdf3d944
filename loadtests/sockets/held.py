"""Idle websockets as data: what a platform promises of them, what they are opened with, and what became of them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from fixtures.http1.target import Target
from loadtests import clock
from loadtests.sockets.frames import Closing, Reader
from loadtests.sockets.handshake import Handshake

if TYPE_CHECKING:
    from loadtests.sockets.sealed import Sealed


@dataclass(frozen=True, slots=True)
class Terms:
    """What a platform promises of its connections; nothing unless told otherwise."""

    heartbeat: float = math.inf
    """Seconds between two signs of life at most, until the platform has said so itself."""
    promised: Callable[[str], float | None] = lambda _: None
    """The same as a text of the platform says it; None if it does not speak of that."""
    expiry: Closing | None = None
    """How it closes a connection when what was offered for it is no longer good."""
    clocks: float = 0.0
    """Seconds by which its clock may be ahead of ours."""

    def agree(self, closing: Closing, good_until: float) -> bool:
        """Whether a connection ends as was agreed, and not before."""
        return closing == self.expiry and clock.wall() >= good_until - self.clocks


@dataclass(frozen=True, slots=True)
class Offer:
    """What a connection is opened with."""

    subprotocols: Sequence[str] = ()
    good_until: float = math.inf
    """By `clock.wall`; the connection ends then, and is opened again."""


@dataclass(frozen=True, slots=True)
class Openings:
    """What is to be opened, and how fast."""

    target: Target
    path: str
    count: int
    rate: float
    """Openings a second."""
    timeout: float
    """Seconds from the intended start of an opening until it has failed."""
    offer: Callable[[int], Offer]
    """For connection number n, by now."""
    headers: dict[str, str]
    addresses: Sequence[tuple[int, Any]]
    """Family and socket address of the target, taken in turn."""
    sources: Sequence[str]
    terms: Terms


@dataclass(slots=True)
class Held:
    """How many there are. Read by other threads while it changes: each number is right, their sum need not be."""

    started: int = 0
    opening: int = 0
    open: int = 0
    failed: int = 0
    """Not opened, or not again."""
    expired: int = 0
    """Opened, and ended as was agreed, when what was offered was no longer good."""
    waiting: int = 0
    """Expired, and not yet opened again."""
    lost: int = 0
    """Opened, and ended or silent though nobody here asked for it."""
    pings: int = 0
    """Asked by the server and answered."""
    messages: int = 0

    @property
    def unsettled(self) -> int:
        """To be open, and neither open nor failed yet."""
        return self.waiting + self.opening


class Connection:
    """One of thousands: nothing in it that can be shared."""

    __slots__ = (
        "connected",
        "dialled",
        "due",
        "first",
        "good_until",
        "heard",
        "heartbeat",
        "number",
        "opening",
        "reader",
        "sealed",
        "socket",
        "unsent",
    )

    def __init__(  # noqa: PLR0913 - a record
        self,
        sock: Any,  # noqa: ANN401 - the socket before gevent
        number: int,
        due: float,
        good_until: float,
        opening: Handshake,
        *,
        first: bool,
    ) -> None:
        self.socket = sock
        self.number = number
        self.due = due
        self.good_until = good_until
        self.opening: Handshake | None = opening
        self.first = first
        """Whether it was never opened before."""
        self.reader = Reader()
        self.connected = False
        self.dialled = 0.0
        self.sealed: Sealed | None = None
        self.unsent = b""
        self.heard = 0.0
        self.heartbeat: float | None = None


class Expired(NamedTuple):
    """A connection that is to be opened again, with something that is good for longer."""

    number: int
    good_until: float
    since: float
