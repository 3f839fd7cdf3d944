"""Closed users: each makes one journey after the other and thinks in between. A slow platform gets less of their load.

What waits for such a user is not seen: while one waits for an answer, nobody else arrives in its place. So the report
says which kind of load a run had.
"""

import random
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import gevent

from loadtests.failure import Failure
from loadtests.kinds import JOURNEY, count
from loadtests.session import Session
from loadtests.visits import UNFINISHED, Walk, walk

if TYPE_CHECKING:
    from loadtests.people import Pool, Visitor


class Rounds:
    """The journeys of one closed user."""

    def __init__(self, session: Session, pool: "Pool", journeys: Mapping[str, Walk], chance: random.Random) -> None:
        self._session, self._pool, self._journeys, self._chance = session, pool, journeys, chance
        self._walking: tuple[str, Visitor] | None = None
        self._going: gevent.Greenlet | None = None
        self._ending = False

    def begin(self) -> None:
        """Walk from the beginning of the run on."""
        self._going = gevent.spawn(self._go)
        self._going.link_exception(self._breaks)

    def collect(self) -> None:
        """Everything is with the session already."""

    def stop(self, drain: float) -> int:
        """Begin no other journey, and wait for the one that is made."""
        self._ending = True
        if self._going is None:
            return 0
        if self._walking is not None:
            self._going.join(drain)
        self._going.kill()
        if self._walking is None:
            return 0
        journey, visitor = self._walking
        count(self._session.fire, JOURNEY, journey, None, Failure(UNFINISHED), trace=visitor.trace)
        return 1

    def _breaks(self, going: gevent.Greenlet) -> None:
        """One user fewer than the profile asks for: the run is no sound one."""
        self._session.trouble.append(f"a user ended: {going.exception!r}")

    def _go(self) -> None:
        profile, begins = self._session.profile, self._session.begins
        names, weights = tuple(profile.mix), tuple(profile.mix.values())
        # All at once would be a spike that no profile asked for.
        gevent.sleep(max(0.0, begins - time.perf_counter()) + self._chance.uniform(0, profile.think))
        while not self._ending and time.perf_counter() < begins + profile.closed_lasts:
            [name] = self._chance.choices(names, weights)
            self._walk(name)
            if not self._ending:
                gevent.sleep(profile.think)

    def _walk(self, name: str) -> None:
        since = time.perf_counter()
        second = self._session.second_of(since - self._session.begins)
        self._session.recorder.asks(second)
        visitor = self._pool.borrow()
        if visitor is None:
            self._session.recorder.refuses(second)
            return
        self._session.recorder.starts(second, 0.0)
        self._walking = name, visitor
        try:
            walk(self._session, self._journeys[name], name, visitor, since)
            self._walking = None
        finally:
            self._pool.give_back(visitor)
