"""From expected counts to moments: when has so much of the work been due?

The rate of a profile changes over time. Counted in expected arrivals instead of seconds, every profile has the rate 1:
what is even or random there stays so, by the right measure, at the moments that belong to it.
"""

from collections.abc import Sequence
from math import sqrt

from loadtests.profiles.phases import Segment


class Clock:
    """Reads expected counts as moments, in ascending order."""

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
