"""What one sample costs to record and to judge: `python -m benchmarks.recording [--rounds N]`.

Ours are exact counts, judged after every second by the guide's two questions (share over the limit, errors); the
reference is what Locust does for each request, with rounded latencies and no verdict. Both get the same samples in
turn; figures are medians of the rounds. Last comes what a look at a whole `soak` costs, early in it and near its end.
`by_the_engine` is the way of a sample in an engine, whose second it knows; `heard` the whole way that a sample of
Locust's event takes in a run: keywords, clock, batch. A batch is made in milliseconds, and the clock that seconds are
counted by is put on by one after each: so each is judged as a second of its own, and all samples are.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from fixtures.guide import load_guide
from fixtures.statistics.tally import Tally
from loadtests import clock
from loadtests.budgets.grammar import parse_budget
from loadtests.budgets.guide import numbers
from loadtests.budgets.model import ALL
from loadtests.budgets.questions import limits, questions
from loadtests.counts import Counts
from loadtests.engine.recording import Ledger
from loadtests.engine.recording import Recorder as EngineRecorder
from loadtests.following import Follower
from loadtests.judging import Levels
from loadtests.native import new_lock
from loadtests.profiles.load import load_profile
from loadtests.recording import Recorder
from loadtests.verdict import EarlyStop

# After all that is ours: it replaces the standard library's sockets.
from locust.stats import RequestStats  # isort: skip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from loadtests.budgets.model import Budget

    Samples = Sequence[Sequence[float]]
    Way = Callable[[Budget, Samples], Follower | None]

SUBJECT: Final = "chat sendMessage"
BUDGET: Final = "each: share over guide\neach: errors <= guide"
SECONDS: Final = 10
A_SECOND: Final = 10_000
GOAL_NS: Final = 150.0
GOAL_TIMES: Final = 15.8
"""Times less than Locust in the same run: 150 ns where Locust's takes 2,373, whatever this hour's machine is worth."""
WITH_GOAL: Final = 2
EARLY, LATE, LOOKS = 60, 4 * 3600, 5
"""Seconds of a run, and looks of which the mean is taken."""


def samples() -> Samples:
    """Latencies in seconds, second by second: mostly short, with a tail over the limit."""
    source = random.Random(7)  # noqa: S311 - a simulation wants a seed
    return [[source.lognormvariate(-3, 0.8) for _ in range(A_SECOND)] for _ in range(SECONDS)]


class Ahead:
    """The clock that seconds are counted by, put on by whole seconds; it costs what the real one does."""

    def __init__(self) -> None:
        self._now = time.time
        self.seconds = 0

    def wall(self) -> float:
        """In place of `clock.wall`."""
        return self._now() + self.seconds


@contextmanager
def put_on() -> Iterator[Ahead]:
    """Count seconds by a clock that can be put on, until the block ends."""
    real, ahead = clock.wall, Ahead()
    clock.wall = ahead.wall
    try:
        yield ahead
    finally:
        clock.wall = real


def follower_of(budget: Budget) -> Follower:
    """Who judges it."""
    return Follower(questions(budget, [SUBJECT]), [SUBJECT], Levels())


def by_the_engine(budget: Budget, seconds: Samples) -> Follower:
    """As the engine does it: whoever ends a request looks whether the second is over, and appends; then judge."""
    counts, follower = Counts(limits(budget)), follower_of(budget)
    recorder = EngineRecorder(SUBJECT, Ledger(counts, new_lock()))
    record = recorder.record
    with put_on() as ahead:
        for latencies in seconds:
            now = time.perf_counter() + ahead.seconds
            for latency in latencies:
                if now >= recorder.border:
                    recorder.turn(now)
                record(latency)
            recorder.settle()
            follower.advance(counts.tallies, clock.second() + 1)
            ahead.seconds += 1
    return follower


def batched(budget: Budget, seconds: Samples) -> Follower:
    """Record the batch of each second, as the engine and the listener do, and judge."""
    counts, follower = Counts(limits(budget)), follower_of(budget)
    for second, latencies in enumerate(seconds):
        counts.add(SUBJECT, second, latencies)
        follower.advance(counts.tallies, second + 1)
    return follower


def heard(budget: Budget, seconds: Samples) -> Follower:
    """The same by way of the listener to Locust's event, which reads the clock."""
    recorder, total, follower = Recorder(limits(budget)), Counts(limits(budget)), follower_of(budget)
    listen = recorder.heard
    with put_on() as ahead:
        for latencies in seconds:
            for latency in latencies:
                listen(
                    request_type="POST",
                    name=SUBJECT,
                    response_time=latency * 1000,
                    response_length=300,
                    exception=None,
                    context={},
                )
            total.merge(recorder.take())
            follower.advance(total.tallies, clock.second() + 1)
            ahead.seconds += 1
    return follower


