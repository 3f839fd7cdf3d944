"""A chart's frame: its axes, its lines, their names, and a description for who cannot see it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from xml.etree.ElementTree import Element

from loadtests.numbers import NEVER, latency
from loadtests.report.charts.scale import Scale, log_ticks, spread
from loadtests.report.markup import tag

WIDTH: Final = 960
HEIGHT: Final = 280
LEFT: Final = 64
RIGHT: Final = WIDTH - 132
TOP: Final = 22
_FOOT: Final = 34
LABEL_GAP: Final = 16
Point = tuple[float, float]


@dataclass(slots=True)
class Frame:
    """One chart in the making: drawn in the order of the calls, names last."""

    name: str
    """Of the chart, for its title; unique on the page."""
    described: str
    """What the picture shows, in a sentence."""
    height: int = HEIGHT
    _parts: list[Element] = field(default_factory=list)
    _labels: list[tuple[float, str, str]] = field(default_factory=list)

    @property
    def bottom(self) -> float:
        """The place of the horizontal axis."""
        return self.height - _FOOT

    def draw(self, *parts: Element) -> None:
        """Add parts."""
        self._parts += parts

    def across(self, scale: Scale, ticks: Iterable[float], text: Callable[[float], str], unit: str) -> None:
        """The horizontal axis."""
        for number, tick in enumerate(ticks):
            x = scale(tick)
            self.draw(
                tag("line", class_="tick", x1=x, x2=x, y1=self.bottom, y2=self.bottom + 4),
                tag(
                    "text",
                    text(tick),
                    class_="axis between" if number % 2 else "axis",
                    x=x,
                    y=self.bottom + 17,
                    text_anchor="middle",
                ),
            )
        self.draw(
            tag("line", class_="base", x1=LEFT, x2=RIGHT, y1=self.bottom, y2=self.bottom),
            tag("text", unit, class_="axis unit", x=WIDTH, y=self.bottom + 17, text_anchor="end"),
        )

    def up(self, scale: Scale, ticks: Iterable[float], text: Callable[[float], str], unit: str) -> None:
        """The vertical axis, with a line across for each tick."""
        for tick in ticks:
            y = scale(tick)
            self.draw(
                tag("line", class_="grid", x1=LEFT, x2=RIGHT, y1=y, y2=y),
                tag("text", text(tick), class_="axis", x=LEFT - 8, y=y + 4, text_anchor="end"),
            )
        self.draw(tag("text", unit, class_="axis unit", x=LEFT, y=TOP - 9))

    def latencies(self, scale: Scale, unit: str, *, never: bool) -> None:
        """A vertical axis of latencies; its upper edge is for what never came, if anything did not."""
        self.up(
            scale, (tick for tick in log_ticks(scale.low, scale.high) if not never or scale(tick) > TOP), latency, unit
        )
        if never:
            self.draw(
                tag("line", class_="grid", x1=LEFT, x2=RIGHT, y1=TOP, y2=TOP),
                tag("text", NEVER, class_="axis", x=LEFT - 8, y=TOP + 4, text_anchor="end"),
            )

    def limits(self, scale: Scale, texts: Mapping[float, str]) -> None:
        """A line across for each limit of a latency, with its text."""
        # Below a line that is so high that its text would stand in the unit's.
        places = [place - 5 if (place := scale(limit)) > TOP + LABEL_GAP else place + 14 for limit in texts]
        # Lines first: none crosses the text of another.
        self.draw(
            *(tag("line", class_="limit", x1=LEFT, x2=RIGHT, y1=scale(limit), y2=scale(limit)) for limit in texts)
        )
        for text, place in zip(texts.values(), spread(places, LABEL_GAP, TOP, self.bottom), strict=True):
            self.draw(tag("text", text, class_="limit-text", x=LEFT + 6, y=place))

    def line(self, class_: str, pieces: Sequence[Sequence[Point]], label: str, place: float | None = None) -> None:
        """A line in pieces, broken where there is nothing; its name is written where it ends, or at `place`."""
        self.draw(tag("path", class_=f"line {class_}", d=" ".join(map(path, pieces))))
        self.label(pieces[-1][-1][1] if place is None else place, label, class_)

    def area(self, class_: str, pieces: Iterable[tuple[Sequence[Point], Sequence[Point]]]) -> None:
        """What lies between an upper and a lower edge."""
        closed = [f"{path([*upper, *reversed(lower)])}Z" for upper, lower in pieces]
        self.draw(tag("path", class_=f"area {class_}", d=" ".join(closed)))

    def label(self, y: float, text: str, class_: str) -> None:
        """A name at the right edge."""
        self._labels.append((y, text, class_))

    def figure(self, caption: str = "") -> Element:
        """The finished chart; on a narrow window names are below it instead of beside."""
        places = spread([y for y, _, _ in self._labels], LABEL_GAP, TOP, self.bottom)
        names = [
            tag("text", text, class_=f"label {class_}", x=RIGHT + 8, y=place + 4)
            for place, (_, text, class_) in zip(places, self._labels, strict=True)
        ]
        title = f"{self.name}-title"
        drawing = tag(
            "svg",
            tag("title", self.described, id=title),
            *self._parts,
            *names,
            viewBox=f"0 0 {WIDTH} {self.height}",
            preserveAspectRatio="none",
            style=f"--height:{self.height}",
            role="img",
            aria_labelledby=title,
        )
        keys = [
            tag("span", tag("span", class_=f"key {class_}"), text, class_="keyed")
            for _, text, class_ in sorted(self._labels, key=lambda label: label[0])
        ]
        return tag(
            "figure",
            tag("div", drawing, class_="chart"),
            tag("div", *keys, class_="legend", aria_hidden="true"),
            tag("figcaption", caption) if caption else None,
        )


def path(points: Sequence[Point]) -> str:
    """Path data; a single point becomes a short dash, so that it is seen."""
    if len(points) == 1:
        (x, y), *_ = points
        points = [(x - 2.5, y), (x + 2.5, y)]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
