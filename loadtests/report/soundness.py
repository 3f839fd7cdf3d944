"""How the run went, each measure against its allowance: whether the generator itself can be trusted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from loadtests.budgets.questions import limits, rate_asked
from loadtests.numbers import count, latency, share
from loadtests.report.model import LoadRun


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure, in words, and the part of its allowance that was used."""

    what: str
    measured: str
    allowed: str
    kept: bool
    used: float | None
    """1 is all that is allowed; None where there is no scale."""


def measures(run: LoadRun) -> tuple[Measure, ...]:
    """All of them, in the order in which one explains the next."""
    return tuple(_measures(run))


def _measures(run: LoadRun) -> Iterator[Measure]:
    facts, soundness = run.facts, run.plan.soundness
    lost, changes, refused = len(facts.workers_lost), len(facts.target_changes), facts.arrivals_refused
    yield Measure("workers that could not begin or go on", count(len(facts.unable)), "none", not facts.unable, None)
    yield Measure("target changed", f"{count(changes)} times", "never", not changes, None)
    yield Measure("workers lost", f"{count(lost)} of {count(facts.workers_expected)}", "none", not lost, None)
    ran_out = len(facts.exhausted)
    yield Measure("what the generator ran out of", count(ran_out), "nothing", not facts.exhausted, None)
    yield _below("processor of the busiest worker", facts.generator_cpu, soundness.cpu, share)
    lag = soundness.lag * min(limits(run.plan.budget), default=1.0)
    yield _below("arrivals started late, p99", facts.start_lag_p99, lag, latency)
    yield _below("event loop came late, p99", facts.loop_lag_p99, lag, latency)
    yield _below("workers' clocks disagree by", facts.clock_disagreement, soundness.clocks, latency)
    yield Measure("arrivals refused for want of a place", count(refused), "none", not refused, None)
    rate = rate_asked(run.plan.budget) or soundness.rate
    started = facts.arrivals_started / facts.arrivals_asked if facts.arrivals_asked else 0.0
    yield Measure(
        "arrivals started",
        f"{count(facts.arrivals_started)} of {count(facts.arrivals_asked)} ({share(started)})",
        f"at least {share(rate)}",
        bool(facts.arrivals_asked) and facts.arrivals_started >= rate * facts.arrivals_asked,
        None,
    )


def _below(what: str, measured: float, allowed: float, text: Callable[[float], str]) -> Measure:
    used = measured / allowed if allowed else None
    return Measure(what, text(measured), f"at most {text(allowed)}", measured <= allowed, used)
