"""The arrivals of a profile: when each is due, and which journey it makes."""

from bisect import bisect
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

from loadtests.arrivals.clock import Clock
from loadtests.arrivals.processes import even, poisson
from loadtests.profiles.model import OperationRate, Profile
from loadtests.profiles.phases import expected


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
