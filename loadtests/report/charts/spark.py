"""A line as small as a word, for tables."""

from collections.abc import Sequence
from typing import Final
from xml.etree.ElementTree import Element

from loadtests.report.charts.frame import path
from loadtests.report.charts.scale import Scale
from loadtests.report.markup import tag

_WIDTH: Final = 150
_HEIGHT: Final = 28
_MOST: Final = 60


def spark(points: Sequence[tuple[float, float]], begin: float, end: float, words: str) -> Element:
    """Values by time, from 0 up; times between `begin` and `end`."""
    points = _peaks(points)
    x = Scale(begin, max(end, begin + 1), 2, _WIDTH - 2)
    y = Scale(0.0, max((value for _, value in points), default=0.0) or 1.0, _HEIGHT - 3, 3)
    return tag(
        "svg",
        tag("title", words),
        tag("line", class_="base", x1=2, x2=_WIDTH - 2, y1=_HEIGHT - 2, y2=_HEIGHT - 2),
        tag("path", class_="line p95", d=path([(x(time), y(value)) for time, value in points])) if points else None,
        class_="spark",
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        role="img",
    )


def _peaks(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """So few that they can be told apart, of each group the highest."""
    size = -(-len(points) // _MOST) or 1
    return [max(points[at : at + size], key=lambda point: point[1]) for at in range(0, len(points), size)]
