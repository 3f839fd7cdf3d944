"""What happens over time: phases of a steady rate, of a ramp, or of a spike; each is made of straight segments."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias


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


@dataclass(frozen=True, slots=True)
class Steady:
    """The same rate throughout. Seconds, and a second."""

    lasts: float
    rate: float

    @property
    def segments(self) -> tuple[Segment, ...]:
        """One level segment."""
        return (Segment(self.lasts, self.rate, self.rate),)

    def scaled(self, rate: float, lasting: float) -> "Steady":
        """The same with rate and duration times these."""
        return Steady(self.lasts * lasting, self.rate * rate)


@dataclass(frozen=True, slots=True)
class Ramp:
    """From one rate to another, either of which may be 0. Seconds, and a second."""

    lasts: float
    begins: float
    ends: float

    @property
    def segments(self) -> tuple[Segment, ...]:
        """One slope."""
        return (Segment(self.lasts, self.begins, self.ends),)

    def scaled(self, rate: float, lasting: float) -> "Ramp":
        """The same with rates and duration times these."""
        return Ramp(self.lasts * lasting, self.begins * rate, self.ends * rate)


@dataclass(frozen=True, slots=True)
class Spike:
    """A steady rate, but for `peak_lasts` seconds in the middle, when everybody comes at once."""

    lasts: float
    rate: float
    peak: float
    peak_lasts: float

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Before, peak, after."""
        around = Segment((self.lasts - self.peak_lasts) / 2, self.rate, self.rate)
        return (around, Segment(self.peak_lasts, self.peak, self.peak), around)

    def scaled(self, rate: float, lasting: float) -> "Spike":
        """The same with rates and durations times these."""
        return replace(
            self,
            lasts=self.lasts * lasting,
            rate=self.rate * rate,
            peak=self.peak * rate,
            peak_lasts=self.peak_lasts * lasting,
        )


Phase: TypeAlias = Steady | Ramp | Spike


def segments(phases: Iterable[Phase]) -> tuple[Segment, ...]:
    """All segments in order of time."""
    return tuple(segment for phase in phases for segment in phase.segments)


def duration(phases: Iterable[Phase]) -> float:
    """Seconds from the first to the end of the last."""
    return sum(phase.lasts for phase in phases)


def expected(phases: Iterable[Phase]) -> float:
    """How many arrive in all of them, on average."""
    return sum(segment.expected for segment in segments(phases))


def highest(phases: Iterable[Phase]) -> float:
    """The highest rate, a second; 0 without any phase."""
    return max((max(segment.begins, segment.ends) for segment in segments(phases)), default=0.0)


def steady_from(phases: Iterable[Phase], lasting: float) -> float:
    """Seconds until the rate changes for the last time, in a run of `lasting` seconds; 0 if it never does.

    That it falls to nothing, since the phases are over before the run, is a change as well.
    """
    since = at = 0.0
    rate: float | None = None
    for segment in segments(phases):
        since = since if rate in {None, segment.begins} else at
        at += segment.lasts
        since = since if segment.begins == segment.ends else at
        rate = segment.ends
    # Scaling rounds: phases that end with the run may seem to end an instant before it.
    return since if math.isclose(at, lasting) else at
