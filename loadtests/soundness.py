"""Whether the generator itself can be trusted: how a run went, each measure against its allowance.

What is not kept makes the run INVALID, here and nowhere else: the verdict and the reports ask the same function.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from loadtests.budgets.model import Budget
from loadtests.budgets.questions import limits, rate_asked, smallest_late
from loadtests.numbers import count, latency, percentile, share


class Cause(Enum):
    """Why a load run proves nothing: name in reports and exit code. In the order in which one explains the next."""

    NOT_PREPARED = ("not-prepared", 88)
    TARGET_CHANGED = ("target-changed", 80)
    WORKER_LOST = ("worker-lost", 81)
    GENERATOR_EXHAUSTED = ("generator-exhausted", 89)
    GENERATOR_CPU = ("generator-cpu", 82)
    GENERATOR_LAG = ("generator-lag", 83)
    CLOCKS_DISAGREE = ("clocks-disagree", 84)
    NOT_STARTED = ("arrivals-not-started", 85)
    RATE = ("rate-not-reached", 86)
    MINIMUM_EVIDENCE = ("minimum-evidence", 87)

    def __init__(self, label: str, code: int) -> None:
        self.label, self.code = label, code


@dataclass(frozen=True, slots=True)
class Facts:
    """How the run went. Times in seconds; the worst over all workers."""

    workers_expected: int
    workers_lost: tuple[str, ...]
    """Every worker that was away once: also one that came back, since what it counted meanwhile is gone."""
    arrivals_asked: int
    """By the schedule, up to the run's end."""
    arrivals_started: int
    arrivals_refused: int
    """Due, but the generator had no place for them; no part of what was started."""
    arrivals_due: int
    """As many as a run of its whole time has at least, by the profile; 0 of one that was ended early."""
    generator_cpu: float
    """Share of one core that the busiest worker used, 0 to 1."""
    start_lag: float
    """How late arrivals were started, at `lag_quantile`."""
    loop_lag: float
    """How late the event loop came round, at the same."""
    clock_disagreement: float
    """The largest offset between two workers' clocks."""
    clock_moved: float
    """The most seconds that a worker's clock was moved by while the run went on, against one that nobody can set."""
    target_changes: tuple[str, ...]
    """Each service that answered as somebody else than was meant or than before, or that did not say who it is."""
    interrupted: str = ""
    """Who or what ended the run before its time; empty if nothing did."""
    unable: tuple[str, ...] = ()
    """Every worker that could not begin or go on, and why: people not made, another version of the profile, a bug."""
    exhausted: tuple[str, ...] = ()
    """What the generator's own machine had no more of, and how often a request failed by it."""
    mixed_up: tuple[str, ...] = ()
    """What people were given that is somebody else's, and how often: of the platform, and no matter of a share."""


@dataclass(frozen=True, slots=True)
class Soundness:
    """What a run must keep to for its counts to mean something."""

    cpu: float = 0.9
    """Of one core; above it the generator waits for itself."""
    lag: float = 0.01
    """Of the smallest latency limit: what the generator may add to a latency unnoticed."""
    clocks: float = 0.1
    """Seconds, apart or moved; a tenth of the block that counts are grouped by."""
    rate: float = 0.99
    """Of the arrivals asked for; a budget line overrides it."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure, in words, and the part of its allowance that was used."""

    what: str
    measured: str
    allowed: str
    kept: bool
    cause: Cause
    """Of a run in which it is not kept."""
    reason: str
    """The same in one sentence."""
    used: float | None = None
    """1 is all that is allowed; None where there is no scale."""


def lag_quantile(budget: Budget) -> float:
    """At which quantile the generator's lag is judged: beyond it lies a hundredth of all that it started.

    Or half of the smallest share that may be slow, where that is less: else a generator that is late as often as that,
    and no oftener, would break such a line by itself.
    """
    return max(0.99, 1 - smallest_late(budget) / 2)


