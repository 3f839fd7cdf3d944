"""Answers to the questions of a budget, from counts: once at the end, or again and again while the run goes on.

Both ways errors may come in bursts: seconds are blocks (`fixtures.statistics.blocks`), and counts are worth less the
more they clump. Only samples that stand for themselves (`Question.single`) are judged one by one: what is asked of them
is how many were there at the end. Both ways a broken question is one whose lower bound is outside the limit, at a level
that all questions share; a held one has its upper bound inside, at the whole level (`fixtures.statistics.several`). One
that is watched (`Question.watched`) is judged like any other, and only what follows when it stays open differs.

What is assumed: that bad ones clump no more than they were seen to. Nobody can exclude, in a run of a minute, an outage
that comes once an hour.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from fixtures.statistics.blocks import Blocks, BlockTest
from fixtures.statistics.bounds import exceeds, fewest_more, lower_bound, samples_to_settle, stays_below, upper_bound
from fixtures.statistics.sequential import Decision, anytime_interval, share_test
from fixtures.statistics.several import holm, shared
from fixtures.statistics.tally import Tally
from loadtests.budgets.questions import Question, tallies_of, tally_of

NOT_JUDGED: Final = "not judged: the generator was late or had run out"
"""Of CPU, descriptors or ports."""
_AT_ONCE: Final = 1000
"""Seconds that are gone through one by one: usually there is one new one."""


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
            text += (
                "; no number of samples settles it" if self.more is None else f"; {self.more} samples more settle it"
            )
        return text


def at_the_end(
    asked: Sequence[Question], tallies: Mapping[str, Tally], called: Collection[str], levels: Levels
) -> tuple[Answer, ...]:
    """Every question answered by exact bounds on all counts of a finished run. One look: not to be asked repeatedly."""
    seen = {question: _blocks(question, tallies, called) for question in asked}
    alone = shared(levels.alpha, len(asked))
    answers = {question: _one_look(question, blocks, alone, levels.beta) for question, blocks in seen.items()}
    broken = holm({question: _p_value(answer) for question, answer in answers.items()}, levels.alpha)
    return tuple(
        replace(answers[question], finding=Finding.BROKEN, more=0) if question in broken else answers[question]
        for question in asked
    )


class Follower:
    """The same questions, asked after every second; wrong no more often however often it is asked, or when it stops.

    A question is broken when the bets on its blocks say so (`BlockTest`), and stays so. It holds as long as `_Holds`
    says. The interval is right at every look. A look costs the same after hours as after seconds.
    """

    def __init__(self, asked: Sequence[Question], called: Collection[str], levels: Levels) -> None:
        self._called, self._levels = frozenset(called), levels
        self._alpha = shared(levels.alpha, len(asked))
        self._tests: dict[Question, BlockTest | _Singles] = {
            question: (_Singles if question.single else BlockTest)(question.allowed, alpha=self._alpha)
            for question in asked
        }
        self._all = {question: _of(question, []) for question in asked}
        self._since = {question: _of(question, []) for question in asked}
        """Those from when the load is steady."""
        self._holding = _Holds(self._alpha, levels.beta)
        self._holding_since = _Holds(self._alpha, levels.beta)
        self._held: set[Question] = set()
        self._before: int | None = None

    def advance(self, tallies: Mapping[str, Tally], before: int, steady: int = 0) -> None:
        """Judge by the seconds earlier than `before`, which every worker has reported completely.

        Each second is counted and bet on once, the first time that it is before `before`. From `steady` on the load
        changes no more; it is the same at every look.
        """
        if self._before is None:
            # What is not complete yet may not be the first: nothing is counted until something is.
            first = min((second for tally in tallies.values() for second in tally.seconds()), default=before)
            if first >= before:
                return
            self._before = first
        for second in _seconds(tallies, self._before, before):
            for question, test in self._tests.items():
                n, bad = _at(second, question, tallies_of(question.name, tallies, self._called))
                complete = self._all[question].add(n, bad)
                if complete is not None:
                    test.observe(*complete)
                if second >= steady:
                    self._since[question].add(n, bad)
        self._before = max(self._before, before)
        self._look()

    def recount(self, tallies: Mapping[str, Tally], steady: int = 0) -> None:
        """Judge by everything that there is, also what was added to a second after it was counted; bet no more."""
        for question in self._tests:
            tally = tally_of(question.name, tallies, self._called)
            seconds = sorted(({} if tally is None else tally.counts(question.limit)).items())
            self._all[question] = _of(question, (counts for _, counts in seconds))
            self._since[question] = _of(question, (counts for second, counts in seconds if second >= steady))
        self._look()

    def _look(self) -> None:
        self._held = {question for question, blocks in self._all.items() if self._holding.look(question, blocks)}

    @property
    def broken(self) -> bool:
        """Whether a question is."""
        return any(test.decision is Decision.REJECT for test in self._tests.values())

    @property
    def holds(self) -> bool:
        """Whether there are questions, and all hold, by all counts and by those alone since the load is steady.

        Not so of single ones: what is held is counted when it is opened.
        """
        return (
            bool(self._tests)
            and self._held == self._tests.keys()
            and all(
                self._holding_since.look(question, blocks)
                for question, blocks in self._since.items()
                if not question.single
            )
        )

    def answers(self) -> tuple[Answer, ...]:
        """The answers so far; milliseconds for each, for its interval."""
        return tuple(map(self._answer, self._tests))

    def _answer(self, question: Question) -> Answer:
        answer = _counted(question, self._all[question])
        lower, upper = anytime_interval(answer.worth, answer.worth_bad, self._alpha, self._levels.beta)
        finding = Finding.OPEN
        if question in self._held:
            # What was accepted at one look is so at all of them, as long as the share is the same.
            finding, upper = Finding.HOLDS, min(upper, question.allowed)
        if self._tests[question].decision is Decision.REJECT:
            finding = Finding.BROKEN
        # It is the bets that decide on which side of the limit the share is, if it stayed the same.
        answer = replace(answer, lower=lower, upper=upper, finding=finding, more=0)
        if finding is Finding.OPEN:
            answer = replace(answer, lower=min(lower, question.allowed), more=self._more(answer))
        elif finding is Finding.BROKEN and not answer.passed:
            answer = replace(answer, lower=max(lower, question.allowed))
        return answer

    def _more(self, answer: Answer) -> int | None:
        """As many more as are accepted, or bet on until they reject: one look would be content with fewer."""
        share = answer.share or 0.0
        if share >= answer.question.allowed:
            return self._tests[answer.question].samples_to_reject()
        test = share_test(answer.question.allowed, None, self._alpha, self._levels.beta)

        def accepted(more: int) -> bool:
            n = math.floor(answer.worth + more)
            return n > 0 and test.decide(n, min(n, math.ceil(answer.worth_bad + share * more))) is Decision.ACCEPT

        more = fewest_more(accepted)
        return None if more is None else math.ceil(more * answer.effect)


class _Singles:
    """`BlockTest` for samples that stand for themselves: by the sequential test of independent ones."""

    def __init__(self, limit: float, *, alpha: float) -> None:
        self._test = share_test(limit, None, alpha, alpha)
        self._n = self._bad = 0
        self.decision = Decision.UNDECIDED

    def observe(self, n: int, bad: int) -> Decision:
        """Count a second, and judge; what is rejected stays so, and nothing is accepted."""
        self._n, self._bad = self._n + n, self._bad + bad
        if self._test.decide(self._n, self._bad) is Decision.REJECT:
            self.decision = Decision.REJECT
        return self.decision

    def samples_to_reject(self) -> int | None:
        """How many more would reject, if as many of them were bad as so far."""

        def rejected(more: int) -> bool:
            n = self._n + more
            return n > 0 and self._test.decide(n, math.floor(self._bad / self._n * n)) is Decision.REJECT

        return fewest_more(rejected) if self._n else None


class _Holds:
    """Which questions hold, however often one looks: accepted once, and by all counts until now still inside.

    Accepted is what a sequential test accepts (`ShareTest` with nothing above the limit allowed). That alone bounds how
    often a share beyond its limit is taken to hold, if the share is the same throughout. A platform that breaks later
    has another one then, for which what was accepted before does not speak. So the bound of a single look must be
    inside the limit, too, at every look: nothing holds here that `at_the_end` finds open or broken by the same counts.
    To ask for more can only make a false GO rarer. That such a question is broken it does not prove, since the moment
    of the look may be chosen by the counts: that is for the bets.
    """

    def __init__(self, alpha: float, beta: float) -> None:
        self._alpha, self._beta = alpha, beta
        self._accepted: set[Question] = set()

    def look(self, question: Question, blocks: Blocks) -> bool:
        """Whether it holds now, by these."""
        counted = _counted(question, blocks)
        if question not in self._accepted:
            n, bad = math.floor(counted.worth), math.ceil(counted.worth_bad)
            test = share_test(question.allowed, None, self._alpha, self._beta)
            if not n or test.decide(n, min(n, bad)) is not Decision.ACCEPT:
                return False
            self._accepted.add(question)
        return _inside(counted, self._beta)


def _blocks(question: Question, tallies: Mapping[str, Tally], called: Collection[str]) -> Blocks:
    tally = tally_of(question.name, tallies, called)
    return _of(question, [] if tally is None else tally.blocks(question.limit))


def _of(question: Question, seconds: Iterable[tuple[int, int]]) -> Blocks:
    return Blocks.of(seconds, 1) if question.single else Blocks.of(seconds)


def _seconds(tallies: Mapping[str, Tally], first: int, before: int) -> Iterable[int]:
    """In their order, all from `first` to `before` in which anything was counted; between them there may be decades."""
    if before - first <= _AT_ONCE:
        return range(first, before)
    known = {second for tally in tallies.values() for second in tally.seconds()}
    return sorted(second for second in known if first <= second < before)


def _at(second: int, question: Question, tallies: Iterable[Tally]) -> tuple[int, int]:
    """Samples and bad ones of a second."""
    found = [tally.at(second, question.limit) for tally in tallies]
    return sum(n for n, _ in found), sum(bad for _, bad in found)


def _counted(question: Question, blocks: Blocks) -> Answer:
    """The counts, and nothing proven."""
    effect = 1.0 if question.single else blocks.effect
    return Answer(question, blocks.n, blocks.bad, effect, 0.0, 1.0, Finding.OPEN, None)


def _one_look(question: Question, blocks: Blocks, alpha: float, beta: float) -> Answer:
    answer = _counted(question, blocks)
    if not answer.samples:
        return replace(answer, more=_more(answer, alpha, beta))
    n, bad = answer.worth, answer.worth_bad
    holds = _inside(answer, beta)
    return replace(
        answer,
        lower=lower_bound(bad, n, alpha),
        upper=upper_bound(bad, n, beta),
        finding=Finding.HOLDS if holds else Finding.OPEN,
        more=0 if holds else _more(answer, alpha, beta),
    )


def _inside(answer: Answer, beta: float) -> bool:
    """Whether one look at these counts proves the share to be within its limit."""
    return stays_below(answer.worth_bad, answer.worth, answer.question.allowed) <= beta


def _p_value(answer: Answer) -> float:
    return exceeds(answer.worth_bad, answer.worth, answer.question.allowed)


def _more(answer: Answer, alpha: float, beta: float) -> int | None:
    """In samples of this run: effective ones times what they clump."""
    more = samples_to_settle(answer.worth_bad, answer.worth, answer.question.allowed, reject=alpha, accept=beta)
    return None if more is None else math.ceil(more * answer.effect)
