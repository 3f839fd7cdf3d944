"""What failed, and why."""

from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element

from loadtests.numbers import count, several, share
from loadtests.report.markup import tag
from loadtests.report.model import LoadRun
from loadtests.report.page.table import NUMBER, table

_SHOWN: Final = 40
_HEAD: Final = [
    ("Subject", ""),
    ("Cause", ""),
    ("Times", NUMBER),
    ("Of the subject's samples", NUMBER),
    ("Trace of the first", ""),
]


def errors(run: LoadRun) -> Iterator[Element]:
    """Causes by how often they came."""
    yield tag("h2", "Errors by cause")
    found = sorted(run.counts.causes.items(), key=lambda item: (-item[1], item[0]))
    if not found:
        yield tag("p", "Nothing failed." if run.counts.tallies else "Nothing was counted.")
        return
    yield table("Errors by cause", _HEAD, (_row(run, *item) for item in found[:_SHOWN]), stack="errors")
    if len(found) > _SHOWN:
        rest = sum(times for _, times in found[_SHOWN:])
        yield tag("p", f"And {several(rest, 'failure')} of rarer causes, in verdict.json.", class_="small")


def _row(run: LoadRun, key: tuple[str, str], times: int) -> list[str]:
    subject, cause = key
    tally = run.counts.tallies.get(subject)
    part = share(times / tally.requests if tally and tally.requests else None)
    _, trace = run.counts.traces.get(key, (0, ""))
    return [subject, cause, count(times), part, trace]
