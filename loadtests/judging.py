"""Answers to the questions of a budget, from the counts of a finished run. While one goes on: `loadtests.following`.

The same holds for both. Errors may come in bursts: a second is one block (`fixtures.statistics.blocks`), and the more
bad samples clump, the less the counts are worth; one block alone breaks nothing. Only samples that do not depend on
each other (`Question.single`) are judged one by one. A question is broken if the lower bound of its share is outside
the limit, at a level that all questions share, and holds if the upper bound is inside, at the whole level
(`fixtures.statistics.several`). A question that is only watched (`Question.watched`) is judged like any other; it
differs in what follows if it stays open.

What is assumed: that bad ones clump no more than they were seen to, and in no more than two blocks: an outage of a
minute counts as some twenty events. Nobody can exclude, in a run of a minute, an outage that comes once an hour.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from fixtures.statistics.blocks import REQUESTS, Blocks
from fixtures.statistics.bounds import exceeds, lower_bound, samples_to_settle, stays_below, upper_bound
from fixtures.statistics.several import holm, shared
from fixtures.statistics.tally import Tally
from loadtests.budgets.questions import Question, tally_of

_BESIDE: Final = 1.5
"""Up to so many times what is allowed, a share that nothing settles may well be what is allowed."""
NOT_JUDGED: Final = "not judged: the generator was late or had run out"
"""Of CPU, descriptors or ports."""


class Finding(Enum):
    """What is proven of one question."""

    HOLDS = "holds"
    BROKEN = "broken"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Levels:
    """How often the verdict may be wrong: `alpha` for a false NO-GO, `beta` for a false GO, of the whole run."""

    alpha: float = 1e-3
    beta: float = 1e-3


@dataclass(frozen=True, slots=True)
class Answer:
    """One question with its counts, the interval of its share, and how many samples more would settle it.

    `effect` is how many times less a sample is worth because bad ones clump. `more` is None when nothing settles it.
    `alone` says that all are of one block, which is one event and breaks nothing.
    `judged` is False where what is bad beyond the limit may be the generator's own doing.
    """

    question: Question
    samples: int
    bad: int
    effect: float
    lower: float
    upper: float
    finding: Finding
    more: int | None
    alone: bool = False
    judged: bool = True

    @property
    def share(self) -> float | None:
        """The share that was seen."""
        return self.bad / self.samples if self.samples else None

    @property
    def unsettled(self) -> bool:
        """Whether it stands in the way of a GO: open, and not merely watched with no more bad than is allowed."""
        fine = self.question.watched and self.bad <= self.question.allowed * self.samples
        return self.finding is Finding.OPEN and not (fine and self.samples)

    @property
    def passed(self) -> bool:
        """Whether it was broken for a while only: all counts together are within the limit."""
        return self.finding is Finding.BROKEN and self.bad <= self.question.allowed * self.samples

    @property
    def whole_seconds(self) -> bool:
        """Whether far more is bad than is allowed, and asked every second nothing settles it: one look at all would.

        Bets take little of a second that is bad as a whole (`GREED`), and win that back in none that is good.
        """
        far = self.bad > _BESIDE * self.question.allowed * self.samples
        return far and self.finding is Finding.OPEN and self.judged and self.more is None

    @property
    def worth(self) -> float:
        """As many independent samples as these are worth."""
        return self.samples / self.effect

    @property
    def worth_bad(self) -> float:
        """The bad ones among them."""
        return self.bad / self.effect

    def __str__(self) -> str:
        """One line for the report."""
        if not self.samples:
            enough = "" if self.more is None else f"; {self.more} samples settle it if none is bad"
            return f"{self.question}: nothing was counted{enough}"
        text = (
            f"{self.question}: {self.bad} of {self.samples} ({self.bad / self.samples:.3%}), "
            f"between {self.lower:.3%} and {self.upper:.3%}, allowed {self.question.allowed:.3%}: "
            f"{self.finding.value if self.judged else NOT_JUDGED}{' for a while' if self.passed else ''}"
        )
        if self.effect > 1.05:  # noqa: PLR2004 - less would read as 1.0
            text += f"; bad ones clump {self.effect:.1f} times"
        if self.finding is Finding.OPEN and self.judged:
            text += ", not proven either way" if self.question.watched else ""
            if self.whole_seconds:
                text += "; what is bad fills whole seconds: only one look at a whole run settles it"
            elif self.more is None:
                text += "; no number of samples settles it"
            else:
                text += f"; {self.more} more samples would settle it"
        return text


def at_the_end(
    asked: Sequence[Question], tallies: Mapping[str, Tally], called: Collection[str], levels: Levels
) -> tuple[Answer, ...]:
    """Every question answered by exact bounds on all counts of a finished run. One look: not to be asked repeatedly."""
    seen = {question: seconds_of(question, tallies, called) for question in asked}
    alone = shared(levels.alpha, len(asked))
    answers = {question: _one_look(question, seconds, alone, levels.beta) for question, seconds in seen.items()}
    broken = holm({question: _p_value(answer) for question, answer in answers.items()}, levels.alpha)
    return tuple(_broken(answers[question]) if question in broken else answers[question] for question in asked)


def _broken(answer: Answer) -> Answer:
    """Its share is beyond its limit, though proven only at a level that others leave to it (Holm)."""
    return replace(answer, finding=Finding.BROKEN, lower=max(answer.lower, answer.question.allowed), more=0)


def worn_out(
    asked: Sequence[Question], tallies: Mapping[str, Tally], called: Collection[str], level: float, since: int
) -> tuple[Answer, ...]:
    """What is proven broken by those samples alone that ended from that second on, the worst first.

    How many idle connections were lost is asked of the whole of a run, whenever they were.
    """
    each = shared(level, len(asked))
    last = (
        counted(question, grouped(question, seconds_of(question, tallies, called), since))
        for question in asked
        if not question.single
    )
    return tuple(sorted((answer for answer in last if _p_value(answer) <= each), key=lambda answer: -answer.worth_bad))


def seconds_of(question: Question, tallies: Mapping[str, Tally], called: Collection[str]) -> dict[int, tuple[int, int]]:
    """Samples and bad ones of each second in which there are any."""
    tally = tally_of(question.name, tallies, called)
    return {} if tally is None else tally.counts(question.limit)


def grouped(question: Question, seconds: Mapping[int, tuple[int, int]], since: int = 0) -> Blocks:
    """Those from a second on, in their order, as the blocks that the question is judged by."""
    counts = (seconds[second] for second in sorted(seconds) if second >= since)
    return Blocks.of(counts, 1) if question.single else Blocks.of(counts)


def counted(question: Question, blocks: Blocks) -> Answer:
    """The counts, and nothing proven."""
    effect = 1.0 if question.single else blocks.effect
    alone = blocks.alone and not question.single
    return Answer(question, blocks.n, blocks.bad, effect, 0.0, 1.0, Finding.OPEN, None, alone)


def _one_look(question: Question, seconds: Mapping[int, tuple[int, int]], alpha: float, beta: float) -> Answer:
    answer = counted(question, grouped(question, seconds))
    if not answer.samples:
        return replace(answer, more=_more(answer, alpha, beta))
    n, bad = answer.worth, answer.worth_bad
    holds = is_inside(answer, beta)
    lower = lower_bound(bad, n, alpha)
    return replace(
        answer,
        lower=min(lower, question.allowed) if answer.alone else lower,
        upper=upper_bound(bad, n, beta),
        finding=Finding.HOLDS if holds else Finding.OPEN,
        more=0 if holds else _more(answer, alpha, beta),
    )


def is_inside(answer: Answer, beta: float) -> bool:
    """Whether one look at these counts proves the share to be within its limit."""
    return stays_below(answer.worth_bad, answer.worth, answer.question.allowed) <= beta


def _p_value(answer: Answer) -> float:
    return 1.0 if answer.alone else exceeds(answer.worth_bad, answer.worth, answer.question.allowed)


def _more(answer: Answer, alpha: float, beta: float) -> int | None:
    """In samples of this run: effective ones times what they clump."""
    more = samples_to_settle(answer.worth_bad, answer.worth, answer.question.allowed, reject=alpha, accept=beta)
    if more is None:
        return None
    return max(math.ceil(more * answer.effect), REQUESTS if answer.alone else 0)
