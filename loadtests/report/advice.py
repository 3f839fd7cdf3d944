"""What to do next: the sentence that a verdict means, and a step for each thing that stands in the way."""

import math
import re
from collections.abc import Iterator
from typing import Final

from loadtests.failure import BEFORE
from loadtests.journeys import JOURNEYS
from loadtests.kinds import CONNECTION
from loadtests.numbers import duration, several
from loadtests.profiles.quantities import DURATION
from loadtests.report.findings import BEHIND, Trouble, doubts, troubles
from loadtests.report.model import LoadRun
from loadtests.report.words import asked, follows, unproven
from loadtests.soundness import Cause
from loadtests.verdict import PROVES_NOTHING, Outcome

MEANING: Final = {
    Outcome.GO: "The platform holds its budget under this load.",
    Outcome.NO_GO: "The platform breaks its budget under this load.",
    Outcome.INVALID: "This run proves nothing about the platform: do not release on it.",
    Outcome.INCONCLUSIVE: "Nothing is proven yet, neither for the platform nor against it: do not release yet.",
}
_STEPS: Final = {
    Cause.NOT_PREPARED: (
        "Mend what kept workers from beginning or going on (people, profile, code, the network between them), then run "
        "again."
    ),
    Cause.TARGET_CHANGED: (
        "Let nobody deploy to the target or switch slots while a run lasts, and have every service say who answers "
        "(X-Served-By) where a slot or a build is meant; then run again."
    ),
    Cause.WORKER_LOST: (
        "Find out why the worker went (memory, eviction, network, a machine that stood still), then run again with all "
        "of them."
    ),
    Cause.GENERATOR_EXHAUSTED: "Raise what the generator ran out of (ulimit -n, ports, memory), or use more machines.",
    Cause.GENERATOR_CPU: "Spread the load over more processes (--processes) or machines, then run again.",
    Cause.GENERATOR_LAG: (
        "Keep other work off the generator's machine or spread the load over more processes. What is late by seconds "
        "is mostly a machine that stood still: asleep, moved, or without a processor of its own. A note says who took "
        "that from it."
    ),
    Cause.CLOCKS_DISAGREE: (
        "Synchronise the clocks of the generator's machines (chrony, NTP), and let nothing set one while a run lasts, "
        "as when a machine wakes up; then run again."
    ),
    Cause.NOT_STARTED: (
        "Look first whether answers slowed down or stopped at that time: then the platform held who was to come next. "
        "Else give the profile more people, if all were busy; rates more processes; idle websockets a run long enough "
        "to open them all."
    ),
    Cause.RATE: "Find what kept arrivals from being started (CPU, lag, people that were made), then run again.",
    Cause.MINIMUM_EVIDENCE: "Run longer or at a higher rate, so that every subject of the budget gets its samples.",
}

_BEFORE_SERVICES: Final = {
    "certificate: certificate (has expired|is not yet valid)": (
        "Look first at the clock of the generator's machine, by which most of what failed was asked while the "
        "certificate is not good, and then at the dates of the certificate."
    ),
    "certificate: |time-out connecting|name does not resolve|refused|unreachable|TLS": (
        "Look first at the way there, and not at a service: most of what failed had no connection. Try each address "
        "that the target's name has, its certificate, the balancer, and the network from here."
    ),
    "status 429": (
        "Look first whether something limits how much one address may ask: most of what failed was answered 429, and "
        "all load came from the generator's. Let that through, or use more machines, and run again."
    ),
    "contract: compressed": (
        "Look first at the CDN or the edge, and not at a service: most of what failed was answered compressed, which "
        "no request allowed."
    ),
    f"status [34].*{BEFORE}": (
        "Look first at the balancer, the CDN or a firewall, and not at a service: most of what failed was answered "
        "before any. A rule there may be one for each client address, and meet this generator alone."
    ),
}
"""How causes of failures begin that are no service's, whichever was asked, and where to look then.

A status of 500 and more, whoever gives it, is mostly that of a service which does not answer.
"""

_OF_ONE_STEP: Final = {
    "friend still online": "websocket-signaling",
    "history |wrong seq|wrong conversations|repeated conversation": "chat",
    "no notifications|repeated notification": "notification",
    "no one-time password": "notification, otp",
    "wrong display_name|wrong phone": "user-profile",
}
"""How causes of failed journeys begin that only one of their steps brings about, and whose that is."""


def meaning(run: LoadRun) -> str:
    """The sentence; of a GO by a run that was too short for some lines, how much is proven."""
    if run.facts.mixed_up:
        return "The platform gives people what is somebody else's."
    if run.verdict.outcome is Outcome.GO and unproven(run):
        return "The platform holds what so short a run can prove of its budget, and nothing speaks against the rest."
    return MEANING[run.verdict.outcome]


def steps(run: LoadRun) -> tuple[str, ...]:
    """Steps in the order in which they help, each once."""
    return tuple(dict.fromkeys(_steps(run)))


