"""Open arrivals of people: each begins its journey when the schedule says so, whether or not others are done.

A greenlet for each, with a pair of people from the pool. Who finds no place is refused, and counted so; nothing is
ever dropped silently.
"""

import contextlib
import logging
import math
import time
from collections.abc import Iterable, Mapping
from traceback import format_exc
from typing import TYPE_CHECKING, Final, Protocol

import gevent

from fixtures.runs.redaction import redact
from loadtests.arrivals import Arrival
from loadtests.engine.arriving import CATCHING_UP
from loadtests.failure import Failure
from loadtests.kinds import JOURNEY, count
from loadtests.session import Session

if TYPE_CHECKING:
    from loadtests.people import Pool, Visitor

_log = logging.getLogger(__name__)

UNFINISHED = "not finished"
_TURN: Final = 0.005
"""Seconds of overdue arrivals after which others have their turn: reports, signals, and whoever is under way."""


class Walk(Protocol):
    """A journey, as far as it matters here."""

    def run(self, visitor: "Visitor", since: float) -> None:
        """Make it once and count it; raises `GreenletExit` if it is ended before it was counted."""


class Visits:
    """The journeys of one process, by its share of the schedule."""

    def __init__(
        self, session: Session, pool: "Pool", journeys: Mapping[str, Walk], arrivals: Iterable[Arrival]
    ) -> None:
        self._session, self._pool, self._journeys, self._arrivals = session, pool, journeys, arrivals
        self._under_way: dict[gevent.Greenlet, tuple[str, Visitor]] = {}
        self._following: gevent.Greenlet | None = None
        self._catch_up_until = math.inf
        """Set when the end has come."""

    def begin(self) -> None:
        """Follow the schedule from the beginning of the run on."""
        self._following = gevent.spawn(self._follow)
        self._following.link_exception(self._breaks)

    def collect(self) -> None:
        """Everything is with the session already."""

    def stop(self, drain: float) -> int:
        """Begin what was due by now and nothing else, and wait for who is under way."""
        self._catch_up_until = time.perf_counter() + CATCHING_UP
        if self._following is not None:
            self._following.kill()
        gevent.joinall(list(self._under_way), timeout=drain)
        late = dict(self._under_way)
        gevent.killall(list(late))
        # Whoever was only tidying up ends like everybody else, and is counted already.
        unfinished = [which for walking, which in late.items() if isinstance(walking.value, gevent.GreenletExit)]
        for journey, visitor in unfinished:
            count(self._session.fire, JOURNEY, journey, None, Failure(UNFINISHED), trace=visitor.trace)
        return len(unfinished)

    def _breaks(self, following: gevent.Greenlet) -> None:
        """Whoever was to come after this is missing from every figure: the run is no sound one."""
        self._session.trouble.append(f"the schedule was not followed: {following.exception!r}")

    def _follow(self) -> None:
        begins = self._session.begins
        turn = 0.0
        for arrival in self._arrivals:
            due = begins + arrival.offset
            now = time.perf_counter()
            if due > now or now > turn:
                # Woken by the end, it goes on with whoever is due by now: they belong to the run, however late.
                with contextlib.suppress(gevent.GreenletExit):
                    gevent.sleep(max(0.0, due - now) if self._catch_up_until == math.inf else 0.0)
                now = time.perf_counter()
                turn = now + _TURN
            if self._catch_up_until < math.inf:
                if due > now:
                    return
                if now > self._catch_up_until:
                    # It cannot be caught up with: one refused is enough, and the profile says how many are missing.
                    second = self._session.second_of(arrival.offset)
                    self._session.recorder.asks(second)
                    self._session.recorder.refuses(second)
                    return
            self._arrive(arrival)

    def _arrive(self, arrival: Arrival) -> None:
        second = self._session.second_of(arrival.offset)
        recorder = self._session.recorder
        recorder.asks(second)
        visitor = self._pool.borrow()
        if visitor is None:
            recorder.refuses(second)
            return
        walking = gevent.spawn(self._walk, arrival, visitor)
        self._under_way[walking] = arrival.journey, visitor
        walking.rawlink(self._under_way.pop)

    def _walk(self, arrival: Arrival, visitor: "Visitor") -> None:
        due = self._session.begins + arrival.offset
        try:
            self._session.recorder.starts(self._session.second_of(arrival.offset), time.perf_counter() - due)
            walk(self._session, self._journeys[arrival.journey], arrival.journey, visitor, due)
        finally:
            self._pool.give_back(visitor)


def walk(session: Session, journey: Walk, name: str, visitor: "Visitor", since: float) -> None:
    """Make a journey. Any exception out of it is a mistake in the load test's own code, and makes the run INVALID.

    What the platform does wrong is counted within the journey, and raises nothing; nor is it a mistake to be killed.
    """
    try:
        journey.run(visitor, since)
    except (Exception, gevent.Timeout) as error:  # noqa: BLE001 - whatever it was, the leader has to hear of it
        _log.error("a journey broke: %s\n%s", name, redact(format_exc().rstrip()))
        broke = f"the journey {name} broke: "
        # Thousands may break in the second until the run ends, and one of a kind says what it was.
        if not any(trouble.startswith(broke) for trouble in session.trouble):
            session.trouble.append(f"{broke}{error!r}")
