"""One budget line as a picture: the share that was seen and its interval, against what is allowed.

The limit has the same place in every line, so all can be compared at one look.
"""

from typing import Final
from xml.etree.ElementTree import Element

from loadtests.judging import Answer
from loadtests.numbers import share
from loadtests.report.charts.scale import Scale
from loadtests.report.document import outcome_of
from loadtests.report.markup import tag

_WIDTH: Final = 280
_HEIGHT: Final = 28
_MIDDLE: Final = 13
FURTHEST: Final = 2.0
"""Times the limit."""


def interval_plot(answer: Answer) -> Element:
    """From 0 to twice what is allowed; an arrow where it goes on."""
    allowed = answer.question.allowed
    scale = Scale(0.0, FURTHEST, 6, _WIDTH - 14)
    limit = scale(1.0)
    drawing = tag(
        "svg",
        tag("title", _words(answer)),
        tag("rect", class_="inside", x=scale(0), y=_MIDDLE - 9, width=limit - scale(0), height=18),
        tag("line", class_="base", x1=scale(0), x2=scale(FURTHEST), y1=_MIDDLE + 9, y2=_MIDDLE + 9),
        class_=f"interval {outcome_of(answer).replace(' ', '-')}",
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        role="img",
    )
    if answer.samples:
        lower, seen, upper = (value / allowed for value in (answer.lower, answer.share or 0.0, answer.upper))
        begin, end = scale(lower), scale(upper)
        drawing.append(tag("rect", class_="range", x=begin, y=_MIDDLE - 3, width=max(2.0, end - begin), height=6))
        if upper > FURTHEST:
            x = scale(FURTHEST)
            drawing.append(
                tag("path", class_="range", d=f"M{x:.1f} {_MIDDLE - 7}L{x + 10:.1f} {_MIDDLE}L{x:.1f} {_MIDDLE + 7}Z")
            )
        if seen <= FURTHEST:
            drawing.append(tag("circle", class_="seen", cx=scale(seen), cy=_MIDDLE, r=4.5))
    drawing.append(tag("line", class_="limit", x1=limit, x2=limit, y1=0, y2=_HEIGHT - 2))
    return drawing


def _words(answer: Answer) -> str:
    if not answer.samples:
        return "Nothing was counted."
    return (
        f"Seen {share(answer.share)}, between {share(answer.lower)} and {share(answer.upper)}, "
        f"allowed {share(answer.question.allowed)}."
    )
