"""Idle websockets of a process: opened when the run begins, held until it ends, every loss of one counted."""

import collections
import time
from typing import Final

import gevent

from fixtures.checks.time_scale import scaled
from fixtures.contract.operation import SYNTHETIC_RUN
from fixtures.contract.promises import PROMISES
from fixtures.contract.served_by import HEADER
from fixtures.contract.websocket_signaling import SERVICE, SOCKET_PATH, SUBPROTOCOL
from fixtures.http1.target import Target
from loadtests.client import Timeouts
from loadtests.listening import Listening
from loadtests.profiles.model import CONNECTING
from loadtests.session import Session, part
from loadtests.sockets.frames import Closing
from loadtests.sockets.held import Offer, Terms
from loadtests.sockets.idle import Idle

_SERVED_BY: Final = HEADER.lower()
_CLOCKS: Final = 5.0
"""Seconds by which a token may expire before its time here: it was under way, and is good until a whole second."""


class Holding:
    """One process's share of the connections of a profile; `processes` of this machine have one each."""

    def __init__(self, session: Session, processes: int = 1) -> None:
        self._session = session
        platform, profile = session.platform, session.profile
        if session.pool is None:
            raise RuntimeError(f"the profile {profile.name} holds connections, and has no people whose they are")
        self._pool = session.pool
        self._take_tokens()
        listening = Listening([person.user_id for person in session.pool.people], session.pool.talked)
        self._count = part(profile.connections, session.share, session.of)
        self._agreed: collections.deque[str] = collections.deque()
        """Who agreed to an opening, as the thread has heard it."""
        self._passed_over: collections.deque[tuple[str, str]] = collections.deque()
        """Likewise which addresses did not let it in, and why."""
        self._idle = Idle(
            Target.of(platform.api, platform.ca_file),
            SOCKET_PATH,
            count=self._count,
            processes=processes,
            rate=CONNECTING / session.of,
            offer=self._offer,
            agreed=lambda headers: self._agreed.append(headers.get(_SERVED_BY, "")),
            passed_over=lambda *what: self._passed_over.append(what),
            headers={SYNTHETIC_RUN: session.run_id},
            timeouts=Timeouts().scaled(platform.time_scale),
            terms=Terms(
                heartbeat=scaled(PROMISES.sockets.heartbeat),
                promised=listening.hears,
                welcome=scaled(PROMISES.deadlines.frame_answer),
                expiry=Closing(PROMISES.sockets.unauthorized, PROMISES.sockets.token_expired),
                clocks=_CLOCKS,
                deaf=listening.deaf,
            ),
        )

    def begin(self) -> None:
        """Open them. Raises `NoRoomError` if this machine cannot hold so many."""
        self._idle.start()

    def collect(self) -> None:
        """Count what happened since the last time, note who answered or did not, and take the newest tokens."""
        self._take_tokens()
        self._idle.tell(self._session.fire)
        for served_by in dict.fromkeys(self._agreed.popleft() for _ in range(len(self._agreed))):
            self._session.sighted(SERVICE, served_by)
        for _ in range(len(self._passed_over)):
            self._session.recorder.passes_over(*self._passed_over.popleft())

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
