"""Questions of a budget and their answers in plain words, with the numbers that `guide` stands for."""

import math
from collections.abc import Iterator
from typing import Final

from loadtests.budgets.model import Good, Over, Percentile, in_words, plain
from loadtests.budgets.questions import Question
from loadtests.judging import Answer, Finding
from loadtests.numbers import count, latency, several, share
from loadtests.report.model import LoadRun
from loadtests.soundness import Cause
from loadtests.verdict import PROVES_NOTHING, Outcome, Reason

FINDINGS: Final = {
    "held": "holds",
    "failed": "broken",
    "undecided": "open",
    "watched": "not proven",
    "not run": "nothing counted",
}
"""The words for what `document.outcome_of` says."""
_CONSEQUENCES: Final = frozenset({Cause.RATE, Cause.MINIMUM_EVIDENCE})


def who(question: Question) -> str:
    """The subject of a question, as a sentence names it: `all operations`."""
    return in_words(question.name)


def what(question: Question) -> str:
    """What is asked of the subject: `at most 5 % take longer than 1 s`."""
    line = question.line
    match line:
        case Percentile():
            return f"{plain(line.percent)} % within {latency(question.limit)}"
        case Over():
            return f"at most {share(question.allowed)} take longer than {latency(question.limit)}"
        case Good():
            return f"at least {plain(line.share.percent)} % {line.word}"
        case _:
            return f"at most {share(question.allowed)} fail"


def asked(question: Question) -> str:
    """The whole question: `all operations: at most 5 % take longer than 1 s`."""
    return f"{who(question)}: {what(question)}"


def answered(answer: Answer) -> str:
    """The question with the counts and the interval that answer it."""
    bad = f"{count(answer.bad)} of {count(answer.samples)} {_did(answer.question)} ({share(answer.share)})"
    return f"{asked(answer.question)}: {bad}, in truth between {share(answer.lower)} and {share(answer.upper)}"


def ended(run: LoadRun, second: int | None = None) -> str:
    """What ended in all, or in one second, and how much of it failed: `connecting 8, connection 9 (1 failed)`."""
    found = []
    for name, tally in sorted(run.counts.tallies.items()):
        samples, failed = (tally.requests, tally.failed) if second is None else tally.at(second)
        if samples:
            found.append(f"{name} {count(samples)}{f' ({count(failed)} failed)' if failed else ''}")
    return ", ".join(found)


def unanswered(run: LoadRun) -> str:
    """What is said where no operation was answered: whether any was called, and what ended all the same."""
    told = ended(run)
    if run.profile.called:
        return f"No operation was answered. What ended: {told}." if told else "Nothing was answered."
    return f"No operation was called. What ended: {told}." if told else "No operation was called, and nothing ended."


def unproven(run: LoadRun) -> list[Answer]:
    """Answers that are open and need not be settled: only watched, with no more bad than is allowed."""
    return [answer for answer in run.verdict.answers if answer.finding is Finding.OPEN and not answer.unsettled]


def unproven_lines(run: LoadRun) -> Iterator[str]:
    """The same in one line for each of the budget: how many questions, and how many more samples the rarest takes."""
    lines = dict.fromkeys(answer.question.line for answer in unproven(run))
    for line in lines:
        answers = [answer for answer in unproven(run) if answer.question.line == line]
        rarest = max(answers, key=lambda answer: math.inf if answer.more is None else answer.more)
        of = f" ({len(answers)} operations, rarest {rarest.question.name})" if len(answers) > 1 else ""
        more = (
            "no number of samples settles it"
            if rarest.more is None
            else f"{several(rarest.more, 'more sample')} would prove it"
        )
        yield (
            f"{line}{of}: {count(rarest.bad)} of {count(rarest.samples)} bad, in truth at most {share(rarest.upper)}; "
            f"{more}"
        )


def why(run: LoadRun) -> list[str]:
    """The reasons of the verdict; what is only open beside something graver, or an early end, is counted, not listed.

    What has no samples is no open question: that they are missing is a reason of its own.
    """
    answers = {str(answer): answer for answer in run.verdict.answers}
    outcome, found, beside = run.verdict.outcome, [], 0
    graver = outcome is not Outcome.INCONCLUSIVE or run.facts.interrupted
    reasons = [reason for reason in run.verdict.reasons if not follows(reason, run)]
    for reason in reasons:
        ended = reason.outcome is Outcome.INCONCLUSIVE and run.facts.interrupted == PROVES_NOTHING
        if ended and reason.text not in answers:
            # Its causes are told, and nobody else ended it; what is missing for that is told as what did not count.
            continue
        if graver and reason.outcome is Outcome.INCONCLUSIVE and reason.text in answers:
            beside += bool(answers[reason.text].samples)
            continue
        text = answered(answers[reason.text]) if reason.text in answers else reason.text
        cause = f"{reason.cause.label}: " if reason.cause else ""
        found.append(f"{'' if reason.outcome is outcome else f'{reason.outcome}, '}{cause}{text}")
    if len(reasons) < len(run.verdict.reasons):
        found.append("so no arrival was asked for, and too little was counted")
    if beside:
        found.append(f"beside that, {several(beside, 'question')} of the budget {'is' if beside == 1 else 'are'} open")
    return found


def follows(reason: Reason, run: LoadRun) -> bool:
    """Whether it only follows from workers that could not begin or were lost, or from an end, and nothing was asked."""
    facts = run.facts
    if facts.arrivals_asked:
        return False
    if reason.cause in _CONSEQUENCES:
        return bool(facts.unable or facts.workers_lost)
    if not facts.interrupted or reason.outcome is not Outcome.INCONCLUSIVE or facts.interrupted in reason.text:
        return False
    return not any(answer.samples for answer in run.verdict.answers)


def _did(question: Question) -> str:
    match question.line:
        case Good(word="delivered"):
            return "were not delivered"
        case Over() | Percentile():
            return f"took longer than {latency(question.limit)}"
        case _:
            return "failed"
