"""Answers to the questions of a budget while a run goes on: asked again and again, and NO-GO no oftener wrong for it.

What is judged, and what it assumes, is that of `loadtests.judging`, by tests that may be looked at after every second.
What assumes the most is good news: that bad samples clump no more than was seen, when few or none were seen yet. So it
ends no run before it comes from so many blocks (`fewest_blocks`), and even then of fewer bursts than a whole run sees.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from fixtures.statistics.blocks import Blocks, BlockTest
from fixtures.statistics.bounds import fewest_more
from fixtures.statistics.sequential import Decision, anytime_interval, share_test
from fixtures.statistics.several import shared
from fixtures.statistics.tally import Tally
from loadtests.budgets.questions import Question, tallies_of
from loadtests.judging import Answer, Finding, Levels, counted, grouped, is_inside, seconds_of

_WHOLE: Final = 0.05
"""As large a share of blocks that fail whole is refuted before good news ends a run, if no larger one is allowed."""
_AT_ONCE: Final = 1000
"""Seconds that are gone through one by one: usually there is one new one."""


class Follower:
    """Judges the questions after every second. How often it is asked, or when one stops, makes no NO-GO oftener wrong.

    A question is broken from when its sequential test rejects (`BlockTest`), for good. Whether it holds is judged anew
    at every look (`_Holds`). Intervals are valid at every look. A look costs as much after hours as after seconds.
    """

    def __init__(self, asked: Sequence[Question], called: Collection[str], levels: Levels) -> None:
        self._called, self._levels = frozenset(called), levels
        self._alpha = shared(levels.alpha, len(asked))
        self._tests: dict[Question, BlockTest | _Singles] = {
            question: (_Singles if question.single else BlockTest)(question.allowed, alpha=self._alpha)
            for question in asked
        }
        self._all = {question: grouped(question, {}) for question in asked}
        self._since = {question: grouped(question, {}) for question in asked}
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
            seconds = seconds_of(question, tallies, self._called)
            self._all[question] = grouped(question, seconds)
            self._since[question] = grouped(question, seconds, steady)
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

        These are to be of enough blocks, too: as long as nothing is bad nobody knows how much it clumps, and a thousand
        requests of one second are one event. Neither is so of single ones: what is held is counted when it is opened.
        """
        return (
            bool(self._tests)
            and self._held == self._tests.keys()
            and all(
                blocks.complete >= fewest_blocks(question.allowed, self._levels.beta)
                and self._holding_since.look(question, blocks)
                for question, blocks in self._since.items()
                if not question.single
            )
        )

    def answers(self) -> tuple[Answer, ...]:
        """The answers so far; milliseconds for each, for its interval."""
        return tuple(map(self._answer, self._tests))

    def _answer(self, question: Question) -> Answer:
        answer = counted(question, self._all[question])
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
        test = share_test(answer.question.allowed, self._alpha, self._levels.beta)

        def accepted(more: int) -> bool:
            n = math.floor(answer.worth + more)
            return n > 0 and test.decide(n, min(n, math.ceil(answer.worth_bad + share * more))) is Decision.ACCEPT

        more = fewest_more(accepted)
        return None if more is None else math.ceil(more * answer.effect)


class _Singles:
    """`BlockTest` for samples that stand for themselves: by the sequential test of independent ones."""

    def __init__(self, limit: float, *, alpha: float) -> None:
        self._test = share_test(limit, alpha, alpha)
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
        answer = counted(question, blocks)
        if question not in self._accepted:
            n, bad = math.floor(answer.worth), math.ceil(answer.worth_bad)
            test = share_test(question.allowed, self._alpha, self._beta)
            if not n or test.decide(n, min(n, bad)) is not Decision.ACCEPT:
                return False
            self._accepted.add(question)
        return is_inside(answer, self._beta)


def fewest_blocks(allowed: float, beta: float) -> int:
    """As many, none bad, as refute that of all blocks the share allowed fails whole, or a twentieth if that is more.

    To refute the same of a hundredth would take 688, and most runs have fewer seconds.
    """
    return math.ceil(math.log(beta) / math.log1p(-max(allowed, _WHOLE)))


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
