"""Idle websockets as data: what a platform promises of them, what they are opened with, and what became of them."""

import collections
import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from fixtures.http1.target import Target
from loadtests.client.names import Address
from loadtests.client.trouble import PassedOver
from loadtests.failure import Failure
from loadtests.sockets.frames import Closing, Reader
from loadtests.sockets.handshake import Handshake

if TYPE_CHECKING:
    from loadtests.sockets.sealed import Sealed

_SILENT: Final = 2.0
"""Heartbeats in which nothing came, after which a connection is lost: the first may have been on its way."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a platform promises of its connections; nothing unless told otherwise."""

    heartbeat: float = math.inf
    """Seconds between two signs of life at most, until the platform has said so itself."""
    promised: Callable[[int, str], float | None] = lambda _number, _text: None
    """The same as the welcome of connection n says it; None if a text is another.

    Raises `Failure` for what may not be said, or not there.
    """
    welcome: float = math.inf
    """Seconds from an agreement to the welcome, which comes before any other message; if endless, none need come."""
    expiry: Closing | None = None
    """How it closes a connection when what was offered for it is no longer good."""
    clocks: float = 0.0
    """Seconds by which it may end before its time by our clock."""
    deaf: Callable[[int, float], Failure | None] = lambda _number, _now: None
    """What is wrong with connection n that is open and alive; its time passes only while this process is awake."""

    def agree(self, closing: Closing, good_until: float) -> bool:
        """Whether a connection ends as was agreed, and not before."""
        return closing == self.expiry and time.monotonic() >= good_until - self.clocks


@dataclass(frozen=True, slots=True)
class Offer:
    """What a connection is opened with."""

    subprotocols: Sequence[str] = ()
    good_until: float = math.inf
    """By `time.monotonic`; the connection ends then, and is opened again."""


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
    addresses: Callable[[], Sequence[Address]]
    """Family and socket address of the target by now, taken in turn."""
    sources: Sequence[str]
    terms: Terms
    passed_over: PassedOver
    """Called in the thread that opens them."""

    def handshake(self, offer: Offer, more: str) -> Handshake:
        """What opens one of them; `more` are lines of its head."""
        return Handshake(
            self.target.authority,
            self.path,
            subprotocols=offer.subprotocols,
            headers=self.headers,
            more=more,
        )


@dataclass(slots=True)
class Held:
    """How many there are. Read by other threads while it changes: each number is right, their sum need not be.

    What is sampled (openings, failures, ends) is sampled before it is counted here: who waits for a count can take it.
    """

    started: int = 0
    opening: int = 0
    greeting: int = 0
    """Agreed to, and not welcomed yet."""
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
        return self.waiting + self.opening + self.greeting


class Connection:
    """One of thousands: nothing in it that can be shared."""

    __slots__ = (
        "address",
        "connected",
        "due",
        "first",
        "good_until",
        "greeting",
        "heard",
        "heartbeat",
        "instance",
        "latency",
        "number",
        "opening",
        "reader",
        "sealed",
        "since",
        "socket",
        "trace",
        "unsent",
        "untried",
    )

    def __init__(  # noqa: PLR0913 - what it is from the beginning
        self, number: int, due: float, good_until: float, opening: Handshake, trace: str, *, first: bool
    ) -> None:
        self.socket: Any = None
        """As it was before gevent; none until it is dialled."""
        self.address = ""
        """Where it connects to."""
        self.untried: Sequence[Address] = ()
        """Where to connect to if this address refuses, until it is connected."""
        self.number = number
        self.due = due
        self.good_until = good_until
        self.opening: Handshake | None = opening
        self.trace = trace
        """The id of the trace that is its opening."""
        self.first = first
        """Whether it was never opened before."""
        self.reader = Reader()
        self.connected = False
        self.greeting = False
        """Whether it was agreed to and not welcomed yet."""
        self.latency: float | None = None
        """What opening it took, until it is told."""
        self.since = 0.0
        """When it was asked for, and later when it was agreed to."""
        self.sealed: Sealed | None = None
        self.unsent = b""
        self.heard = 0.0
        self.heartbeat: float | None = None
        self.instance = ""
        """Who answered its opening, if that is known; the same text for all that it answered."""

    def answered(self, *, greeting: bool) -> None:
        """Its opening is over, and it waits to be greeted, or came to nothing; who answered is kept."""
        if self.opening is not None:
            self.instance, self.opening = self.opening.instance, None
        self.greeting = greeting

    def put(self, data: bytes) -> bool:
        """Send what there is to send, as far as the socket takes it; returns whether it took all."""
        if self.sealed is not None:
            if data:
                self.sealed.seal(data)
            data = self.sealed.due()
        data = self.unsent + data
        if not data:
            return True
        try:
            sent = self.socket.send(data)
        except BlockingIOError:
            sent = 0
        self.unsent = data[sent:]
        return not self.unsent


class Row:
    """Connections that wait for one and the same, the oldest first; `waits` says which of them still do."""

    __slots__ = ("_row", "_waits", "append")

    def __init__(self, waits: Callable[[Connection], bool]) -> None:
        self._waits = waits
        self._row: collections.deque[Connection] = collections.deque()
        self.append = self._row.append

    def overdue(self, before: float) -> Iterator[Connection]:
        """Take out who waits since an earlier time, and forget who waits no more."""
        row = self._row
        while row and (row[0].since < before or not self._waits(row[0])):
            if self._waits(connection := row.popleft()):
                yield connection


class Expired(NamedTuple):
    """A connection that is to be opened again, with something that is good for longer."""

    number: int
    good_until: float
    since: float


def lost(connections: Iterable[Connection], now: float, terms: Terms) -> Iterator[tuple[Connection, Failure]]:
    """Those that gave no sign of life for longer than they may, and those that are alive and deaf."""
    for connection in connections:
        if connection.opening is not None:
            continue
        heartbeat = terms.heartbeat if connection.heartbeat is None else connection.heartbeat
        if now - connection.heard > _SILENT * heartbeat:
            yield connection, Failure("no heartbeat", f"nothing came for {now - connection.heard:.3g} s")
        elif not connection.greeting and (deaf := terms.deaf(connection.number, now)) is not None:
            yield connection, deaf
