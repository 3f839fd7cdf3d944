"""The verdict of a load run: a pure function of what was counted and of how the run went.

NO-GO before INVALID before INCONCLUSIVE before GO; whatever is said beside what prevails is in the reasons as well. A
limit proven broken stays proven if the harness suffered, too, with one exception: latency counts from the intended
start, so what a generator was late by is in every latency, and in every time-out. Of a generator that was late, or out
of CPU, descriptors or ports, nothing is proven broken, however bad it looks; what holds all the same, holds.

One thing is no question of a share: that people were given what is somebody else's. Once is NO-GO, in every run. And
one is asked in every run in which somebody's tokens had to be renewed, whatever its budget says: whether that failed
more often than the guide lets requests fail (LOD-02). It is in nobody's journey, and how often it comes is no
profile's to say: so it is NO-GO if it is proven broken, and need not be proven to hold, if not all failed at once.

Exit codes: GO 0, NO-GO 1, INCONCLUSIVE 75, INVALID one code for each cause, that of the first cause when several apply.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from fixtures.guide import load_guide
from fixtures.runs import verdict as suites
from fixtures.statistics.several import how, shared
from fixtures.statistics.tally import Tally
from loadtests.budgets.guide import numbers
from loadtests.budgets.model import Budget, Errors, Share, in_words
from loadtests.budgets.questions import Question, minima, questions, tallies_of
from loadtests.following import Follower
from loadtests.judging import Answer, Finding, Levels, at_the_end, worn_out
from loadtests.kinds import FRESH
from loadtests.numbers import count, duration, several
from loadtests.soundness import Cause, Facts, Soundness, measures

Outcome: TypeAlias = suites.Verdict
"""What a pipeline acts on, as of the suites; in the order in which one prevails."""
OWN: Final = frozenset({Cause.GENERATOR_EXHAUSTED, Cause.GENERATOR_CPU, Cause.GENERATOR_LAG})
"""Causes by which the generator's own delay, or its own failures, are in what it measured."""
MIXED_UP: Final = "people were given what is somebody else's, of which no share is allowed"
_LAST: Final = 20
"""The last of so many parts of a run is its end."""
_LONG: Final = 600.0
"""Seconds of a run that has an end worth judging. In a shorter one, as few bad seconds are worth next to nothing."""
PROVES_NOTHING: Final = "it proves nothing any more"
"""Who or what ended a run that its own causes ended."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One sentence, and the cause if it makes the run invalid."""

    outcome: Outcome
    text: str
    cause: Cause | None = None

    def __str__(self) -> str:
        """For the terminal."""
        return f"{self.outcome}{f' ({self.cause.label})' if self.cause else ''}: {self.text}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome with everything that led to it, the reasons that prevail first."""

    outcome: Outcome
    reasons: tuple[Reason, ...]
    answers: tuple[Answer, ...]
    sharing: str
    """How the level was shared among the questions, and which test judged."""
    worn_out: str = ""
    """In words, what the end of a long run broke that held over all."""

    @property
    def settled(self) -> bool:
        """Whether it is what a run may be ended for: whose generator cannot be trusted now may be trusted later."""
        return self.outcome in {Outcome.GO, Outcome.NO_GO}

    @property
    def exit_code(self) -> int:
        """What the process ends with."""
        if self.outcome is Outcome.INVALID:
            return next(reason.cause.code for reason in self.reasons if reason.cause is not None)
        return suites.ExitCode[self.outcome.name].value


@dataclass(frozen=True, slots=True)
class Plan:
    """What was to be judged: the budget, the operations that the profile calls, and how strictly."""

    budget: Budget
    called: frozenset[str]
    levels: Levels = field(default_factory=Levels)
    soundness: Soundness = field(default_factory=Soundness)
    lasting: float = math.inf
    """Seconds that the run is to last, by its schedule."""
    steady_from: float = 0.0
    """Seconds of it after which the load changes no more."""
    people: bool = False
    """Whether there is anybody whose tokens may have to be renewed, which is a question of its own."""

    @property
    def asked(self) -> tuple[Question, ...]:
        """All questions."""
        return questions(self.budget, self.called, self.lasting)