def _steps(run: LoadRun) -> Iterator[str]:
    if run.verdict.outcome is Outcome.NO_GO:
        yield "Do not release."
        yield from _look(run)
    suspected = doubts(run)
    if suspected:
        where = _where(suspected)
        bad = "more was bad there than is allowed"
        yield _before_services(run, suspected) or f"Look first at {where}: {bad}{_trace(suspected)}."
    for reason in run.verdict.reasons:
        # A platform that is proven broken may be why something was never seen, and a longer run no remedy.
        vain = reason.cause is Cause.MINIMUM_EVIDENCE and run.verdict.outcome is Outcome.NO_GO
        if reason.cause is not None and not vain and not follows(reason, run):
            yield _STEPS[reason.cause]
    if run.facts.interrupted and run.facts.interrupted != PROVES_NOTHING:
        yield "Run again to the end: it was ended early."
    elif run.verdict.outcome is Outcome.INCONCLUSIVE:
        yield from _more(run)
    if run.verdict.outcome is Outcome.GO:
        longest = max((answer.question.line.provable for answer in unproven(run)), default=0)
        if longest:
            yield f"To prove the rest of the budget, let a run last {duration(float(longest))} or more."
        yield "Go on, and keep watching the same numbers: a run cannot show what happens less than once in its time."
        if run.simulated:
            yield f"Do not take it as proof of what was simulated here: {', '.join(run.simulated)}."


def _look(run: LoadRun) -> Iterator[str]:
    """Where to look for what is the platform's fault."""
    if run.facts.mixed_up:
        yield "Take it for an incident of security: how did people get what is somebody else's, and since when?"
    found = troubles(run)
    if found:
        told = f"logs and metrics of the time that the causes name{_trace(found)}"
        yield _before_services(run, found) or f"Look first at {_where(found)}: {told}."


def _trace(found: tuple[Trouble, ...]) -> str:
    """Of one request that failed, if any that is told of was one."""
    return next((f"; one trace is {trouble.trace}" for trouble in found if trouble.trace), "")


def _where(found: tuple[Trouble, ...]) -> str:
    """Services, maybe with an instance, and what is measured with services.

    Of journeys alone those of the step that most of it is, or of all.
    """
    subjects = dict.fromkeys(trouble.subject for trouble in found)
    alone = not subjects.keys() - JOURNEYS.keys()
    behind = {trouble.subject: _of_steps(trouble) for trouble in reversed(found)} if alone else BEHIND
    more = {
        trouble.subject: ", instance ".join(filter(None, (behind.get(trouble.subject), trouble.instance)))
        for trouble in reversed(found)
    }
    return ", ".join(f"{name} ({more[name]})" if more[name] else name for name in subjects)


def _of_steps(trouble: Trouble) -> str:
    """The service of the step that most of it is; else those that a journey asks, or that do what it measures."""
    for beginning, service in _OF_ONE_STEP.items():
        if trouble.limit is None and re.match(beginning, trouble.worst):
            return service
    journey = JOURNEYS[trouble.subject]
    services = {operation.partition(" ")[0] for operation in journey.operations}
    # Whose connections it opens, its other work says; only of a journey without any both may be meant.
    measured = journey.measures - {CONNECTION} or (frozenset() if services else journey.measures)
    return ", ".join(sorted(services.union(*(BEHIND[name].split(", ") for name in measured))))


def _before_services(run: LoadRun, found: tuple[Trouble, ...]) -> str:
    """What to look at before any service, if more than half of all failures are its; nothing of what is only slow."""
    causes = run.counts.causes
    for beginning, step in _BEFORE_SERVICES.items():
        its = sum(times for (_, cause), times in causes.items() if re.match(beginning, cause))
        if found[0].limit is None and 2 * its > causes.total():
            return step
    return ""


def _more(run: LoadRun) -> Iterator[str]:
    """How much longer a run has to be for what is open, at the rate at which samples came."""
    if run.verdict.worn_out:
        yield "Look what the platform had run out of by then (memory, disk, connections), mend it, and run again."
    still = [answer for answer in run.verdict.answers if answer.unsettled and answer.samples]
    in_seconds = [answer for answer in still if answer.whole_seconds]
    if in_seconds:
        yield (
            f"Run again without --stop-when-decided, and no shorter: '{asked(in_seconds[0].question)}' breaks in whole "
            "seconds, and only one look at a whole run settles that."
        )
    at_limit = [answer for answer in still if answer.more is None and answer not in in_seconds]
    if at_limit:
        yield (
            f"'{asked(at_limit[0].question)}' lies at its limit: no number of samples settles it. "
            "Mend the platform, or decide whether the limit is meant."
        )
    lasted = max(1.0, run.ended - run.began)
    held = [answer for answer in still if answer.more and answer.question.single]
    for answer in held:
        # One sample each, however long it is held.
        yield (
            f"Hold {several(answer.more or 0, 'more connection')}: each is one sample, and so many settle "
            f"'{asked(answer.question)}'."
        )
    needs = [
        ((_expected(answer.samples + answer.more) / answer.samples - 1) * lasted, answer.more, asked(answer.question))
        for answer in still
        if answer.more and answer not in held
    ]
    if needs:
        seconds, more, question = max(needs)
        whole = math.ceil(run.profile.duration + seconds)
        option = f' (--for "{DURATION.show(whole)}")' if whole <= DURATION.most else ""
        yield (
            f"Run again, about {duration(math.ceil(seconds))} longer at this rate{option}: "
            f"{several(more, 'more sample')} would settle '{question}'."
        )


def _expected(needed: int) -> float:
    """As many as have to be expected so that chance, two standard deviations of it, leaves those that are needed."""
    return (1 + math.sqrt(1 + needed)) ** 2