def logged(_budget: Budget, seconds: Samples) -> None:
    """Log each sample in Locust's statistics."""
    log = RequestStats().log_request
    for latencies in seconds:
        for latency in latencies:
            log("POST", SUBJECT, latency * 1000, 300)  # type: ignore[arg-type]  # clients of Locust send floats


def nanoseconds(does: Way, budget: Budget, seconds: Samples) -> float:
    """Nanoseconds of CPU time for one sample. Raises `SystemExit` unless all were judged."""
    began = time.process_time()
    follower = does(budget, seconds)
    took = time.process_time() - began
    for answer in () if follower is None else follower.answers():
        if answer.samples != SECONDS * A_SECOND:
            raise SystemExit(f"of {SECONDS * A_SECOND} samples {answer.samples} were judged: {answer}")
    return took / (SECONDS * A_SECOND) * 1e9


def looks() -> tuple[float, float]:
    """CPU seconds of one look at all that `soak` asks, after a minute and after four hours."""
    plan = load_profile("soak").plan
    subjects = sorted({question.name for question in plan.asked} - {ALL} | plan.called)
    tallies = {subject: Tally(limits(plan.budget)) for subject in subjects}
    early, second, taken = EarlyStop(plan), 0, []
    for until in (EARLY, LATE):
        while second < until + LOOKS:
            for tally in tallies.values():
                tally.add(second, [0.01] * 4)
            second += 1
            if second == until:
                early.advance(tallies, second)
                began = time.process_time()
            elif second > until:
                early.advance(tallies, second)
        taken.append((time.process_time() - began) / LOOKS)
    return taken[0], taken[1]


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description="what one sample costs to record and to judge")
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    budget = parse_budget(BUDGET, operations=[SUBJECT], journeys=(), guide=numbers(load_guide()))
    seconds = samples()
    figures = [
        [nanoseconds(does, budget, seconds) for does in (by_the_engine, batched, heard, logged)] for _ in range(rounds)
    ]
    medians = [statistics.median(column) for column in zip(*figures, strict=True)]
    print(f"{'nanoseconds of one sample':36} {'median':>8} {'least':>8} {'goal':>8} {'times less':>12} {'goal':>8}")
    names = (
        "recorded by the engine, and judged",
        "recorded in batches, and judged",
        "heard as an event, and all that",
        "Locust's log_request",
    )
    for column, name in enumerate(names):
        least = min(row[column] for row in figures)
        times = statistics.median(row[-1] / row[column] for row in figures)
        nanoseconds_goal, times_goal = (GOAL_NS, GOAL_TIMES) if column < WITH_GOAL else ("", "")
        print(f"{name:36} {medians[column]:8.0f} {least:8.0f} {nanoseconds_goal:>8} {times:12.1f} {times_goal:>8}")
    after_a_minute, after_hours = map(statistics.median, zip(*(looks() for _ in range(rounds)), strict=True))
    print(
        f"one look at a soak: {after_a_minute * 1000:.1f} ms of CPU after a minute, {after_hours * 1000:.1f} ms after "
        f"four hours ({after_hours / after_a_minute:.2f} times)"
    )


if __name__ == "__main__":
    main()
