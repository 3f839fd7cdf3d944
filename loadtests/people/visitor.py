"""Who makes a journey: one person, the friend they share a conversation with, and the devices of both.

Nothing here knows how requests travel: `Equipment` brings clients and sockets.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from fixtures.clients.person import Person
from fixtures.contract import video_call_signaling, websocket_signaling
from fixtures.contract.operation import Operation
from loadtests.failure import Failure
from loadtests.kinds import count
from loadtests.people.newcomers import Newcomers

T = TypeVar("T")


class Sender(Protocol):
    """Sends operations one after the other, counts each, and raises `Failure` after counting one that failed."""

    token: str | None
    """The access token of the person in whose name it sends."""
    trace: str
    """The id of the trace that its requests belong to; without one each is a trace of its own."""

    def send(self, operation: Operation[T], *, since: float | None = None) -> T:
        """Send it once; `since` is its intended start (`time.perf_counter`), now if None."""

    def close(self) -> None:
        """End its connection."""


class Device(Protocol):
    """An open websocket; what it raises is a `Failure`."""

    def send(self, text: str) -> None:
        """Send a text message."""

    def receive(self, timeout: float) -> str:
        """The next text, within `timeout` seconds."""

    def listen(self, on_text: Callable[[str], None], on_end: Callable[[Any], None] | None = None) -> None:
        """Read from now on by itself: `on_text` for each text, at last `on_end`; neither may raise.

        What `on_end` is given says `by_us` whether `close` ended it, and not the other side.
        """

    def close(self) -> None:
        """End it with the closing handshake."""


class Equipment(Protocol):
    """What people of a run use; all that it counts, it counts by `fire`."""

    @property
    def fire(self) -> Callable[..., None]:
        """Locust's `request` event."""

    def client(self) -> Sender:
        """A client whose requests are counted."""

    def quiet_client(self) -> Sender:
        """A client for what the run needs and nobody has asked for, such as fresh tokens: it is not counted."""

    def new_trace(self) -> str:
        """The id of a trace that nothing belongs to yet."""

    def opens(self, path: str, subprotocol: str, token: str, since: float | None, trace: str) -> Device:
        """Open a websocket as part of a trace, counted as "connection"; `since` is the intended start."""


@dataclass(slots=True)
class Visitor:
    """A person on a journey; nobody else has this pair meanwhile."""

    person: Person
    friend: Person
    conversation_id: str
    client: Sender
    friends_client: Sender
    equipment: Equipment
    synthetic_key: Callable[[], str]
    newcomers: Newcomers
    """Who may register; who is still there after the run is removed then."""
    delivered: frozenset[str] = frozenset()
    """Messages of their last journey that the friend's phone heard: it must not hear them again."""
    cursor: str | None = None
    """Where the page of their conversation begins that they look at next: what is before it, they have seen."""
    before: int = 0
    """So many messages are before it."""
    told_by: float = math.inf
    """When both must have been told that they are friends, by `time.perf_counter`."""
    held: bool = False
    """Whether idle connections of both are held beside their journeys."""
    talked: float = -math.inf
    """When their last chat began that the friend's phone heard whole, by the same clock."""
    friend_gone: float = -math.inf
    """When the friend's phone was put away, by the same clock; infinite if it is not known to be."""
    trace: str = ""
    """The id of the trace that their journey is: all its requests and openings of websockets belong to it."""

    def sets_out(self) -> None:
        """Begin a journey, with the newest tokens of both."""
        self.trace = self.client.trace = self.friends_client.trace = self.equipment.new_trace()
        self.takes_tokens()

    def counts(self, kind: str, subject: str, latency: float | None, failure: Failure | None = None) -> None:
        """Count one sample of the journey; `latency` in seconds, None for what never came."""
        count(self.equipment.fire, kind, subject, latency, failure, trace=self.trace)

    def takes_tokens(self) -> None:
        """Send from now on with the newest tokens of both."""
        self.client.token = self.person.tokens.access_token
        self.friends_client.token = self.friend.tokens.access_token

    def phone(self, whose: Person, since: float | None = None) -> Device:
        """Connect a device for events; raises `Failure`."""
        path, subprotocol = websocket_signaling.SOCKET_PATH, websocket_signaling.SUBPROTOCOL
        return self.equipment.opens(path, subprotocol, whose.tokens.access_token, since, self.trace)

    def camera(self, whose: Person, since: float | None = None) -> Device:
        """Connect a device for calls; raises `Failure`."""
        path, subprotocol = video_call_signaling.SOCKET_PATH, video_call_signaling.SUBPROTOCOL
        return self.equipment.opens(path, subprotocol, whose.tokens.access_token, since, self.trace)

    def leaves(self) -> None:
        """End the connections of both."""
        self.client.close()
        self.friends_client.close()