def judge(plan: Plan, tallies: Mapping[str, Tally], facts: Facts) -> Verdict:
    """The verdict of a finished run: one look, exact bounds."""
    answers = at_the_end((*plan.asked, *_beside(tallies)), tallies, plan.called, plan.levels)
    return _to_its_end(plan, tallies, _conclude(plan, tallies, facts, answers, _sharing(plan.levels, answers)))


def _sharing(levels: Levels, answers: Sequence[Answer]) -> str:
    return how(levels.alpha, levels.beta, len(answers))


def _to_its_end(plan: Plan, tallies: Mapping[str, Tally], verdict: Verdict) -> Verdict:
    """The verdict of a run that had its whole time: GO only if its end, by itself, does not speak against that."""
    worse = _worn_out(plan, tallies) if verdict.outcome is Outcome.GO else ""
    if not worse:
        return verdict
    outcome = Outcome.INCONCLUSIVE
    return replace(verdict, outcome=outcome, reasons=(Reason(outcome, worse),), worn_out=worse)


def _worn_out(plan: Plan, tallies: Mapping[str, Tally]) -> str:
    """In words, what a long run broke in its last part alone; empty if nothing.

    A few per cent of slow answers are allowed, and they may all have come at last: from a platform that had run out of
    something by then, and will stay as it is.
    """
    if not _LONG <= plan.lasting < math.inf:
        return ""
    ended = max(second for tally in tallies.values() for second in tally.seconds()) + 1
    part = math.ceil(plan.lasting / _LAST)
    found = worn_out(plan.asked, tallies, plan.called, plan.levels.alpha, ended - part)
    if not found:
        return ""
    worst = found[0]
    text = f"it did not end as it ran: in its last {duration(part)}, {worst.question}: {worst.bad} of {worst.samples}"
    return f"{text}; and {several(len(found) - 1, 'question')} more" if len(found) > 1 else text


