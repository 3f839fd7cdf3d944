"""The arrivals of a profile: when each is due, and which journey it makes.

The rate of a profile changes over time, and arrivals are drawn at a rate of 1 (`processes`). `Clock` stretches and
shrinks time between them: what was drawn at n is due when n arrivals are expected by the phases. So a Poisson process
becomes one whose rate is the profile's.
"""

from bisect import bisect
from collections.abc import Iterator, Sequence
from itertools import accumulate
from math import sqrt
from typing import NamedTuple

from loadtests.arrivals.processes import even, poisson
from loadtests.profiles.model import OperationRate, Profile
from loadtests.profiles.phases import Segment, expected


class Arrival(NamedTuple):
    """One piece of work."""

    offset: float
    """Seconds from the beginning of the run."""
    journey: str


def arrivals(profile: Profile, share: int = 0, of: int = 1) -> Iterator[Arrival]:
    """This share of the arrivals of a profile's journeys, in order of time, drawn as they are asked for.

    All shares together are the same arrivals whatever `of` is. Raises `ValueError` at the first one for a share that
    does not exist; closed users have no arrivals.
    """
    journeys = tuple(profile.mix)
    bounds = [weight / sum(profile.mix.values()) for weight in accumulate(profile.mix.values())][:-1]
    if profile.phases:
        draw = even if profile.arrivals == "constant" else poisson
        at = Clock(profile.phases).at
        for count, choice in draw(expected(profile.phases), f"{profile.seed}", share, of):
            yield Arrival(at(count), journeys[bisect(bounds, choice)])


def offsets(profile: Profile, rate: OperationRate, share: int = 0, of: int = 1) -> Iterator[float]:
    """The same for one of the profile's `rates`: when each of its requests is due.

    At random unless the profile's arrivals are constant.
    """
    draw = even if profile.arrivals == "constant" else poisson
    at = Clock(rate.phases).at
    for count, _ in draw(expected(rate.phases), f"{profile.seed} {rate.operation}", share, of):
        yield at(count)


class Clock:
    """Gives the moment until which so many arrivals are expected; asked in ascending order."""

    __slots__ = ("_began", "_counted", "_ends", "_segment", "_waiting")

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._waiting = list(reversed(segments))
        self._segment = self._waiting.pop()
        self._began = self._counted = 0.0
        self._ends = self._segment.expected

    def at(self, count: float) -> float:
        """The second until which `count` arrivals are expected; never less than for an earlier `count`.

        More than all are expected at the end.
        """
        while count >= self._ends and self._waiting:
            self._began += self._segment.lasts
            self._counted = self._ends
            self._segment = self._waiting.pop()
            self._ends += self._segment.expected
        return self._began + _elapsed(self._segment, count - self._counted)


def _elapsed(segment: Segment, count: float) -> float:
    """Seconds into the segment until which `count` arrivals are expected in it."""
    if count <= 0:
        return 0.0
    # The root of begins * t + rise / lasts / 2 * t * t = count that cancels nothing; rounding may go below zero.
    slope = (segment.ends - segment.begins) / segment.lasts
    root = sqrt(max(segment.begins * segment.begins + 2 * slope * count, 0.0))
    return min(2 * count / (segment.begins + root), segment.lasts)
