"""What happens over time: phases of a steady rate, of a ramp, or of a spike, as straight segments."""

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Segment:
    """`lasts` seconds in which the rate goes in a straight line from `begins` to `ends`, both a second."""

    lasts: float
    begins: float
    ends: float

    @property
    def expected(self) -> float:
        """How many arrive in it."""
        return self.lasts * (self.begins + self.ends) / 2

    def scaled(self, rate: float, lasting: float) -> "Segment":
        """The same with rates and duration times these."""
        return Segment(self.lasts * lasting, self.begins * rate, self.ends * rate)


def steady(lasts: float, rate: float) -> Segment:
    """The same rate throughout."""
    return Segment(lasts, rate, rate)


def spike(lasts: float, rate: float, peak: float, peak_lasts: float) -> tuple[Segment, Segment, Segment]:
    """A steady rate, but for `peak_lasts` seconds in the middle, when everybody comes at once."""
    around = steady((lasts - peak_lasts) / 2, rate)
    return around, steady(peak_lasts, peak), around


def duration(phases: Iterable[Segment]) -> float:
    """Seconds from the first to the end of the last."""
    return sum(segment.lasts for segment in phases)


def expected(phases: Iterable[Segment]) -> float:
    """How many arrive in all of them, on average."""
    return sum(segment.expected for segment in phases)


def highest(phases: Iterable[Segment]) -> float:
    """The highest rate, a second; 0 without any phase."""
    return max((max(segment.begins, segment.ends) for segment in phases), default=0.0)


def steady_from(phases: Iterable[Segment], lasting: float) -> float:
    """Seconds until the rate changes for the last time, in a run of `lasting` seconds; 0 if it never does.

    That it falls to nothing, since the phases are over before the run, is a change as well.
    """
    since = at = 0.0
    rate: float | None = None
    for segment in phases:
        since = since if rate in {None, segment.begins} else at
        at += segment.lasts
        since = since if segment.begins == segment.ends else at
        rate = segment.ends
    # Scaling rounds: phases that end with the run may seem to end an instant before it.
    return since if math.isclose(at, lasting) else at
