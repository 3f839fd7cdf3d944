"""The time axis that charts of one run share, and what can be drawn along it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from xml.etree.ElementTree import Element

from loadtests.numbers import offset, significant
from loadtests.report.charts.frame import LEFT, RIGHT, TOP, Frame, Point
from loadtests.report.charts.scale import Scale, linear_ticks, time_ticks
from loadtests.report.markup import tag
from loadtests.report.model import LoadRun
from loadtests.report.series import Moment, series

MOST: Final = 240
"""Moments of a chart: more would be narrower than a line."""
_HOUR: Final = 3600
Value = Callable[[Moment], float]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The moments of a run along the horizontal axis; there is at least one."""

    moments: tuple[Moment, ...]

    @classmethod
    def of(cls, run: LoadRun) -> "Timeline | None":
        """Of a run; None if it has not lasted."""
        moments = series(run, MOST)
        return cls(tuple(moments)) if moments else None

    @property
    def width(self) -> int:
        """Seconds of one moment."""
        return self.moments[0].width

    @property
    def scale(self) -> Scale:
        """From seconds into the run to places."""
        return Scale(0, self.moments[-1].second + self.width - self.moments[0].second, LEFT, RIGHT)

    def left(self, moment: Moment) -> float:
        """The place where it begins."""
        return self.scale(moment.second - self.moments[0].second)

    @property
    def stride(self) -> float:
        """From one moment to the next."""
        return (RIGHT - LEFT) * self.width / self.scale.high

    def when(self, moment: Moment) -> str:
        """Its time, in words."""
        begin = moment.second - self.moments[0].second
        return offset(begin) if self.width == 1 else f"{offset(begin)} to {offset(begin + self.width)}"

    def axis(self, frame: Frame) -> None:
        """Draw the axis."""
        unit = "h:min:s" if self.scale.high >= _HOUR else "min:s"
        frame.across(self.scale, time_ticks(self.scale.high), offset, unit)

    def rates(self, frame: Frame, high: float, unit: str) -> Scale:
        """Draw a vertical axis of rates, and give its scale."""
        ticks = linear_ticks(high)
        scale = Scale(0, ticks[-1], frame.bottom, TOP)
        frame.up(scale, ticks, significant, unit)
        return scale

    def points(self, part: Sequence[Moment], y: Scale, value: Value) -> list[Point]:
        """A line through the middles of moments."""
        return [(self.left(moment) + self.stride / 2, y(value(moment))) for moment in part]

    def steps(self, y: Scale, value: Value) -> list[Point]:
        """A line that keeps each moment's value for as long as the moment lasts."""
        return [
            (self.left(moment) + part * self.stride, y(value(moment))) for moment in self.moments for part in (0, 1)
        ]

    def parts(self, of: Callable[[Moment], bool]) -> list[list[Moment]]:
        """Moments side by side of which something is so."""
        return [list(part) for there, part in groupby(self.moments, of) if there]

    def bars(self, class_: str, y: Scale, value: Value) -> Iterator[Element]:
        """A bar from the axis for each moment that has any; never so low that it is not seen.

        Each ends a tenth behind where the next begins: what rounding, also a browser's, left between two looked like a
        second without.
        """
        for moment in self.moments:
            if number := value(moment):
                top = min(y(number), y.start - 2)
                left = round(self.left(moment), 1)
                right = round(max(self.left(moment) + self.stride, left + 1) + 0.1, 1)
                yield tag("rect", class_=class_, x=left, y=top, width=right - left, height=y.start - top)

    def silent(self) -> list[Moment]:
        """The moments in which work was started and nothing ended.

        Not a first or last second alone: a part of it lies outside of the run, and what begins at its end cannot end
        in it.
        """
        parts = self.parts(lambda one: one.silent)
        edges = ([self.moments[0]], [self.moments[-1]]) if self.width == 1 else ()
        return [moment for part in parts if part not in edges for moment in part]

    def shades(self, frame: Frame) -> Iterator[Element]:
        """What is drawn of silent moments."""
        height = frame.bottom - TOP
        for moment in self.silent():
            yield tag("rect", class_="silent", x=self.left(moment), y=TOP, width=self.stride, height=height)

    def hovers(self, frame: Frame, text: Callable[[Moment], str]) -> Iterator[Element]:
        """A strip for each moment that tells its numbers when it is pointed at."""
        for moment in self.moments:
            words = tag("title", f"{self.when(moment)}: {text(moment)}")
            height = frame.bottom - TOP
            yield tag("rect", words, class_="hover", x=self.left(moment), y=TOP, width=self.stride, height=height)
