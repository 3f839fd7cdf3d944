"""Idle websockets of a process: opened when the run begins, held until it ends, every loss of one counted."""

import collections
import time
from typing import Final

import gevent

from fixtures.checks.time_scale import scaled
from fixtures.clients.transport import SYNTHETIC_RUN
from fixtures.contract.frames import Event, Welcome, read_social
from fixtures.contract.promises import PROMISES
from fixtures.contract.served_by import HEADER
from fixtures.contract.websocket_signaling import SERVICE, SOCKET_PATH, SUBPROTOCOL
from fixtures.http1.target import Target
from loadtests.client import Timeouts
from loadtests.failure import SOMEBODY_ELSES, Failure, agrees
from loadtests.journeys.hearing import understood
from loadtests.profiles.model import CONNECTING
from loadtests.session import Session, part
from loadtests.sockets.frames import Closing
from loadtests.sockets.held import Offer, Terms
from loadtests.sockets.idle import Idle

_SERVED_BY: Final = HEADER.lower()
_CLOCKS: Final = 5.0
"""Seconds by which a token may expire before its time here: it was under way, and is good until a whole second."""
_WHOSE: Final = {"message.created": "sender_id", "presence.changed": "user_id"}
"""What of the data of an event says who did it."""


class Holding:
    """One process's share of the connections of a profile."""

    def __init__(self, session: Session) -> None:
        self._session = session
        platform, profile = session.platform, session.profile
        if session.pool is None:
            raise RuntimeError(f"the profile {profile.name} holds connections, and has no people whose they are")
        self._pool = session.pool
        self._take_tokens()
        self._people = tuple(person.user_id for person in session.pool.people)
        """Whose the tokens are; friends stand side by side."""
        self._count = part(profile.connections, session.share, session.of)
        self._agreed: collections.deque[str] = collections.deque()
        """Who agreed to an opening, as the thread has heard it."""
        self._idle = Idle(
            Target.of(platform.api, platform.ca_file),
            SOCKET_PATH,
            count=self._count,
            rate=CONNECTING / session.of,
            offer=self._offer,
            agreed=lambda headers: self._agreed.append(headers.get(_SERVED_BY, "")),
            headers={SYNTHETIC_RUN: session.run_id},
            timeouts=Timeouts().scaled(platform.time_scale),
            terms=Terms(
                heartbeat=scaled(PROMISES.sockets.heartbeat),
                promised=self._promised,
                welcome=scaled(PROMISES.deadlines.frame_answer),
                expiry=Closing(PROMISES.sockets.unauthorized, PROMISES.sockets.token_expired),
                clocks=_CLOCKS,
            ),
        )

    def begin(self) -> None:
        """Open them. Raises `NoRoomError` if this machine cannot hold so many."""
        self._idle.start()

    def collect(self) -> None:
        """Count what happened since the last time, note who answered, and take the newest tokens."""
        self._take_tokens()
        self._idle.tell(self._session.fire)
        for served_by in dict.fromkeys(self._agreed.popleft() for _ in range(len(self._agreed))):
            self._session.sighted(SERVICE, served_by)

    def stop(self, drain: float) -> int:
        """Wait for those that are being opened, and close all; returns how many were not open by then.

        If the run had its whole time, those whose turn never came are arrivals that were refused.
        """
        whole = time.perf_counter() >= self._session.begins + self._session.profile.duration
        unsettled = self._idle.stop(gevent.sleep, drain)
        if whole:
            self._refuse(self._count - self._idle.held.started)
        self.collect()
        return unsettled

    def _refuse(self, number: int) -> None:
        second = self._session.second_of(self._session.profile.duration)
        for _ in range(number):
            self._session.recorder.asks(second)
            self._session.recorder.refuses(second)

    def _offer(self, number: int) -> Offer:
        """Each is somebody's; who has several of them has several devices."""
        token, good_until = self._tokens[number % len(self._tokens)]
        return Offer((SUBPROTOCOL, f"bearer.{token}"), good_until)

    def _take_tokens(self) -> None:
        self._tokens = tuple(zip(self._pool.tokens, self._pool.good_until, strict=True))

    def _promised(self, number: int, text: str) -> float | None:
        me = number % len(self._tokens)
        return heartbeat(text, self._people[me], self._people[me ^ 1])


def heartbeat(text: str, me: str, friend: str) -> float | None:
    """Seconds between two pings, as the welcome says; None for any other frame.

    Raises `Failure` for what is no frame, and for what is not meant for somebody who knows only that friend.
    """
    frame = understood(read_social, text)
    if isinstance(frame, Welcome):
        agrees(frame, user_id=me)
        return scaled(frame.heartbeat_s)
    if isinstance(frame, Event) and frame.event in _WHOSE and frame.data[_WHOSE[frame.event]] not in {me, friend}:
        raise Failure(f"{SOMEBODY_ELSES} {frame.event}", str(frame.data[_WHOSE[frame.event]]))
    return None
