"""Charts over time: latency, arrivals, and what was answered and failed."""

import math
from typing import Final
from xml.etree.ElementTree import Element

from loadtests.budgets.questions import limits
from loadtests.numbers import count, latency
from loadtests.report.charts.frame import TOP, Frame
from loadtests.report.charts.scale import Scale, log_edges
from loadtests.report.charts.timeline import Timeline, Value
from loadtests.report.model import LoadRun
from loadtests.report.series import Moment, overall

FASTEST: Final = 1e-4
"""Seconds; no axis of latencies begins lower."""
BEYOND: Final = 3.0
"""How much higher the axis goes where something never came, so that it is not taken for slow."""
_SHORT: Final = 200


def latency_chart(run: LoadRun, line: Timeline) -> Element | None:
    """p50, p95, p99 and the slowest by time, on a log axis, with the budget's limits; None if nothing was answered."""
    parts = line.parts(lambda moment: moment.p50 is not None)
    if not parts:
        return None
    asked = limits(run.profile.budget)
    ended = [moment for part in parts for moment in part]
    reached = [_finite(_QUANTILES[name]) for name in ("p50", "slowest")]
    seen = [*asked, *(seconds for moment in ended for value in reached if (seconds := value(moment)))]
    never = any(math.isinf(_QUANTILES["slowest"](moment)) for moment in ended)
    low, high = log_edges(max(FASTEST, min(seen)), max(seen) * (BEYOND if never else 1.2))
    frame = Frame("latency", _words(ended))
    y = Scale(low, high, frame.bottom, TOP, log=True)
    frame.draw(*line.shades(frame))
    frame.latencies(y, "time to answer, from the intended start", never=never)
    line.axis(frame)
    slowest, fastest = _QUANTILES["slowest"], _QUANTILES["p50"]
    frame.area("band", ((line.points(part, y, slowest), line.points(part, y, fastest)) for part in parts))
    # Where the lines end only the last requests were answered, of which a handful says nothing.
    everything = overall(run.counts.tallies, run.profile.called)
    whole = {name: everything.quantile(quantile) or 0.0 for name, quantile in _WHOLE.items()}
    names = {name: f"{name} {latency(seconds)}" for name, seconds in whole.items()}
    frame.label(y(whole["slowest"]), names["slowest"], "band")
    for name in ("p99", "p95", "p50"):
        frame.line(name, [line.points(part, y, _QUANTILES[name]) for part in parts], names[name], y(whole[name]))
    frame.limits(y, {limit: f"limit {latency(limit)}" for limit in asked})
    frame.draw(*line.hovers(frame, _latencies))
    notes = [f"Numbers beside names are those of the whole run: {', '.join(names.values())}."]
    if line.silent():
        notes.append("Shaded: work was started and nothing was answered.")
    return frame.figure(" ".join(notes))


def arrivals_chart(run: LoadRun, line: Timeline) -> Element | None:
    """Arrivals a second: asked, started, refused; None if there was none."""
    asked, started, refused = (
        sum(getattr(moment, name) for moment in line.moments) for name in ("asked", "started", "refused")
    )
    if not asked and not started:
        return None
    words = f"Arrivals over time: {count(asked)} asked, {count(started)} started, {count(refused)} refused."
    frame = Frame("arrivals", words, _SHORT)
    highest = max(max(moment.asked, moment.started) / moment.width for moment in line.moments)
    y = line.rates(frame, highest, "arrivals a second")
    line.axis(frame)
    frame.draw(*line.bars("asked", y, lambda moment: moment.asked / moment.width))
    frame.label(TOP, f"asked {count(asked)}", "asked")
    if refused:
        # Before the line, which is lower where more was refused than started, and would be behind.
        frame.draw(*line.bars("bad", y, lambda moment: moment.refused / moment.width))
        frame.label(frame.bottom, f"refused {count(refused)}", "bad")
    through = line.steps(y, lambda moment: moment.started / moment.width)
    frame.line("started", [through], f"started {count(started)}")
    frame.draw(*line.hovers(frame, _arrivals))
    closed = "Closed users: an arrival is asked for when its user is free, so the platform sets the pace."
    return frame.figure("" if run.profile.open else closed)


def answers_chart(line: Timeline) -> Element | None:
    """Requests that ended and failed a second; None if there was none."""
    requests, failures = (sum(getattr(moment, name) for moment in line.moments) for name in ("requests", "failures"))
    if not requests:
        return None
    frame = Frame("answers", f"Requests over time: {count(requests)} ended, {count(failures)} of them failed.", _SHORT)
    y = line.rates(frame, max(moment.requests / moment.width for moment in line.moments), "requests a second")
    line.axis(frame)
    if failures:
        frame.draw(*line.bars("bad", y, lambda moment: moment.failures / moment.width))
        frame.label(frame.bottom, f"failed {count(failures)}", "bad")
    through = line.steps(y, lambda moment: moment.requests / moment.width)
    frame.line("answered", [through], f"ended {count(requests)}")
    frame.draw(*line.hovers(frame, _answers))
    return frame.figure()


def _or_zero(seconds: float | None) -> float:
    return 0.0 if seconds is None else seconds


_QUANTILES: Final[dict[str, Value]] = {
    "p50": lambda moment: _or_zero(moment.p50),
    "p95": lambda moment: _or_zero(moment.p95),
    "p99": lambda moment: _or_zero(moment.p99),
    "slowest": lambda moment: _or_zero(moment.highest),
}


_WHOLE: Final = {"slowest": 1.0, "p99": 0.99, "p95": 0.95, "p50": 0.5}


def _finite(value: Value) -> Value:
    return lambda moment: 0.0 if math.isinf(value(moment)) else value(moment)


def _words(ended: list[Moment]) -> str:
    worst = max(ended, key=lambda moment: moment.p95 or 0)
    return (
        f"Time to answer over the run: p95 between {latency(min(moment.p95 or 0 for moment in ended))} "
        f"and {latency(worst.p95)}; the slowest answer took {latency(max(moment.highest or 0 for moment in ended))}."
    )


def _latencies(moment: Moment) -> str:
    if moment.p50 is None:
        return "nothing was answered"
    return (
        f"p50 {latency(moment.p50)}, p95 {latency(moment.p95)}, p99 {latency(moment.p99)}, "
        f"slowest {latency(moment.highest)}, of {count(moment.requests)}"
    )


def _arrivals(moment: Moment) -> str:
    return f"{count(moment.asked)} asked, {count(moment.started)} started, {count(moment.refused)} refused"


def _answers(moment: Moment) -> str:
    return f"{count(moment.requests)} ended, {count(moment.failures)} failed"
