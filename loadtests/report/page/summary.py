"""The verdict at one glance, why, what to do next; and which run this was."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import starmap
from xml.etree.ElementTree import Element

from fixtures.runs.contacts import call_line
from fixtures.runs.terminal import SHOWN
from loadtests.numbers import count, duration, several, share, significant, when
from loadtests.profiles.model import Profile
from loadtests.profiles.phases import Segment, highest
from loadtests.report.advice import meaning, steps
from loadtests.report.findings import doubts, troubles
from loadtests.report.markup import tag
from loadtests.report.model import LoadRun
from loadtests.report.series import overall
from loadtests.report.words import unproven_lines, why
from loadtests.verdict import Outcome

_ARRIVALS = {
    "constant": (
        "open, evenly spaced: work arrived by schedule whether or not earlier work was done, and every time counts "
        "from when it was due"
    ),
    "poisson": (
        "open, at random (Poisson): work arrived as from people who know nothing of each other, whether or not earlier "
        "work was done, and every time counts from when it was due"
    ),
    "closed": (
        "closed: each user waited for the answer before going on, so a slow platform was asked less; "
        "times say little of what more people would have seen"
    ),
}


def summary(run: LoadRun) -> Iterator[Element]:
    """What to know if nothing else is read."""
    outcome = run.verdict.outcome
    yield tag("h1", f"Load run {run.profile.name} against {run.environment['name']}, {when(run.began)}")
    yield tag(
        "section",
        tag("p", outcome.value, class_="word"),
        tag("p", meaning(run), class_="meaning"),
        *_causes(run),
        tag("h3", "Why"),
        tag("ul", *_items(_reasons(run))),
        *_unproven(run),
        tag("h3", "What to do next"),
        tag("ol", *_items(steps(run))),
        *_calls(run),
        class_=f"verdict {outcome.value.lower()}",
        aria_label="verdict",
    )


def facts(run: LoadRun) -> Iterator[Element]:
    """Which run this was."""
    yield tag("h2", "The run")
    yield tag("dl", *starmap(_fact, _facts(run)))


def _facts(run: LoadRun) -> Iterator[tuple[str, str, bool]]:
    profile, environment = run.profile, run.environment
    lasted = max(0.0, run.ended - run.began)
    ended_early = f", ended early: {run.facts.interrupted}" if run.facts.interrupted else ""
    yield "Began", when(run.began), False
    yield "Lasted", f"{duration(lasted)} of {duration(profile.duration)}{ended_early}", False
    yield "Requests", _requests(run, lasted), False
    yield "Processes that made load", count(run.facts.workers_expected), False
    yield "Environment", f"{environment['name']}, slot {environment['slot']}", False
    yield "Address", str(environment["api"]), False
    yield "Build", _builds(run), False
    yield "Run", run.run, False
    yield "Profile", f"{profile.name}: {profile.summary}", True
    yield "Arrivals", _ARRIVALS[profile.arrivals], True
    yield "What people did", _mix(profile), True
    if environment["provenance"]:
        simulated = f"; simulated: {', '.join(run.simulated)}" if run.simulated else ""
        real = sorted(set(environment["provenance"]) - set(run.simulated))
        yield "Parts of the platform", f"real: {', '.join(real) or 'nothing'}{simulated}", True
    for note in run.notes:
        yield "Note", note, True


def _requests(run: LoadRun, lasted: float) -> str:
    if not run.profile.called:
        return "none: no operation was called"
    operations = len(overall(run.counts.tallies, run.profile.called))
    return f"{count(operations)}{f', {count(operations / lasted)} a second' if lasted else ''}"


def _fact(name: str, text: str, wide: bool) -> Element:  # noqa: FBT001 - a row of a table
    return tag("div", tag("dt", name), tag("dd", text), class_="wide" if wide else None)


def _builds(run: LoadRun) -> str:
    seen = sorted({seen.build for seen in run.sightings if seen.build})
    meant = run.environment["build"]
    if not seen:
        return f"{meant} was meant, nobody said" if meant else "nobody said"
    return ", ".join(seen)


def _mix(profile: Profile) -> str:
    total = sum(profile.mix.values())
    parts = [f"{name} {share(weight / total)}" for name, weight in sorted(profile.mix.items(), key=lambda one: -one[1])]
    if profile.phases:
        parts.append(f"{_most(profile.phases)} of these")
    if profile.rates:
        rates = (f"{rate.operation} ({_most(rate.phases)})" for rate in profile.rates)
        parts.append("at a rate of its own: " + ", ".join(rates))
    parts.append(several(profile.people, "synthetic person").replace("persons", "people"))
    if profile.connections:
        parts.append(f"{several(profile.connections, 'websocket')} held idle")
    return "; ".join(parts) + f"; seed {profile.seed}"


def _most(phases: Sequence[Segment]) -> str:
    return f"at most {significant(highest(phases))} a second"


def _causes(run: LoadRun) -> Iterator[Element]:
    found = troubles(run)
    if found:
        yield tag("h3", "Causes")
        yield tag("ol", *_items(trouble.headline(run.began, run.ended) for trouble in found))
    suspected = doubts(run)
    if suspected:
        yield tag("h3", "More was bad than is allowed, though it is not proven")
        yield tag("ul", *_items(trouble.headline(run.began, run.ended) for trouble in suspected))


def _unproven(run: LoadRun) -> Iterator[Element]:
    lines = list(unproven_lines(run))
    if lines:
        yield tag("h3", f"Not proven either way, and need not be in {duration(run.profile.duration)}")
        yield tag("ul", *_items(lines))


def _reasons(run: LoadRun) -> list[str]:
    reasons = why(run)
    rest = len(reasons) - SHOWN
    return [*reasons[:SHOWN], f"and {rest} more, line by line below"] if rest > 0 else reasons


def _calls(run: LoadRun) -> Iterator[Element]:
    if run.verdict.outcome is Outcome.NO_GO and run.contacts:
        line = call_line(run.contacts)
        yield tag("p", line[0].upper() + line[1:], class_="small")


def _items(texts: Iterable[str]) -> Iterator[Element]:
    return (tag("li", text) for text in texts)
