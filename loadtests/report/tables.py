"""The series as CSV: one table of the run by second, one of each subject by second."""

import csv
import io
from collections.abc import Iterable, Sequence

from fixtures.runs.redaction import redact
from loadtests.report.model import LoadRun
from loadtests.report.series import by_subject, series

_QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}


def series_csv(run: LoadRun) -> str:
    """Second by second: arrivals, requests, failures, those over each limit, and quantiles in milliseconds."""
    return _csv(
        ["second", "asked", "started", "refused", *_counted(run), *_taken()],
        (
            [
                moment.second,
                moment.asked,
                moment.started,
                moment.refused,
                moment.requests,
                moment.failures,
                *moment.over,
                *map(_milliseconds, (moment.p50, moment.p95, moment.p99, moment.highest)),
            ]
            for moment in series(run)
        ),
    )


def subjects_csv(run: LoadRun) -> str:
    """Second by second and subject by subject: requests, failures, those over each limit, and quantiles if known."""
    return _csv(
        ["second", "subject", *_counted(run), *_taken()],
        (
            [
                second,
                redact(name),
                *row,
                *(_milliseconds(took.quantile(part) if took else None) for part in _QUANTILES.values()),
            ]
            for second, name, row, took in by_subject(run.counts)
        ),
    )


def _counted(run: LoadRun) -> list[str]:
    return ["requests", "failures", *(f"over_{limit * 1000:g}_ms" for limit in run.counts.limits)]


def _taken() -> list[str]:
    return [f"{name}_ms" for name in _QUANTILES]


def _milliseconds(seconds: float | None) -> str:
    """Empty where nothing ended; `inf` for what never came."""
    return "" if seconds is None else f"{seconds * 1000:.6g}"


def _csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue()
