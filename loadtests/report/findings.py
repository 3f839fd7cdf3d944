"""From broken questions to what broke them: which service, in what way, and when. Causes before consequences.

A budget asks the same thing of one operation, of all, and of the journeys that are made of them, so one sick service
breaks many lines. Here each kind of trouble (failures, or slowness over a limit) is laid to the services that brought
it about. Pure, and only a pointer: the verdict does not depend on it.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fixtures.statistics.bounds import exceeds
from loadtests.budgets.model import ALL
from loadtests.failure import NO_ROOM
from loadtests.judging import Answer, Finding
from loadtests.kinds import AGREED_CALL, CONNECTION, DELIVERY, FRESH, IDLE
from loadtests.numbers import count, latency, offset, share
from loadtests.report.model import LoadRun
from loadtests.said import OTHERS
from loadtests.verdict import OWN

BEHIND: Final = {
    DELIVERY: "chat, websocket-signaling",
    AGREED_CALL: "video-call-signaling",
    CONNECTION: "websocket-signaling, video-call-signaling",
    IDLE: "websocket-signaling",
    FRESH: "auth",
}
"""The services of what is measured beside operations: its name is nobody whose logs could be read."""
EXPLAINED: Final = 0.9
"""Of a line on all operations, services are named until they explain this share of all bad samples."""
_TIGHT: Final = 0.9
"""The span in which this share of the bad samples ended."""
_EDGE: Final = 0.15
"""Of the run, at either end: what begins and ends no further from it says nothing of a time. The twentieth that is left
out at each end lies there, and what chance adds to it."""
_SEVERAL: Final = 2
"""Instances of which one can be worse than the others."""
_CHANCE: Final = 0.001
"""How probable it may be that one of several that are equally bad looks so."""
_ANSWERS: Final = ("status 5", "contract: ", "refused")
"""How causes begin that are the platform's answers. A status of 400 and more may be that of a token kept too long."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What one service, or one thing that is measured beside services, did wrong."""

    subject: str
    """A service, or what was measured."""
    limit: float | None
    """Seconds that were exceeded; None for failures."""
    bad: int
    samples: int
    share_of_all: float
    """Of all bad samples of this kind."""
    worst: str
    """The operation, the cause, or both, that most of it is."""
    trace: str
    """Of one of the first that failed by the cause that most of it is, or of the slowest; empty where none is known."""
    instance: str
    """Who gave most of these answers, if there are others and that is no chance; empty otherwise."""
    first: int
    last: int
    """Seconds of the epoch between which nine of ten bad samples ended, or more."""
    lines: tuple[str, ...]
    """Questions that it explains."""

    def headline(self, began: float, ended: float) -> str:
        """One sentence."""
        how = "failed" if self.limit is None else f"took longer than {latency(self.limit)}"
        text = f"{self.subject}: {count(self.bad)} of {count(self.samples)} {how} ({share(self.bad / self.samples)})"
        if self.worst:
            text += f", mostly {self.worst}"
        if self.share_of_all < 1:
            text += f"; {share(self.share_of_all)} of all {'failures' if self.limit is None else 'slow ones'}"
        if self.instance:
            text += f"; mostly from the instance {self.instance}"
        edge = _EDGE * (ended - began)
        if self.first - began <= edge and ended - (self.last + 1) <= edge:
            return f"{text}; throughout"
        # From the second of the clock in which the run began, as in charts.
        begin, end = (offset(max(0, second - int(began))) for second in (self.first, self.last + 1))
        return f"{text}; from {begin} to {end}"


def troubles(run: LoadRun) -> tuple[Trouble, ...]:
    """What broke the budget: failures before slowness, since what fails is often slow, and the most first."""
    return _laid(run, [answer for answer in run.verdict.answers if answer.finding is Finding.BROKEN])


def doubts(run: LoadRun) -> tuple[Trouble, ...]:
    """The same of what was worse than the budget allows and is not proven broken; nothing where something else is.

    Where the generator may have been what was bad, only failures that were mostly answers of the platform.
    """
    answers = run.verdict.answers
    if any(answer.finding is Finding.BROKEN for answer in answers):
        return ()
    worse = [answer for answer in answers if answer.bad > answer.question.allowed * answer.samples]
    if any(reason.cause in OWN for reason in run.verdict.reasons):
        worse = [answer for answer in worse if answer.question.limit is None and _were_answers(run, answer)]
    return _laid(run, worse)


def _were_answers(run: LoadRun, answer: Answer) -> bool:
    """Whether most failures of a line are what no delay of the generator brings about by itself."""
    name = answer.question.name
    names = run.profile.called if name == ALL else {name}
    found = run.counts.causes.items()
    answered = sum(times for key, times in found if key[0] in names and key[1].startswith(_ANSWERS))
    return answered > answer.bad / 2


def _laid(run: LoadRun, answers: list[Answer]) -> tuple[Trouble, ...]:
    kinds = sorted({answer.question.limit for answer in answers}, key=lambda limit: (limit is not None, limit or 0))
    return tuple(
        trouble
        for kind in kinds
        for trouble in _of_kind(run, kind, [answer for answer in answers if answer.question.limit == kind])
    )


