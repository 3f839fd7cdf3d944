"""The distribution of latencies with a tail that can be read: each nine of the share has as much room as the last."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from fixtures.statistics.histogram import Histogram
from loadtests.judging import Answer
from loadtests.numbers import latency, share, significant
from loadtests.report.charts.frame import LEFT, RIGHT, TOP, Frame, Point
from loadtests.report.charts.overtime import BEYOND, FASTEST
from loadtests.report.charts.scale import Scale, log_edges
from loadtests.report.markup import tag

_HEIGHT: Final = 320
_NAMED: Final = (2.0, 4.0, 10.0, 20.0, 100.0, 1_000.0, 10_000.0, 100_000.0, 1_000_000.0, 10_000_000.0)
"""One of so many is slower."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of the chart."""

    name: str
    class_: str
    latencies: Histogram


def distribution_chart(curves: Sequence[Curve], answers: Sequence[Answer]) -> Element | None:
    """Latency by percentile; a limit is a mark that its curve has to pass below. None if nothing was counted."""
    curves = [curve for curve in curves if len(curve.latencies)]
    if not curves:
        return None
    marks = [answer for answer in answers if answer.question.limit is not None]
    rarest = [1 / answer.question.allowed for answer in marks]
    most = max(20.0, *rarest, *(float(len(curve.latencies)) for curve in curves))
    edges = [edge for curve in curves for low, high, _ in curve.latencies.buckets() for edge in (low, high) if edge > 0]
    seen = [edge for edge in edges if not math.isinf(edge)] + [answer.question.limit or FASTEST for answer in marks]
    never = any(math.isinf(edge) for edge in edges)
    low, high = log_edges(max(FASTEST, min(seen, default=FASTEST)), max(seen, default=1.0) * (BEYOND if never else 1.2))
    frame = Frame("distribution", _words(curves[0]), _HEIGHT)
    x, y = Scale(1.0, most, LEFT, RIGHT, log=True), Scale(low, high, frame.bottom, TOP, log=True)
    frame.latencies(y, "time to answer", never=never)
    frame.across(x, [tick for tick in _NAMED if tick <= most], _percentile, "of samples")
    for curve in reversed(curves):
        points = _points(curve.latencies, x, y)
        end, height = points[-1]
        if end < RIGHT:
            frame.draw(tag("line", class_="leader", x1=end, x2=RIGHT, y1=height, y2=height))
        frame.line(curve.class_, [points], _short(curve.name))
    for limit, allowed in sorted({(answer.question.limit or 0.0, answer.question.allowed) for answer in marks}):
        frame.draw(*_mark(x(1 / allowed), y(limit), f"{_percentile(1 / allowed)} within {latency(limit)}"))
    return frame.figure(
        "Each nine to the right is ten times rarer. The line 'all' has to pass under each red corner."
        if marks
        else "Each nine to the right is ten times rarer."
    )


def _points(latencies: Histogram, x: Scale, y: Scale) -> list[Point]:
    """The upper edge of each bucket over the share that is above its lower one; what would fall on one place is one."""
    total, below = len(latencies), 0
    points: list[Point] = []
    for _, edge, number in latencies.buckets():
        for rest in (total - below, total - below - number):
            point = (x(total / max(1, rest)), y(edge))
            if len(points) > 1 and math.dist(points[-1], point) < 1:
                continue
            points.append(point)
        below += number
    return points


def _percentile(one_of: float) -> str:
    return share(1 - 1 / one_of)


def _mark(x: float, y: float, text: str) -> tuple[Element, Element]:
    """A corner: left of it and above is beyond the limit."""
    corner = tag("path", class_="mark", d=f"M{x - 34:.1f} {y:.1f}H{x:.1f}V{y - 26:.1f}")
    return corner, tag("text", text, class_="limit-text", x=x + 6, y=y - 8)


def _short(name: str) -> str:
    """Its end, from a word on if it can be: operations of one service begin alike."""
    longest = 18
    end = name[1 - longest :]
    return name if len(name) <= longest else f"…{end.partition(' ')[2] or end}"


def _words(curve: Curve) -> str:
    named = (("half", 0.5), ("95 %", 0.95), ("99 %", 0.99), ("all", 1.0))
    parts = ", ".join(f"{what} within {latency(curve.latencies.quantile(quantile))}" for what, quantile in named)
    return f"Distribution of {curve.name}, {significant(len(curve.latencies), 9)} samples: {parts}."
