"""What a person sees in the terminal: a few lines each second while it runs, and the last lines."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fixtures.runs.contacts import call_line
from fixtures.runs.redaction import redact
from fixtures.runs.terminal import listed
from fixtures.runs.verdict import ExitCode
from loadtests.judging import Answer, Finding
from loadtests.numbers import count, duration, latency, offset, several, share, significant
from loadtests.profiles.model import Profile
from loadtests.report.advice import meaning, steps
from loadtests.report.document import NOBODY, finding_of
from loadtests.report.findings import doubts, troubles
from loadtests.report.model import LoadRun
from loadtests.report.series import Moment, latest, overall
from loadtests.report.words import FINDINGS, asked, ended, unproven, unproven_lines, who, why
from loadtests.verdict import Outcome

_KEEP: Final = "Make room for the evidence, or name another folder (--run-folder), then run again."


def opening_line(profile: Profile, environment: Mapping[str, Any]) -> str:
    """What is to be done to whom, redacted: said before anything is done. Making many people takes its time, too."""
    first = f"; {count(profile.people)} people are made first" if profile.people else ""
    return redact(f"{profile.name} for {duration(profile.duration)} against {_target(environment)}{first}")


def live_lines(run_so_far: LoadRun) -> list[str]:
    """Three lines, redacted: how far, the last whole second, and a leak or the budget line that stands worst."""
    return [redact(line) for line in _live(run_so_far)]


def closing_lines(run: LoadRun, folder: str | None) -> list[str]:
    """The last lines, redacted; `folder` is where the evidence was written, None if it could not be."""
    return [redact(line) for line in _closing(run, folder)]


def _live(run: LoadRun) -> Iterator[str]:
    lasted, planned = max(0.0, run.ended - run.began), run.profile.duration
    yield f"{offset(lasted)} of {offset(planned)}  so far {_so_far(run)}  {_answered(run)}"
    moment = latest(run)
    if moment is not None:
        refused = f", refused {count(moment.refused)}" if moment.refused else ""
        told = _of(moment, run)
        yield f"  last second: asked {count(moment.asked)}, started {count(moment.started)}{refused}; {told}"
    worst = worst_of(run.verdict.answers)
    if run.facts.mixed_up:
        yield f"  {NOBODY}: {FINDINGS['failed']}: {'; '.join(run.facts.mixed_up)}"
    elif worst is not None:
        seen = f", seen {share(worst.share)}, between {share(worst.lower)} and {share(worst.upper)}"
        more = f", {several(worst.more, 'more sample')} would settle it" if worst.more else ""
        yield f"  worst line: {asked(worst.question)}: {finding_of(worst)}{seen if worst.samples else ''}{more}"


def _answered(run: LoadRun) -> str:
    """What was answered of operations; where the profile calls none, what ended, and what of it was waited for."""
    if not run.profile.called:
        waits = ((name, run.counts.tallies[name].latencies.quantile(0.95)) for name in sorted(run.counts.waits))
        took = "".join(f"; {name} p95 {latency(p95)}" for name, p95 in waits)
        return f"no operation is called; ended: {ended(run) or 'nothing'}{took}"
    everything = overall(run.counts.tallies, run.profile.called)
    failed = sum(tally.failed for name, tally in run.counts.tallies.items() if name in run.profile.called)
    return (
        f"{count(len(everything))} requests, {count(failed)} failed"
        f"{f' ({share(failed / len(everything))})' if failed else ''}, "
        f"p50 {latency(everything.quantile(0.5))}, p95 {latency(everything.quantile(0.95))}, "
        f"p99 {latency(everything.quantile(0.99))}"
    )


def _of(moment: Moment, run: LoadRun) -> str:
    """The same of one second."""
    if moment.requests:
        return f"p95 {latency(moment.p95)}, failed {count(moment.failures)}"
    told = ended(run, moment.second)
    if run.profile.called and told:
        return f"no request ended, but {told}"
    return f"ended: {told}" if told else "nothing ended"


def _so_far(run: LoadRun) -> str:
    """The verdict, and the cause if it is INVALID: a person may still mend that, or save the time."""
    cause = run.verdict.reasons[0].cause
    return f"{run.verdict.outcome} ({cause.label})" if cause else str(run.verdict.outcome)


def worst_of(answers: tuple[Answer, ...]) -> Answer | None:
    """The broken one that is furthest beyond its limit, else the open one nearest to it, else one that holds."""
    order = [Finding.BROKEN, Finding.OPEN, Finding.HOLDS]

    def rank(answer: Answer) -> tuple[int, float, str]:
        seen, allowed = answer.share or 0.0, answer.question.allowed
        return order.index(answer.finding), -seen / allowed, str(answer.question)

    return min(answers, key=rank, default=None)


def _closing(run: LoadRun, folder: str | None) -> Iterator[str]:
    verdict = run.verdict
    yield ""
    yield f"VERDICT  {_outcome(run, written=folder is not None)}"
    found = troubles(run)
    if found:
        yield "causes:"
        headlines = (trouble.headline(run.began, run.ended) for trouble in found)
        yield from listed([f"{number}. {headline}" for number, headline in enumerate(headlines, 1)])
    suspected = doubts(run)
    if suspected:
        yield "more was bad than is allowed, though it is not proven:"
        yield from listed([trouble.headline(run.began, run.ended) for trouble in suspected])
    yield "why:"
    yield from listed(why(run))
    if unproven(run):
        yield f"not proven either way, and need not be in {duration(run.profile.duration)}:"
        yield from (f"  {text}" for text in unproven_lines(run))
    left_out = list(_not_counted(run))
    if left_out:
        yield "what did not count:"
        yield from (f"  {text}" for text in left_out)
    yield "next:"
    stands = folder is not None or verdict.outcome is Outcome.NO_GO
    yield from (f"  {number}. {step}" for number, step in enumerate(steps(run) if stands else [_KEEP], 1))
    yield from (f"note: {note}" for note in run.notes)
    if verdict.outcome is Outcome.NO_GO and run.contacts:
        yield call_line(run.contacts)
    lasted = max(0.0, run.ended - run.began)
    rate = f", {significant(run.facts.arrivals_started / lasted)} arrivals a second" if lasted else ""
    made_by = several(run.facts.workers_expected, "worker")
    yield f"{run.profile.name} against {_target(run.environment)}: {duration(lasted)}{rate}, {made_by}"
    yield f"run {run.run}: {folder}" if folder else f"run {run.run}: no folder could be written"


def _target(environment: Mapping[str, Any]) -> str:
    return f"{environment['name']} ({environment['api']})"


def _outcome(run: LoadRun, *, written: bool) -> str:
    """What the process ends with: without its evidence only what is proven broken stays what it is."""
    verdict = run.verdict
    judged = f"{verdict.outcome}  (exit code {verdict.exit_code})"
    if written or verdict.outcome is Outcome.NO_GO:
        return f"{judged}  {meaning(run)}"
    without = f"{Outcome.INVALID}  (exit code {int(ExitCode.RUN_FOLDER)})"
    return f"{without}  The evidence could not be written; with it, it would have been {judged.replace('  ', ' ')}."


def _not_counted(run: LoadRun) -> Iterator[str]:
    """What was meant to be evidence and is not."""
    if run.facts.arrivals_refused:
        yield f"{count(run.facts.arrivals_refused)} arrivals that were due and had no place"
    missing = run.facts.arrivals_asked - run.facts.arrivals_started - run.facts.arrivals_refused
    if missing > 0:
        yield f"{count(missing)} arrivals that were asked for and not started"
    yield from (f"what {worker} counted while it was away" for worker in run.facts.workers_lost)
    silent = dict.fromkeys(who(answer.question) for answer in run.verdict.answers if not answer.samples)
    if silent and any(answer.samples for answer in run.verdict.answers):
        yield f"nothing at all was counted of: {', '.join(silent)}"
    elif silent:
        yield "nothing at all was counted"
