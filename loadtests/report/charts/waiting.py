"""What people waited for beside requests, over time: messages, calls and connections."""

import math
from collections.abc import Mapping
from typing import Final
from xml.etree.ElementTree import Element

from fixtures.statistics.histogram import Histogram
from loadtests.numbers import NOTHING, count, latency
from loadtests.report.charts.frame import TOP, Frame
from loadtests.report.charts.overtime import BEYOND, FASTEST
from loadtests.report.charts.scale import Scale, log_edges
from loadtests.report.charts.timeline import Timeline
from loadtests.report.model import LoadRun
from loadtests.report.series import Moment, waited

_LINES: Final = ("main", "other", "other dashed")
"""One for each subject, first for that with the most samples; there are three (`kinds.WAITED_FOR`)."""
Waited = Mapping[Moment, Histogram]
"""What it took, of each moment in which something ended."""


def waiting_chart(run: LoadRun, line: Timeline) -> Element | None:
    """p95 of each subject by time, on a log axis, with its limits in the budget; None if nothing was waited for."""
    subjects = sorted(run.counts.waits, key=lambda name: (-run.counts.tallies[name].requests, name))
    if not subjects:
        return None
    found = {name: waited(run.counts, name, line.moments) for name in subjects}
    drawn = [_p95(took) for moments in found.values() for took in moments.values()]
    limits = _limits(run)
    seen = [*limits, *(seconds for seconds in drawn if not math.isinf(seconds))] or [1.0]
    never = math.inf in drawn
    low, high = log_edges(max(FASTEST, min(seen)), max(*seen, FASTEST) * (BEYOND if never else 1.2))
    frame = Frame("waiting", _words(found))
    y = Scale(low, high, frame.bottom, TOP, log=True)
    frame.latencies(y, "time it took, p95", never=never)
    line.axis(frame)
    for class_, (name, moments) in zip(_LINES, found.items(), strict=False):
        whole = _p95(run.counts.tallies[name].latencies)
        _draw(frame, line, y, moments, (class_, f"{name} {latency(whole)}", y(whole)))
    frame.limits(y, limits)
    frame.draw(*line.hovers(frame, lambda moment: _told(found, moment)))
    return frame.figure(
        "Numbers beside names are p95 of the whole run. A line is broken where nothing of its kind ended."
    )


def _draw(frame: Frame, line: Timeline, y: Scale, moments: Waited, named: tuple[str, str, float]) -> None:
    """One line, broken where nothing of its subject ended."""
    class_, text, place = named
    parts = line.parts(moments.__contains__)
    points = [line.points(part, y, lambda moment: _p95(moments[moment])) for part in parts]
    frame.line(class_, points, text, place)


def _p95(took: Histogram) -> float:
    return took.quantile(0.95) or 0.0


def _limits(run: LoadRun) -> dict[float, str]:
    asked: dict[float, list[str]] = {}
    for question in (answer.question for answer in run.verdict.answers):
        if question.limit is not None and question.name in run.counts.waits:
            asked.setdefault(question.limit, []).append(question.name)
    return {limit: f"limit {latency(limit)}: {', '.join(dict.fromkeys(asked[limit]))}" for limit in sorted(asked)}


def _words(found: Mapping[str, Waited]) -> str:
    parts = []
    for name, moments in found.items():
        p95 = [_p95(took) for took in moments.values()]
        parts.append(f"{name} between {latency(min(p95))} and {latency(max(p95))}")
    return f"What 95 % of what is waited for beside requests took at most, over the run: {'; '.join(parts)}."


def _told(found: Mapping[str, Waited], moment: Moment) -> str:
    return (
        "; ".join(
            f"{name} p50 {latency(took.quantile(0.5))}, p95 {latency(took.quantile(0.95))}, of {count(len(took))}"
            for name, moments in found.items()
            if (took := moments.get(moment))
        )
        or NOTHING
    )
