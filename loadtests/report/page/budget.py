"""The budget line by line, each with its share and its interval against the limit."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from loadtests.judging import Answer
from loadtests.report.charts.interval import interval_plot
from loadtests.report.document import guide_lines, outcome_of
from loadtests.report.markup import tag
from loadtests.report.model import LoadRun
from loadtests.report.numbers import NOTHING, count, share
from loadtests.report.page.table import NUMBER, table
from loadtests.report.words import what, who

_WORDS = {"held": "holds", "failed": "broken", "undecided": "open", "not run": "nothing counted"}
_CLUMPING = 1.05
"""Less is written as 1.0."""


def budget(run: LoadRun) -> Iterator[Element]:
    """One row for each question."""
    yield tag("h2", "Budget")
    if not run.verdict.answers:
        yield tag("p", "The budget asks nothing of what the profile calls.")
        return
    yield tag(
        "p",
        "The line in the middle of each picture is what is allowed, the dot the share that was seen, the bar where the "
        "true share lies. A bar wholly left of the line holds, wholly right of it is broken, across it is open.",
        class_="lead",
    )
    head = [
        ("Line", ""),
        ("Finding", ""),
        ("0 to twice the limit", ""),
        ("Seen", NUMBER),
        ("Allowed", NUMBER),
        ("Samples", NUMBER),
        ("Samples more", NUMBER),
    ]
    yield table("Budget line by line", head, map(_row, run.verdict.answers), stack=True)


def _row(answer: Answer) -> list[Element | str]:
    outcome = outcome_of(answer)
    counted = tag("span", count(answer.samples))
    if answer.effect > _CLUMPING and answer.samples:
        counted.append(tag("br"))
        counted.append(tag("small", f"worth {count(answer.worth)}: bad ones clump"))
    return [
        _line(answer),
        tag("span", _WORDS[outcome], class_=f"finding {outcome.replace(' ', '-')}"),
        _picture(answer),
        tag("span", share(answer.share), tag("br"), tag("small", f"{count(answer.bad)} bad")),
        share(answer.question.allowed),
        counted,
        _more(answer),
    ]


def _line(answer: Answer) -> Element:
    """In plain words, and as it stands in the budget."""
    source = [str(answer.question.line), *guide_lines(answer.question.line)]
    return tag(
        "span",
        tag("strong", who(answer.question)),
        tag("br"),
        what(answer.question),
        tag("br"),
        _small(", ".join(source)),
    )


def _small(text: str) -> Element:
    return tag("small", text)


def _picture(answer: Answer) -> Element:
    bounds = f"between {share(answer.lower)} and {share(answer.upper)}" if answer.samples else "nothing was counted"
    return tag("div", interval_plot(answer), tag("small", bounds))


def _more(answer: Answer) -> str:
    if not answer.samples:
        return NOTHING
    if answer.more is None:
        return "no number settles it"
    return count(answer.more) if answer.more else NOTHING
