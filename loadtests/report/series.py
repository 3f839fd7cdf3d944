"""The run over time: what was asked, started, answered and failed, and how long it took, by second or by more."""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from fixtures.statistics.histogram import Histogram
from fixtures.statistics.tally import Tally
from loadtests.counts import Counts
from loadtests.report.model import LoadRun


@dataclass(frozen=True, slots=True)
class Moment:
    """What happened in `width` seconds from `second` on. Latencies in seconds; None when nothing ended."""

    second: int
    width: int
    asked: int
    started: int
    refused: int
    requests: int
    failures: int
    over: tuple[int, ...]
    """Those that took longer than each limit of the counts."""
    p50: float | None
    p95: float | None
    p99: float | None
    highest: float | None

    @property
    def silent(self) -> bool:
        """Work was started, and nothing ended."""
        return bool(self.started) and not self.requests


def series(run: LoadRun, most: int | None = None) -> list[Moment]:
    """Every second of the run, without a gap, and any other in which something was counted; at most `most` moments.

    More seconds than `most` are put together, as few as are needed. Counts are of operations: journeys are made of
    them.
    """
    counts = run.counts
    totals = _totals(counts, run.profile.called)
    kept = {second for seconds in (counts.seconds, *counts.waits.values()) for second in seconds}
    seconds = {*range(run.first_second, math.ceil(run.ended)), *counts.asked, *totals, *kept}
    if not seconds:
        return []
    first = min(seconds)
    width = 1 if most is None else math.ceil((max(seconds) + 1 - first) / most)
    together: dict[int, list[int]] = {}
    for second in sorted(seconds):
        together.setdefault((second - first) // width, []).append(second)
    return [_moment(first + place * width, width, group, counts, totals) for place, group in together.items()]


def latest(run: LoadRun) -> Moment | None:
    """The last second of which everything was reported; None if there was none yet."""
    second = run.reported - 1
    if second < run.first_second:
        return None
    rows = [row for name in run.profile.called if (row := _row(run.counts, name, second))]
    total = {second: [sum(column) for column in zip(*rows, strict=True)]} if rows else {}
    return _moment(second, 1, [second], run.counts, total)


def by_subject(counts: Counts) -> Iterator[tuple[int, str, list[int], Histogram | None]]:
    """Second, subject, its requests, failures and those over each limit, and its latencies; in order of time.

    Latencies by second and subject are kept of what is waited for beside requests (`kinds.WAITED_FOR`), else None.
    """
    rows = [
        (second, subject, row) for subject, tally in counts.tallies.items() for second, row in tally.seconds().items()
    ]
    for second, subject, row in sorted(rows, key=lambda row: row[:2]):
        yield second, subject, row, counts.waits.get(subject, {}).get(second)


def waited(counts: Counts, subject: str, moments: Iterable[Moment]) -> dict[Moment, Histogram]:
    """How long took what ended in each moment, of a subject that is waited for; without those in which nothing did."""
    kept, found = counts.waits[subject], dict[Moment, Histogram]()
    for moment in moments:
        for second in range(moment.second, moment.second + moment.width):
            if second in kept:
                found.setdefault(moment, Histogram()).merge(kept[second])
    return found


def overall(tallies: Mapping[str, Tally], called: Collection[str]) -> Histogram:
    """The latencies of all operations."""
    histogram = Histogram()
    for name in sorted(called):
        if name in tallies:
            histogram.merge(tallies[name].latencies)
    return histogram


def _row(counts: Counts, name: str, second: int) -> list[int] | None:
    tally = counts.tallies.get(name)
    return tally.seconds().get(second) if tally else None


def _totals(counts: Counts, called: Collection[str]) -> dict[int, list[int]]:
    totals: dict[int, list[int]] = {}
    for name in called:
        tally = counts.tallies.get(name)
        for second, row in tally.seconds().items() if tally else ():
            total = totals.setdefault(second, [0] * len(row))
            total[:] = map(int.__add__, total, row)
    return totals


def _moment(second: int, width: int, group: list[int], counts: Counts, totals: Mapping[int, list[int]]) -> Moment:
    histogram = Histogram()
    for one in group:
        if one in counts.seconds:
            histogram.merge(counts.seconds[one])
    rows = [totals[one] for one in group if one in totals]
    requests, failures, *over = [sum(column) for column in zip(*rows, strict=True)] or [0] * (2 + len(counts.limits))
    return Moment(
        second=second,
        width=width,
        asked=sum(counts.asked[one] for one in group),
        started=sum(counts.started[one] for one in group),
        refused=sum(counts.refused[one] for one in group),
        requests=requests,
        failures=failures,
        over=tuple(over),
        p50=histogram.quantile(0.5),
        p95=histogram.quantile(0.95),
        p99=histogram.quantile(0.99),
        highest=histogram.quantile(1.0),
    )
