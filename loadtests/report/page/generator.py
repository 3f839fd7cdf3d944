"""Whether the generator itself can be trusted."""

import math
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from loadtests.numbers import latency
from loadtests.report.markup import tag
from loadtests.report.model import LoadRun
from loadtests.report.page.table import table
from loadtests.soundness import Measure, measures

_HEAD = [("Measure", ""), ("Measured", ""), ("Allowed", ""), ("Used of it", ""), ("", "")]


def generator(run: LoadRun) -> Iterator[Element]:
    """Each measure against its allowance."""
    yield tag("h2", "Soundness of the generator")
    yield tag(
        "p",
        "The worst over all processes. One that is not kept makes the run INVALID, unless NO-GO is proven.",
        class_="lead",
    )
    yield table(
        "Soundness of the generator",
        _HEAD,
        map(_row, measures(run.profile.soundness, run.profile.budget, run.facts)),
        stack="generator",
    )
    lag = run.counts.lag
    if len(lag):
        named = (("half", 0.5), ("99 %", 0.99), ("99.9 %", 0.999), ("all", 1.0))
        parts = ", ".join(f"{what} within {latency(lag.quantile(quantile))}" for what, quantile in named)
        yield tag("p", f"Arrivals were started late: {parts}.", class_="small")


def _row(measure: Measure) -> list[Element | str]:
    word = tag("span", "kept" if measure.kept else "not kept", class_=f"finding {'held' if measure.kept else 'failed'}")
    return [measure.what, measure.measured, measure.allowed, _meter(measure), word]


def _meter(measure: Measure) -> Element | str:
    if measure.used is None or math.isnan(measure.used):
        return ""
    filled = tag("span", style=f"width:{min(1.0, max(0.0, measure.used)):.1%}")
    return tag(
        "span", filled, class_="meter" if measure.kept else "meter over", role="img", aria_label=f"{measure.used:.0%}"
    )
