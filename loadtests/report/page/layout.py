"""The page as a whole. It refers to nothing outside itself, and forbids the browser to fetch or run anything."""

from functools import cache
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element

from loadtests.report.markup import render, tag
from loadtests.report.model import LoadRun
from loadtests.report.page.budget import budget
from loadtests.report.page.curves import curves
from loadtests.report.page.errors import errors
from loadtests.report.page.generator import generator
from loadtests.report.page.method import method
from loadtests.report.page.platform import platform
from loadtests.report.page.summary import facts, summary
from loadtests.report.page.timelines import arrivals, latencies

_SECTIONS: Final = (summary, facts, budget, latencies, curves, arrivals, errors, generator, platform, method)
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"


def page(run: LoadRun) -> str:
    """The page as HTML; the same for the same run."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        _meta("http-equiv", "Content-Security-Policy", _POLICY),
        _meta("name", "viewport", "width=device-width, initial-scale=1"),
        tag("title", f"{run.verdict.outcome}: load run {run.profile.name} {run.run}"),
        _style(),
    )
    main = tag("main", *(part for section in _SECTIONS for part in section(run)))
    footer = tag("footer", f"Run {run.run}. Beside this page: verdict.json, series.csv, subjects.csv, junit.xml.")
    return render(tag("html", head, tag("body", main, footer), lang="en"))


def _meta(kind: str, name: str, content: str) -> Element:
    element = tag("meta", content=content)
    element.set(kind, name)
    return element


def _style() -> Element:
    """As it is: it is ours, and a style sheet is not escaped."""
    style = Element("style")
    style.text = _sheet()
    return style


@cache
def _sheet() -> str:
    return Path(__file__).with_name("style.css").read_text(encoding="utf-8")