def service_of(subject: str, run: LoadRun) -> str:
    """The service of an operation; anything else is its own subject."""
    return subject.partition(" ")[0] if subject in run.profile.called else subject


def _of_kind(run: LoadRun, limit: float | None, worse: list[Answer]) -> Iterator[Trouble]:
    asked = {answer.question.name for answer in worse}
    groups: dict[str, list[str]] = {}
    for name in sorted(run.counts.tallies):
        if name in run.profile.called or name in asked:
            groups.setdefault(service_of(name, run), []).append(name)
    bad = {group: sum(_bad(run, name, limit) for name in names) for group, names in groups.items()}
    operations = sum(bad[group] for group, names in groups.items() if names[0] in run.profile.called)
    explained = 0
    for group in sorted(groups, key=lambda group: (groups[group][0] not in run.profile.called, -bad[group], group)):
        names = groups[group]
        of_operations = names[0] in run.profile.called
        needed = asked.intersection(names) or (of_operations and ALL in asked and explained < EXPLAINED * operations)
        if not bad[group] or not needed:
            continue
        explained += bad[group] if of_operations else 0
        lines = [
            answer
            for answer in worse
            if answer.question.name in names or (of_operations and answer.question.name not in run.counts.tallies)
        ]
        yield _trouble(run, names, limit, bad[group] / operations if of_operations else 1.0, lines)


def _trouble(run: LoadRun, names: list[str], limit: float | None, of_all: float, lines: list[Answer]) -> Trouble:
    seconds: Counter[int] = Counter()
    for name in names:
        for second, (_, bad) in run.counts.tallies[name].counts(limit).items():
            seconds[second] += bad
    first, last = _span(seconds)
    subject = service_of(names[0], run)
    return Trouble(
        subject=subject,
        limit=limit,
        bad=seconds.total(),
        samples=sum(run.counts.tallies[name].requests for name in names),
        share_of_all=of_all,
        worst=_worst(run, limit, names),
        trace=_trace(run, limit, names),
        instance=_instance(run, limit, names, run.replicas.get(BEHIND.get(subject, subject), 1)),
        first=first,
        last=last,
        lines=tuple(str(answer.question) for answer in lines),
    )


def _bad(run: LoadRun, name: str, limit: float | None) -> int:
    tally = run.counts.tallies[name]
    return tally.failed if limit is None else tally.over(limit)


def _causes(run: LoadRun, names: list[str]) -> dict[tuple[str, str], int]:
    """How often what failed so, most often first.

    What is counted together says nothing: what is told apart comes before it.
    """
    found = [item for item in run.counts.causes.items() if item[0][0] in names and item[0][1] != NO_ROOM]
    return dict(sorted(found, key=lambda item: (item[0][1] != OTHERS, item[1], item[0]), reverse=True))


def _trace(run: LoadRun, limit: float | None, names: list[str]) -> str:
    if limit is None:
        return run.counts.traces.get(next(iter(_causes(run, names)), ("", "")), (0, ""))[1]
    took, trace = run.counts.slowest.get(_slow(run, limit, names), (0.0, ""))
    return trace if took > limit else ""


def _slow(run: LoadRun, limit: float, names: list[str]) -> str:
    """Of which most were slow."""
    return max(names, key=lambda name: (_bad(run, name, limit), name))


def _worst(run: LoadRun, limit: float | None, names: list[str]) -> str:
    if limit is None:
        causes = _causes(run, names)
        if not causes:
            return ""
        top = next(iter(causes))
        rest = "" if causes[top] == max(causes.values()) else f" and {OTHERS}"
        # A journey, or what is measured beside, is named already.
        return (": ".join(top) if top[0] in run.profile.called else top[1]) + rest
    return _slow(run, limit, names) if len(names) > 1 else ""


def _instance(run: LoadRun, limit: float | None, names: list[str], replicas: int) -> str:
    """The one that gave more bad answers than halfway from its fair part to all, if that is hardly chance.

    Of all bad samples: what nobody answered is known of no instance.
    """
    found: Counter[str] = Counter()
    for (subject, exceeded, instance), times in run.counts.instances.items():
        if subject in names and exceeded == limit and instance != OTHERS:
            found[instance] += times
    if replicas < _SEVERAL or not found:
        return ""
    name = max(found, key=lambda name: (found[name], name))
    bad, part = sum(_bad(run, subject, limit) for subject in names), 1 / replicas
    chance = replicas * exceeds(found[name], bad, part)
    return name if found[name] > (1 + part) / 2 * bad and chance <= _CHANCE else ""


def _span(seconds: Counter[int]) -> tuple[int, int]:
    """The seconds between which the middle of all bad samples ended, as many at each end left out.

    What is left out so of an outage itself, in which many ended a second, is taken in again: when it began is asked.
    """
    outside = (1 - _TIGHT) / 2 * seconds.total()
    found, seen = [], 0
    for second, bad in sorted(seconds.items()):
        if seen + bad > outside and seen < seconds.total() - outside and bad:
            found.append(second)
        seen += bad
    first, last = found[0], found[-1]
    many = sum(seconds[second] for second in found) / (last + 1 - first) / 2
    while seconds[first - 1] >= many:
        first -= 1
    while seconds[last + 1] >= many:
        last += 1
    return first, last