def measures(soundness: Soundness, budget: Budget, facts: Facts) -> Iterator[Measure]:
    """All of them, in the order of `Cause`."""
    yield from _found(facts)
    yield _at_most(
        "processor of the busiest worker",
        (facts.generator_cpu, soundness.cpu),
        (share(facts.generator_cpu), share(soundness.cpu)),
        Cause.GENERATOR_CPU,
        f"the generator used {share(facts.generator_cpu)} of a core, allowed {share(soundness.cpu)}",
    )
    lag = soundness.lag * min(limits(budget), default=1.0)
    at = percentile(lag_quantile(budget))
    for what, late, how in (
        ("arrivals started late", facts.start_lag, "arrivals were started"),
        ("event loop came late", facts.loop_lag, "the loop came"),
    ):
        words = latency(late), latency(lag)
        reason = f"{how} {words[0]} late ({at}), allowed {words[1]}"
        yield _at_most(f"{what}, {at}", (late, lag), words, Cause.GENERATOR_LAG, reason)
    for what, off in (
        ("the workers' clocks disagree by", facts.clock_disagreement),
        ("a worker's clock was moved by", facts.clock_moved),
    ):
        words = latency(off), latency(soundness.clocks)
        reason = f"{what} {words[0]}, allowed {words[1]}"
        yield _at_most(what, (off, soundness.clocks), words, Cause.CLOCKS_DISAGREE, reason)
    yield from _arrivals(rate_asked(budget) or soundness.rate, facts)


def _found(facts: Facts) -> Iterator[Measure]:
    """Measures of what may not happen even once."""
    changes, lost = count(len(facts.target_changes)), f"{len(facts.workers_lost)} of {facts.workers_expected}"
    for what, measured, allowed, found, cause, reason in (
        (
            "workers that could not begin or go on",
            count(len(facts.unable)),
            "none",
            facts.unable,
            Cause.NOT_PREPARED,
            "workers could not begin or go on",
        ),
        (
            "target changed",
            f"{changes} times",
            "never",
            facts.target_changes,
            Cause.TARGET_CHANGED,
            "who answered changed, or is not known",
        ),
        ("workers lost", lost, "none", facts.workers_lost, Cause.WORKER_LOST, f"workers were lost ({lost})"),
        (
            "what the generator ran out of",
            count(len(facts.exhausted)),
            "nothing",
            facts.exhausted,
            Cause.GENERATOR_EXHAUSTED,
            "the generator ran out",
        ),
    ):
        yield Measure(what, measured, allowed, not found, cause, f"{reason}: {'; '.join(found)}")


def _arrivals(rate: float, facts: Facts) -> Iterator[Measure]:
    """Whether they were begun: by the schedules that were followed, and by the profile."""
    asked, started, refused = (
        max(facts.arrivals_asked, facts.arrivals_due),
        facts.arrivals_started,
        facts.arrivals_refused,
    )
    part = share(started / asked if asked else None)
    yield Measure(
        "arrivals refused for want of a place",
        count(refused),
        "none",
        not refused,
        Cause.NOT_STARTED,
        f"{count(max(refused, asked - started))} arrivals were due and not started",
    )
    yield Measure(
        "arrivals started",
        f"{count(started)} of {count(asked)} ({part})",
        f"at least {share(rate)}",
        # None at all were to be begun in a run that was ended before the first.
        started >= rate * asked and bool(facts.arrivals_asked or facts.interrupted),
        Cause.RATE,
        f"{count(started)} of {count(asked)} arrivals were started ({part}), at least {share(rate)} asked for",
    )


def _at_most(what: str, values: tuple[float, float], words: tuple[str, str], cause: Cause, reason: str) -> Measure:
    """One that was measured, and how much is allowed: what is not a number is not kept."""
    measured, allowed = values
    used = measured / allowed if allowed else None
    return Measure(what, words[0], f"at most {words[1]}", measured <= allowed, cause, reason, used)
