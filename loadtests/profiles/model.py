"""A profile: one load run as it is meant, before anything is known of the platform.

Made by `load.load_profile`. Times are seconds, rates a second.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal, NamedTuple, TypeAlias

from loadtests.budgets.model import Budget
from loadtests.judging import Levels
from loadtests.profiles.phases import Segment, duration, expected, highest, steady_from
from loadtests.soundness import Soundness
from loadtests.verdict import Plan

Arriving: TypeAlias = Literal["constant", "poisson", "closed"]
"""How work arrives: evenly by schedule, at random by schedule, or whenever a user is done with the last."""
FEWEST_PEOPLE = 2
"""Nobody chats with themselves."""
CONNECTING = 200.0
"""Idle websockets opened a second, over all processes: who is only to hold connections is not stormed with them."""

_RARELY = 5.0
"""Standard deviations below what is expected."""


class OperationRate(NamedTuple):
    """One operation that the engine sends by a schedule of its own, beside the journeys."""

    operation: str
    """Its label; one of `operations.REPEATABLE`."""
    phases: tuple[Segment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One load run as it is meant."""

    name: str
    summary: str
    """One sentence for reports."""
    source: str
    """The file that it was read from."""
    digest: str = ""
    """Of what the file said when it was read."""
    arrivals: Arriving
    phases: tuple[Segment, ...] = ()
    """Of the journeys' arrivals; empty if `arrivals` is closed, or if there is no mix."""
    users: int = 0
    """Closed only: people who do one journey after another."""
    think: float = 0.0
    """Closed only: seconds between two journeys of one user."""
    closed_lasts: float = 0.0
    """Closed only: how long."""
    mix: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    """Journey to its weight."""
    people: int = 0
    """Synthetic people in the pool, over all processes."""
    rates: tuple[OperationRate, ...] = ()
    connections: int = 0
    """Idle websockets that are held throughout, over all processes."""
    budget: Budget
    environment: str | None = None
    """Name or path of the environment; None leaves it to the command line."""
    seed: int = 1
    """Of everything that is drawn: the same seed gives the same arrivals."""
    levels: Levels = field(default_factory=Levels)
    soundness: Soundness = field(default_factory=Soundness)
    called: frozenset[str]
    """Labels of the operations that the run calls: those of the mix, and those of `rates`."""
    measured: frozenset[str]
    """Further subjects that it measures: the journeys of the mix, and what they measure besides."""

    @property
    def duration(self) -> float:
        """Seconds from the first possible arrival to the last; draining comes on top."""
        return max(self.closed_lasts, duration(self.phases), *(duration(rate.phases) for rate in self.rates), 0.0)

    @property
    def open(self) -> bool:
        """Whether work arrives whether or not earlier work is done."""
        return self.arrivals != "closed"

    @property
    def expected(self) -> float:
        """Journeys that arrive by the schedule, on average; 0 for closed users, who have none."""
        return expected(self.phases)

    @property
    def fewest_arrivals(self) -> int:
        """Arrivals of all schedules, at least: fewer come once in three million runs. Closed users have none."""
        parts = [self.expected, *(expected(rate.phases) for rate in self.rates)]
        if self.arrivals == "constant":
            return sum(map(round, parts))
        return max(0, math.floor(sum(parts) - _RARELY * math.sqrt(sum(parts))))

    @property
    def peak(self) -> float:
        """The highest rate of journeys and operations together, if all had theirs at once."""
        return highest(self.phases) + sum(highest(rate.phases) for rate in self.rates)

    @property
    def steady_from(self) -> float:
        """Seconds from the beginning until what is asked for changes for the last time: no rise or fall is to come."""
        parts = (self.phases, *(rate.phases for rate in self.rates))
        return max(self.connections / CONNECTING, *(steady_from(phases, self.duration) for phases in parts))

    @property
    def plan(self) -> Plan:
        """What the verdict judges by."""
        return Plan(
            self.budget,
            self.called,
            self.levels,
            self.soundness,
            self.duration,
            self.steady_from,
            people=self.people > 0,
        )

    def scaled(self, *, rate: float = 1.0, lasting: float | None = None) -> "Profile":
        """The same shape with all load times `rate`, in `lasting` seconds instead of its own.

        Load is rates, users, idle connections and people; of the whole ones at least one is left (people: a pair). The
        budget stays: a run that is too short for its minimum samples proves nothing, and says so. Raises `ValueError`
        unless both are positive, finite numbers.
        """
        stretch = 1.0 if lasting is None else lasting / self.duration
        for factor in (rate, stretch):
            if not (math.isfinite(factor) and factor > 0):
                raise ValueError(f"a profile is scaled by positive, finite numbers, not {factor}")
        return replace(
            self,
            phases=_scaled(self.phases, rate, stretch),
            users=_whole(self.users, rate),
            closed_lasts=self.closed_lasts * stretch,
            people=max(_whole(self.people, rate), min(self.people, FEWEST_PEOPLE)),
            rates=tuple(OperationRate(each.operation, _scaled(each.phases, rate, stretch)) for each in self.rates),
            connections=_whole(self.connections, rate),
        )


def _scaled(phases: tuple[Segment, ...], rate: float, lasting: float) -> tuple[Segment, ...]:
    return tuple(segment.scaled(rate, lasting) for segment in phases)


def _whole(number: int, factor: float) -> int:
    return math.ceil(number * factor)
