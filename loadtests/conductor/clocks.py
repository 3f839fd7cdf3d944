"""How far the clocks of a run's processes are apart, and whether one was set under the run."""

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from loadtests import clock


@dataclass(slots=True)
class Offset:
    """Another process's clock against one of this process that nobody can set, by the quickest of several answers."""

    seconds: float = 0.0
    _best: float = math.inf

    def answered(self, sent: float, theirs: float, received: float) -> None:
        """Take one answer: the quicker, the less can lie between; what is off by less than half its way is unknown."""
        way = received - sent
        if 0 <= way < self._best:
            self._best = way
            self.seconds = theirs - (sent + received) / 2

    @property
    def uncertain(self) -> float:
        """By how many seconds it may be wrong, at most: all of the way may have been the way there, or back."""
        return self._best / 2

    @property
    def known(self) -> bool:
        """Whether there was an answer."""
        return self._best < math.inf


def disagreement(offsets: Iterable[float]) -> float:
    """The largest distance between two clocks of the run; seconds."""
    known = list(offsets)
    return max(known) - min(known) if known else 0.0


@dataclass(slots=True)
class Drift:
    """Whether this machine's clock is set: it must advance as one does that nobody can set."""

    _since: float = field(default_factory=lambda: clock.told() - time.perf_counter())

    def seconds(self) -> float:
        """By how much it was set since this was made; positive if forward."""
        return clock.told() - time.perf_counter() - self._since
