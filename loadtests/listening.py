"""What people's idle devices hear: whom that may be of, and whether they go deaf.

A message is on every connected device of every member (CHT-01). A chat that reached the friend's phone is therefore
heard by the idle devices of both; one that was open all the while and heard nothing of it stays open for nothing, as
those of a service do that lost its consumer or its place in a channel.
"""

import math
import time
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from fixtures.checks.time_scale import scaled
from fixtures.contract.frames import Event, Welcome, read_social
from fixtures.contract.promises import PROMISES
from loadtests.failure import SOMEBODY_ELSES, Failure, agrees
from loadtests.journeys.hearing import understood

_CREATED: Final = "message.created"
_WHOSE: Final = {_CREATED: "sender_id", "presence.changed": "user_id"}
"""What of the data of an event says who did it."""


class _Missed(NamedTuple):
    since: float
    due: float


class Listening:
    """Devices of `people`, friends side by side: number n is one of person n, modulo how many there are.

    `talked` says when the last chat of person n began that went well, by `clock`. All is called in one thread.
    """

    def __init__(
        self, people: Sequence[str], talked: Callable[[int], float], *, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._people = people
        self._talked = talked
        self._clock = clock
        self._ready: dict[int, float] = {}
        """When each was ready for events."""
        self._heard: dict[int, float] = {}
        """When each heard a message for the last time."""
        self._missed: dict[int, _Missed] = {}
        """Chats of which each heard nothing yet, and until when it may."""

    def hears(self, number: int, text: str) -> float | None:
        """Take what came; seconds between two pings, as the welcome says, None for any other frame.

        Raises `Failure` for what is no frame, and for what is not meant for somebody who knows only that friend.
        """
        me = number % len(self._people)
        frame = understood(read_social, text)
        if isinstance(frame, Welcome):
            agrees(frame, user_id=self._people[me])
            # Until then a service may wait whether earlier events are wanted first.
            self._ready[number] = self._clock() + scaled(PROMISES.deadlines.resume)
            self._missed.pop(number, None)
            return scaled(frame.heartbeat_s)
        if isinstance(frame, Event) and frame.event in _WHOSE:
            who = frame.data[_WHOSE[frame.event]]
            if who not in {self._people[me], self._people[me ^ 1]}:
                raise Failure(f"{SOMEBODY_ELSES} {frame.event}", str(who))
            if frame.event == _CREATED:
                self._heard[number] = self._clock()
        return None

    def deaf(self, number: int, now: float) -> Failure | None:
        """What is wrong if it heard nothing of a whole chat in time, which passes as `now` does."""
        missed = self._missed.get(number)
        if missed is None:
            since = self._talked(number % len(self._people))
            if since > self._ready.get(number, math.inf) and since > self._heard.get(number, -math.inf):
                self._missed[number] = _Missed(since, now + scaled(PROMISES.deadlines.message_delivery))
        elif missed.since <= self._heard.get(number, -math.inf):
            del self._missed[number]
        elif now >= missed.due:
            return Failure("no messages", "a chat of theirs reached another device, and not this one, which was open")
        return None
