"""What one load-making process knows of the run that it is part of. Users, journeys and the engine ask it.

Made by the conductor when the leader has said which run it is; kept beside Locust's environment, of which there is one
in a process.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from fixtures.environments import Environment
from loadtests.recording import Recorder

if TYPE_CHECKING:
    import locust.env


@dataclass(slots=True)
class Session:
    """One process's part of one run."""

    run_id: str
    folder: Path
    """Where this process may leave evidence, the ledger of people among it."""
    profile: Any
    """A `loadtests.profiles.model.Profile`."""
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
    pool: Any = None
    """A `loadtests.people.Pool`, once its people are made."""
    sightings: dict[tuple[str, str], None] = field(default_factory=dict)
    """Every (service, value of X-Served-By) that answered, in the order of first answers."""

    def sighted(self, service: str, served_by: str) -> None:
        """Note who answered; clients call it for each value that is new to them."""
        self.sightings[service, served_by] = None

    def second_of(self, offset: float) -> int:
        """The second of the shared epoch that an arrival at `offset` belongs to."""
        return int(self.began + offset)


_sessions: Final["WeakKeyDictionary[locust.env.Environment, Session]"] = WeakKeyDictionary()


def open_session(environment: "locust.env.Environment", session: Session) -> None:
    """Make `session` the one of this process; another run's is forgotten."""
    _sessions[environment] = session


def session_of(environment: "locust.env.Environment") -> Session:
    """The session of this process. Raises `LookupError` before the leader has said which run it is."""
    try:
        return _sessions[environment]
    except KeyError:
        raise LookupError("this process is not part of a run yet") from None
