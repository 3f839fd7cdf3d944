"""The budget line by line, each with its share and its interval against the limit."""

from collections.abc import Iterable, Iterator
from typing import Final
from xml.etree.ElementTree import Element

from loadtests.judging import Answer
from loadtests.numbers import NOTHING, count, share, significant
from loadtests.report.charts.interval import FURTHEST, interval_plot
from loadtests.report.document import NOBODY, finding_of, guide_lines, outcome_of
from loadtests.report.markup import tag
from loadtests.report.model import LoadRun
from loadtests.report.page.table import NUMBER, table
from loadtests.report.words import FINDINGS, what, who

_CLUMPING: Final = 1.05
"""Less is written as 1.0."""
_ORDER: Final = ("failed", "undecided", "not run", "watched", "held")


def budget(run: LoadRun) -> Iterator[Element]:
    """One row for each question, after what failed beside the budget."""
    yield tag("h2", "Budget")
    if not (run.verdict.answers or run.facts.mixed_up):
        yield tag("p", "The budget asks nothing of what the profile calls.")
        return
    yield tag(
        "p",
        "Shares are of bad samples. In each picture the upright line is what is allowed, the dot what was seen, and "
        "the bar the range in which the true share lies. A bar left of the line: it holds. A bar right of it: "
        "broken, or not judged where the generator itself may be why. A bar across it: open. Where bad samples come in "
        "bursts, all samples are worth fewer. What is broken or open stands first.",
        class_="lead",
    )
    head = [
        ("Line", ""),
        ("Finding", ""),
        ("From 0 to twice what is allowed", ""),
        ("Seen", NUMBER),
        ("Allowed", NUMBER),
        ("Samples", NUMBER),
        ("To settle it", NUMBER),
    ]
    rows = [*_leak(run), *map(_row, _worst_first(run.verdict.answers))]
    yield table("Budget line by line", head, rows, stack="budget")


def _worst_first(answers: Iterable[Answer]) -> list[Answer]:
    """What needs somebody before what is well, and else in the order of the budget."""
    return sorted(answers, key=lambda answer: _ORDER.index(outcome_of(answer)))


def _leak(run: LoadRun) -> Iterator[list[Element | str]]:
    """What is asked beside the budget, once it has failed."""
    if run.facts.mixed_up:
        line = tag("span", tag("strong", NOBODY), tag("br"), _small("; ".join(run.facts.mixed_up)))
        yield [line, tag("span", FINDINGS["failed"], class_="finding failed"), "", "", "none", "", ""]


def _row(answer: Answer) -> list[Element | str]:
    outcome = outcome_of(answer)
    counted = tag("span", count(answer.samples))
    if answer.effect > _CLUMPING and answer.samples:
        counted.append(tag("br"))
        counted.append(tag("small", f"worth {count(answer.worth)}"))
    return [
        _line(answer),
        tag("span", finding_of(answer), class_=f"finding {outcome.replace(' ', '-')}"),
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
    return tag("div", interval_plot(answer), *_bounds(answer))


def _bounds(answer: Answer) -> Iterator[Element]:
    if not answer.samples:
        yield _small("nothing was counted")
        return
    yield _small(f"{share(answer.lower)} to {share(answer.upper)}")
    beyond = (answer.share or 0.0) / answer.question.allowed
    if beyond > FURTHEST:
        yield tag("br")
        yield _small(f"seen {significant(beyond, 2)} times what is allowed")


def _more(answer: Answer) -> str:
    if not answer.samples:
        return NOTHING
    if not answer.judged:
        return "a sound generator"
    if answer.whole_seconds:
        return "one look at a whole run"
    if answer.more is None:
        return "at its limit"
    return f"{count(answer.more)} more" if answer.more else ""
