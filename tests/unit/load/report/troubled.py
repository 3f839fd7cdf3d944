"""Runs of a minute in which something is broken: what fails, and what is slow."""

from dataclasses import replace

from loadtests.counts import Counts
from loadtests.report.model import LoadRun
from loadtests.verdict import judge
from tests.unit.load.judged import SOUND
from tests.unit.load.report import runs

BEGAN, LASTED, RATE = runs.BEGAN, 60, 100
PROFILE = runs.profile(
    "*: errors <= guide\n*: share over guide\neach: errors <= 2 %\ndelivery: delivered >= 99 %\nchatting: errors <= 5 %"
)


def run(failing: dict[str, tuple[float, str]], slow: frozenset[str] = frozenset()) -> LoadRun:
    """Every subject each second; `failing` is share and cause, `slow` takes two seconds."""
    counts = Counts((1.0,))
    for name in (*runs.OPERATIONS, "delivery", "chatting"):
        share, cause = failing.get(name, (0.0, ""))
        for second in range(LASTED):
            latency = 2.0 if name in slow else 0.01
            counts.add(name, BEGAN + second, [latency] * RATE, [cause] * round(share * RATE))
    return judged(counts)


def judged(counts: Counts) -> LoadRun:
    facts = replace(SOUND, arrivals_asked=6_000, arrivals_started=6_000)
    return LoadRun(
        run="01kd3m4n5p6q",
        profile=PROFILE,
        environment=runs.ENVIRONMENT,
        began=float(BEGAN),
        ended=float(BEGAN + LASTED),
        counts=counts,
        verdict=judge(PROFILE.plan, counts.tallies, facts),
        facts=facts,
    )
