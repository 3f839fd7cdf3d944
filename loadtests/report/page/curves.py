"""How latencies are distributed, of all operations and of each subject."""

import math
from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element

from fixtures.statistics.histogram import RELATIVE_ERROR
from loadtests.budgets.model import ALL
from loadtests.numbers import count, latency, share, significant
from loadtests.report.charts.distribution import Curve, distribution_chart
from loadtests.report.markup import tag
from loadtests.report.model import LoadRun
from loadtests.report.page.table import NUMBER, table
from loadtests.report.series import overall
from loadtests.report.words import unanswered

_OTHERS: Final = ("other", "other dashed", "other dash-dot")
"""Curves beside that of all operations, each of a kind of its own: more would hide each other."""
_ENOUGH: Final = 20
"""Samples that make a curve."""
_QUANTILES: Final = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p99.9": 0.999, "slowest": 1.0}


def curves(run: LoadRun) -> Iterator[Element]:
    """The chart, and the same for every subject as a table."""
    yield tag("h2", "Distribution of latencies")
    everything = Curve("all", "main", overall(run.counts.tallies, run.profile.called))
    marks = [answer for answer in run.verdict.answers if answer.question.name == ALL]
    chart = distribution_chart([everything, *_slowest(run)], marks)
    if chart is None:
        yield tag("p", unanswered(run))
    else:
        yield chart
    if run.counts.tallies:
        yield tag("h3", "By subject")
        yield table("Latencies by subject", _head(run), _rows(run))
        yield tag(
            "p",
            "Operations of services first; then journeys, each from its first step to its last, and what they measure "
            "besides. p99 is what 99 % took at most. "
            f"Quantiles are known to {significant(RELATIVE_ERROR * 100, 2)} %, counts exactly.",
            class_="small",
        )


def _slowest(run: LoadRun) -> list[Curve]:
    tallies = run.counts.tallies
    operations = run.profile.called & tallies.keys()
    # The curve of a single one is that of all.
    others = tallies.keys() - operations if len(operations) == 1 else tallies.keys()
    enough = [(name, tallies[name].latencies) for name in sorted(others) if tallies[name].requests >= _ENOUGH]
    enough.sort(key=lambda one: -(one[1].quantile(0.99) or 0))
    return [Curve(name, class_, latencies) for class_, (name, latencies) in zip(_OTHERS, enough, strict=False)]


def _head(run: LoadRun) -> list[tuple[str, str]]:
    return [
        ("Subject", ""),
        ("Samples", NUMBER),
        ("Failed", NUMBER),
        *((f"Over {latency(limit)}", NUMBER) for limit in run.counts.limits),
        *((name, NUMBER) for name in _QUANTILES),
    ]


def _rows(run: LoadRun) -> Iterator[list[str]]:
    called = run.profile.called
    for name, tally in sorted(run.counts.tallies.items(), key=lambda item: (item[0] not in called, item[0])):
        yield [
            name,
            count(tally.requests),
            _part(tally.failed, tally.requests),
            *(_part(tally.over(limit), tally.requests) for limit in tally.limits),
            *(_quantile(tally.latencies.quantile(quantile)) for quantile in _QUANTILES.values()),
        ]


def _part(number: int, of: int) -> str:
    return f"{count(number)} ({share(number / of)})" if number else "0"


def _quantile(seconds: float | None) -> str:
    return "never came" if seconds is not None and math.isinf(seconds) else latency(seconds)
