"""What the platform said of itself meanwhile."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final
from xml.etree.ElementTree import Element

from loadtests.numbers import NOTHING, count, latency, share, significant
from loadtests.report.charts.spark import spark
from loadtests.report.markup import tag
from loadtests.report.metrics import CPU, EVERY_S, FAILED, NAMES, REQUESTS, SECONDS, SOCKETS
from loadtests.report.model import LoadRun, Reading
from loadtests.report.page.table import table

_UNITS: Final[Mapping[str, Callable[[float], str]]] = {
    SECONDS: latency,
    FAILED: share,
    REQUESTS: lambda value: f"{significant(value)} /s",
    CPU: lambda value: f"{significant(value)} cores",
    SOCKETS: count,
}
_MOSTLY: Final = 0.9
"""Of the time from one look to the next: what lay mostly before or after the run, while people were made or removed,
is not shown."""


def platform(run: LoadRun) -> Iterator[Element]:
    """A row for each service that did anything, a column for each thing that any of them tells."""
    yield tag("h2", "The platform's own metrics")
    kept: dict[str, dict[str, list[Reading]]] = {}
    first, last = run.began + _MOSTLY * EVERY_S, run.ended + (1 - _MOSTLY) * EVERY_S
    for reading in sorted(reading for reading in run.readings if first <= reading.second <= last):
        kept.setdefault(reading.service, {}).setdefault(reading.name, []).append(reading)
    busy = {service: names for service, names in kept.items() if any(one.value for one in names.get(REQUESTS, ()))}
    if not busy:
        yield tag("p", "None: the environment does not declare them, or they could not be read, or nothing happened.")
        return
    named = [name for name in NAMES if any(name in names for names in busy.values())]
    yield tag(
        "p", "As each service saw itself, behind the load balancer; written beside each line: its peak.", class_="lead"
    )
    head = [("Service", ""), *((name[0].upper() + name[1:], "") for name in named)]
    rows = ([service, *(_cell(run, names.get(name, []), name) for name in named)] for service, names in busy.items())
    yield table("Metrics of the platform", head, rows)


def _cell(run: LoadRun, readings: list[Reading], name: str) -> Element | str:
    if not readings:
        return NOTHING
    peak = _UNITS[name](max(reading.value for reading in readings))
    points = [(reading.second, reading.value) for reading in readings]
    words = f"{name}: at most {peak}, at the end {_UNITS[name](readings[-1].value)}"
    return tag("div", spark(points, run.began, run.ended, words), tag("small", peak))
