"""What a budget asks of the counts: one question for each share that must be small, of each subject by itself.

A percentile is a share, too: 'p99 <= 800 ms' asks whether at most 1 % took longer than 800 ms. So every question is
answered by exact counts, and no estimate of a quantile decides anything.
"""

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from fixtures.statistics.tally import Tally, merged
from loadtests.budgets.model import (
    ALL,
    EACH,
    Budget,
    Errors,
    Line,
    Over,
    Percentile,
    Rate,
    Samples,
    ShareLine,
)
from loadtests.kinds import IDLE

_ROUNDING: Final = 1e-6
"""Seconds by which the parts of a schedule may miss their sum: three minutes of phases can be 179.99999999999997 s."""


@dataclass(frozen=True, slots=True)
class Question:
    """Is the share of bad samples of `name` at most `allowed`?

    A sample is bad if it took longer than `limit` seconds, or, where `limit` is None, if it failed. Where the question
    is `watched`, the run is too short to have to prove that it holds: the budget says so (`proven from`).
    """

    line: ShareLine
    name: str
    limit: float | None
    allowed: float
    watched: bool = False

    @property
    def single(self) -> bool:
        """Whether samples are judged one by one, as of idle websockets: each is one sample, whenever it ends."""
        return self.name == IDLE

    def __str__(self) -> str:
        """Where it comes from, and of whom it is asked if the line does not say."""
        return f"{self.line} ({self.name})" if self.line.subject == EACH else str(self.line)


def limits(budget: Budget) -> tuple[float, ...]:
    """The latencies, in seconds, that every tally of the run has to count exactly; ascending."""
    seconds = {line.limit.seconds for line in budget.lines if isinstance(line, Over | Percentile)}
    return tuple(sorted(float(limit) for limit in seconds))


def smallest_late(budget: Budget) -> float:
    """The smallest share that a line allows to take longer than its limit; 1 where no latency is asked about."""
    return min((_measure(line)[1] for line in budget.lines if isinstance(line, Over | Percentile)), default=1.0)


def questions(budget: Budget, called: Collection[str], lasting: float = math.inf) -> tuple[Question, ...]:
    """Every question of the budget, where `called` are the operations that the run calls in `lasting` seconds.

    A line of one operation stands in for the `each` line that asks the same.
    """
    return tuple(
        Question(line, name, *_measure(line), watched=lasting < float(line.provable) - _ROUNDING)
        for line in budget.lines
        if not isinstance(line, Samples | Rate)
        for name in _names(budget, line, called)
    )


def minima(budget: Budget, called: Collection[str]) -> dict[str, int]:
    """The least number of samples of each subject; 1 for all who are asked something."""
    least = {question.name: 1 for question in questions(budget, called)}
    for line in budget.lines:
        if isinstance(line, Samples):
            least.update(dict.fromkeys(_names(budget, line, called), line.minimum))
    return least


def rate_asked(budget: Budget) -> float | None:
    """The share of arrivals that must have been started, if the budget says."""
    return next((line.share.fraction for line in budget.lines if isinstance(line, Rate)), None)


def tallies_of(name: str, tallies: Mapping[str, Tally], called: Collection[str]) -> list[Tally]:
    """What was counted of a subject: of `*`, of every operation of the contract (journeys are made of them)."""
    names = sorted(called) if name == ALL else [name]
    return [tallies[each] for each in names if each in tallies]


def tally_of(name: str, tallies: Mapping[str, Tally], called: Collection[str]) -> Tally | None:
    """The same as one; None if nothing was."""
    found = tallies_of(name, tallies, called)
    return found[0] if len(found) == 1 else merged(found)


def _names(budget: Budget, line: Line, called: Collection[str]) -> Iterator[str]:
    if line.subject != EACH:
        yield line.subject
        return
    own = {other.subject for other in budget.lines if other.asks == line.asks}
    yield from (name for name in sorted(called) if name not in own)


def _measure(line: ShareLine) -> tuple[float | None, float]:
    """The limit in seconds, and the share allowed beyond it."""
    if isinstance(line, Over):
        return float(line.limit.seconds), line.share.fraction
    if isinstance(line, Percentile):
        return float(line.limit.seconds), float((100 - line.percent) / 100)
    if isinstance(line, Errors):
        return None, line.share.fraction
    return None, float((100 - line.share.percent) / 100)
