"""The run over time."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from loadtests.report.charts.overtime import answers_chart, arrivals_chart, latency_chart
from loadtests.report.charts.timeline import Timeline
from loadtests.report.charts.waiting import waiting_chart
from loadtests.report.markup import tag
from loadtests.report.model import LoadRun
from loadtests.report.words import unanswered


def latencies(run: LoadRun) -> Iterator[Element]:
    """How long answers took."""
    yield tag("h2", "Latency over time")
    line = Timeline.of(run)
    chart = latency_chart(run, line) if line else None
    if line and chart is not None:
        lead = f"All operations, by the {_step(line.width)} in which they ended."
        yield tag("p", lead, class_="lead")
    yield tag("p", unanswered(run)) if chart is None else chart
    beside = waiting_chart(run, line) if line else None
    if line and beside is not None:
        yield tag("h3", "Messages, calls and connections")
        lead = f"What people wait for beside requests, by the {_step(line.width)} in which it ended or was given up."
        yield tag("p", lead, class_="lead")
        yield beside


def arrivals(run: LoadRun) -> Iterator[Element]:
    """What was asked of the generator, and what it did."""
    yield tag("h2", "Arrivals and answers over time")
    line = Timeline.of(run)
    charts = [arrivals_chart(run, line), answers_chart(line)] if line else []
    found = [chart for chart in charts if chart is not None]
    if found:
        yield tag(
            "p",
            f"{_arrival(run)} "
            "Seconds are those of the clock: of the first and the last a part lies outside of the run.",
            class_="lead",
        )
    yield from found or [tag("p", "Nothing arrived.")]


def _arrival(run: LoadRun) -> str:
    if not run.profile.called:
        return "An arrival is one journey, and none calls an operation."
    return "An arrival is one journey, or one request of a rate of its own; a journey makes several requests."


def _step(seconds: int) -> str:
    return "second" if seconds == 1 else f"{seconds} seconds"
