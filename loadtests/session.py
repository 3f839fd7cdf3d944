"""What one load-making process knows of the run that it is part of. Users, their work and the pool of people ask it.

Made by the conductor when the leader has said which run it is; kept beside Locust's environment, of which there is one
in a process.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol
from weakref import WeakKeyDictionary

from fixtures.environments import Environment
from fixtures.statistics.histogram import Histogram
from loadtests.recording import Recorder
from loadtests.sightings import Sightings

if TYPE_CHECKING:
    import locust.env

    from loadtests.people import Pool
    from loadtests.profiles.model import Profile


class Work(Protocol):
    """Something that makes load in a process, from the beginning of the run until it is stopped."""

    def collect(self) -> None:
        """Hand over to the session what is new; called every second."""

    def stop(self, drain: float) -> int:
        """Start nothing more and wait up to `drain` seconds for what is in flight; return how much was not done.

        All that it counted is handed over then.
        """


@dataclass(slots=True)
class Session:
    """One process's part of one run."""

    run_id: str
    folder: Path
    """Where this process may leave evidence, the ledger of people among it."""
    profile: "Profile"
    platform: Environment
    recorder: Recorder
    share: int
    """Which of the processes that make load this is, from 0."""
    of: int
    """How many there are."""
    fire: Callable[..., None]
    """Locust's `request` event of this process."""
    begins: float = math.inf
    """When offset 0 of the schedule is, by `time.perf_counter`; never, until the leader has said so."""
    began: float = math.inf
    """The same by `clock.wall`."""
    pool: "Pool | None" = None
    """The people of this process; None if the profile needs none."""
    works: list[Work] = field(default_factory=list)
    """What makes load here; the run is over for this process when all are stopped."""
    over: bool = False
    """Whether they are being stopped, or were: what has not begun by then begins no more."""
    sightings: Sightings = field(default_factory=Sightings)
    """Who answered this process."""

    ways: Histogram = field(default_factory=Histogram)
    """How long its people's connections took; seconds."""

    left: list[str] = field(default_factory=list)
    """In words, who stayed behind of people who were made for nothing."""
    trouble: list[str] = field(default_factory=list)
    """What keeps this process from making the load that it should: the leader hears of it, and the run is INVALID."""
    lag: Histogram = field(default_factory=Histogram)
    """How late the event loops came round that works have of their own; seconds."""

    def sighted(self, service: str, served_by: str) -> None:
        """Note who answered; clients call it for each value that is new to them."""
        self.sightings.add(service, served_by)

    def second_of(self, offset: float) -> int:
        """The second of the shared epoch that an arrival at `offset` belongs to."""
        return int(self.began + offset)


def part(number: int, share: int, of: int) -> int:
    """How many of `number` belong to process `share` of `of`: as many as to any other, or one more."""
    return number // of + (share < number % of)


_sessions: Final["WeakKeyDictionary[locust.env.Environment, Session]"] = WeakKeyDictionary()


def open_session(environment: "locust.env.Environment", session: Session) -> None:
    """Make `session` the one of this process; another run's is forgotten."""
    _sessions[environment] = session


def close_session(environment: "locust.env.Environment") -> None:
    """The run is over for this process."""
    _sessions.pop(environment, None)


def session_of(environment: "locust.env.Environment") -> Session:
    """The session of this process. Raises `LookupError` before the leader has said which run it is."""
    try:
        return _sessions[environment]
    except KeyError:
        raise LookupError("this process is not part of a run yet") from None
