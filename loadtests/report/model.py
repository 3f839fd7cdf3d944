"""A load run as one value: all that its reports say, finished, interrupted or still going on. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from fixtures.runs.evidence import Sighting
from loadtests.counts import Counts
from loadtests.verdict import Facts, Plan, Verdict


class Profiled(Protocol):
    """What a report says of a profile."""

    @property
    def name(self) -> str:
        """What reports call it."""

    @property
    def summary(self) -> str:
        """One sentence."""

    @property
    def arrivals(self) -> str:
        """`constant` or `poisson` for people who come by schedule, `closed` for users who wait for their answers."""

    @property
    def duration(self) -> float:
        """Seconds of arrivals."""

    @property
    def seed(self) -> int:
        """What its chance is made of."""


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
    profile: Profiled
    plan: Plan
    environment: Mapping[str, Any] | None
    """As `fixtures.runs.document.described` gives it; None if it was never read."""
    began: float
    """The first second of arrivals."""
    ended: float
    """When the last work had ended; of a run that goes on, now."""
    counts: Counts
    verdict: Verdict
    facts: Facts
    sightings: tuple[Sighting, ...] = ()
    """Who answered."""
    readings: tuple[Reading, ...] = ()
    """The platform's own metrics; empty where the environment does not declare them."""
    contacts: Mapping[str, str] = field(default_factory=dict)
    """Whom the guide says to call (`fixtures.runs.contacts`)."""
    notes: tuple[str, ...] = ()
    """What else a reader should know, one sentence each."""

    @property
    def open(self) -> bool:
        """Whether work arrived by schedule, whether or not earlier work was done."""
        return self.profile.arrivals != "closed"

    @property
    def first_second(self) -> int:
        """The second that charts begin with."""
        return int(self.began)