class EarlyStop:
    """The verdict of a run that ends when it is decided: its error is bounded at any stopping time.

    Ask `advance` after every second, and `verdict` for people and at the end. A run that is followed so is judged so:
    `judge` on top of it would be a second chance to be wrong.

    Whoever leaves out the rest of a schedule takes it for more of what was seen. A NO-GO says that a limit was broken
    while it lasted: the counts of a longer run may be within it again, for a platform that recovered.
    A GO needs proof from when the load changes no more: before the peak of a spike nothing is known of it, and during
    it nothing of what it leaves behind. And what is only watched must be fine when the schedule is over: asked every
    second, it would be sooner or later.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._each = shared(plan.levels.alpha, len(plan.asked) + plan.people)
        self._follower = Follower(plan.asked, plan.called, replace(plan.levels, alpha=self._each * len(plan.asked)))
        self._watches = any(question.watched for question in plan.asked)

    def advance(self, tallies: Mapping[str, Tally], before: int, began: float = 0.0, *, reported: bool = False) -> bool:
        """Judge by all seconds earlier than `before`, which every worker has reported completely; it `began` then.

        With `reported` everything is there, and what came too late for its second is counted, too.
        True if the run may end: a question is broken; or none is watched, all hold, by the whole run and by what ended
        since the load changed last, and the minimum evidence is there.
        """
        steady = math.ceil(began + self._plan.steady_from)
        self._follower.advance(tallies, before, steady)
        if reported:
            self._follower.recount(tallies, steady)
        if self._follower.broken or self._watches:
            return self._follower.broken
        return self._follower.holds and not any(_too_few(self._plan, tallies))

    def verdict(self, tallies: Mapping[str, Tally], facts: Facts, *, whole: bool = False) -> Verdict:
        """The verdict so far, by the seconds that were judged; of fresh tokens by all counts, at one look.

        No run is ended for these: only its last look counts. So it is with the end of a run that had its `whole` time.
        """
        levels = replace(self._plan.levels, alpha=self._each)
        once = at_the_end(_beside(tallies), tallies, self._plan.called, levels)
        answers = (*self._follower.answers(), *once)
        sharing = _sharing(self._plan.levels, answers) + " Bounded at every look (e-processes)."
        verdict = _conclude(self._plan, tallies, facts, answers, sharing)
        return _to_its_end(self._plan, tallies, verdict) if whole else verdict


def _beside(tallies: Mapping[str, Tally]) -> tuple[Question, ...]:
    """What is asked beside the budget, where there is anything to ask it of."""
    if FRESH not in tallies:
        return ()
    share = Share(numbers(load_guide()).error_share, guide=True)
    return (Question(Errors(FRESH, share), FRESH, None, share.fraction, watched=True),)


def _conclude(
    plan: Plan, tallies: Mapping[str, Tally], facts: Facts, answers: Sequence[Answer], sharing: str
) -> Verdict:
    """The rules, whichever way the questions were answered."""
    unsound = [measure for measure in measures(plan.soundness, plan.budget, facts) if not measure.kept]
    if any(measure.cause in OWN for measure in unsound):
        answers = [_unproven(answer) for answer in answers]
    answers = [answer for answer in answers if answer.question.name != FRESH or _speaks(answer)]
    reasons = [Reason(Outcome.NO_GO, f"{MIXED_UP}: {'; '.join(facts.mixed_up)}")] if facts.mixed_up else []
    reasons += [Reason(Outcome.NO_GO, str(answer)) for answer in answers if answer.finding is Finding.BROKEN]
    reasons += [_invalid(measure.cause, measure.reason) for measure in unsound]
    if facts.interrupted:
        # Before what is missing for it.
        reasons.append(Reason(Outcome.INCONCLUSIVE, f"the run was ended early: {facts.interrupted}"))
    reasons += _evidence(plan, tallies, facts, answers)
    reasons += [Reason(Outcome.INCONCLUSIVE, str(answer)) for answer in answers if answer.unsettled]
    if answers and all(answer.question.watched for answer in answers):
        reasons.append(Reason(Outcome.INCONCLUSIVE, "the run is too short to prove any line of the budget"))
    order = list(Outcome)
    reasons.sort(key=lambda reason: order.index(reason.outcome))
    if not reasons:
        reasons.append(Reason(Outcome.GO, _held(answers)))
    return Verdict(reasons[0].outcome, tuple(reasons), tuple(answers), sharing)


def _speaks(answer: Answer) -> bool:
    """Whether it is proven broken, or all was bad in the one block that there is, which proves nothing either way."""
    return answer.finding is Finding.BROKEN or (answer.alone and answer.bad == answer.samples)


def _held(answers: Sequence[Answer]) -> str:
    """What GO rests on, and what it says nothing of."""
    held = sum(answer.finding is Finding.HOLDS for answer in answers)
    if held == len(answers):
        return f"all {held} questions of the budget hold" if held > 1 else "the budget's one question holds"
    return (
        f"{held} of {len(answers)} questions of the budget hold; {len(answers) - held} are not proven either way "
        "(the budget asks that of longer runs only), with no more bad than is allowed"
    )


def _unproven(answer: Answer) -> Answer:
    """The same without blaming the platform; more samples of this generator would settle nothing."""
    if answer.finding is not Finding.BROKEN:
        return answer
    return replace(answer, finding=Finding.OPEN, more=None, judged=False)


def _evidence(plan: Plan, tallies: Mapping[str, Tally], facts: Facts, answers: Sequence[Answer]) -> Iterator[Reason]:
    """Missing minimum evidence: the run proves nothing; if it was ended early, it only proves too little."""
    if not answers:
        yield _invalid(Cause.MINIMUM_EVIDENCE, "the budget asks nothing of what the profile calls")
    for name, got, least in _too_few(plan, tallies):
        text = f"{in_words(name)}: {several(got, 'sample')}, at least {count(least)} asked for"
        yield Reason(Outcome.INCONCLUSIVE, text) if facts.interrupted else _invalid(Cause.MINIMUM_EVIDENCE, text)


def _too_few(plan: Plan, tallies: Mapping[str, Tally]) -> Iterator[tuple[str, int, int]]:
    """Subjects with their samples and the least they need, where those are fewer."""
    for name, minimum in minima(plan.budget, plan.called).items():
        got = sum(tally.requests for tally in tallies_of(name, tallies, plan.called))
        if got < minimum:
            yield name, got, minimum


def _invalid(cause: Cause, text: str) -> Reason:
    return Reason(Outcome.INVALID, text, cause)
