"""A load run as one value: all that its reports say, finished, interrupted or still going on. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fixtures.runs.evidence import Sighting
from loadtests.counts import Counts
from loadtests.profiles.model import Profile
from loadtests.soundness import Facts
from loadtests.verdict import Verdict


@dataclass(frozen=True, slots=True, order=True)
class Reading:
    """What the platform said of itself: the value of `name` (`metrics.NAMES`) at a service in a second of the epoch."""

    second: float
    service: str
    name: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRun:
    """One run. Times in seconds since 1970; counts are those of all processes together."""

    run: str
    """Its id, as `fixtures.runs.run_id` makes it."""
    profile: Profile
    environment: Mapping[str, Any]
    """As `fixtures.runs.document.described` gives it."""
    began: float
    """The first second of arrivals."""
    ended: float
    """When the last work had ended; of a run that goes on, now."""
    reported: int = 0
    """Every process has reported what ended in the seconds before this one."""
    counts: Counts
    verdict: Verdict
    facts: Facts
    sightings: tuple[Sighting, ...] = ()
    """Who answered."""
    replicas: Mapping[str, int] = field(default_factory=dict)
    """Service to how many instances of it answered."""
    readings: tuple[Reading, ...] = ()
    """The platform's own metrics; empty where the environment does not declare them."""
    contacts: Mapping[str, str] = field(default_factory=dict)
    """Whom the guide says to call (`fixtures.runs.contacts`)."""
    notes: tuple[str, ...] = ()
    """What else a reader should know, one sentence each."""

    @property
    def simulated(self) -> list[str]:
        """Parts of the platform that are not real."""
        return sorted(part for part, kind in self.environment["provenance"].items() if kind != "real")

    @property
    def first_second(self) -> int:
        """The second that charts begin with."""
        return int(self.began)
