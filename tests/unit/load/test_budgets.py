"""The grammar of budgets: what it reads, what it refuses, and how it says so."""

import math
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fixtures.environments.errors import ConfigurationErrors
from fixtures.statistics.tally import Tally
from loadtests.budgets.grammar import parse_budget
from loadtests.budgets.model import (
    ALWAYS,
    GOOD_WORDS,
    Budget,
    Errors,
    Good,
    Line,
    Over,
    Percentile,
    Rate,
    Samples,
    Share,
    Span,
)
from loadtests.budgets.questions import limits, minima, questions, rate_asked, tally_of
from tests.unit.load.judged import GUIDE

OPERATIONS = ("chat sendMessage", "chat listMessages", "auth createToken")
JOURNEYS = ("delivery", "calling")


def parse(text: str) -> Budget:
    return parse_budget(text, operations=OPERATIONS, journeys=JOURNEYS, guide=GUIDE)


def mistakes(text: str) -> list[str]:
    with pytest.raises(ConfigurationErrors) as caught:
        parse(text)
    return [str(error) for error in caught.value.errors]


def one(text: str) -> Line:
    [line] = parse(text).lines
    return line


decimals = st.decimals(Decimal("0.001"), Decimal("99.999"), places=3)
subjects = st.sampled_from(["*", "each", *OPERATIONS, *JOURNEYS])
spans = decimals.map(Span) | st.just(Span(Decimal(1), guide=True))
shares = decimals.map(Share)


def or_guide(percent: Decimal) -> st.SearchStrategy[Share]:
    return shares | st.just(Share(percent, guide=True))


times = st.just(ALWAYS) | st.integers(1, 7200).map(Decimal) | decimals
judging = st.one_of(
    st.builds(Over, subjects, spans, or_guide(GUIDE.slow_share), times),
    st.builds(Errors, subjects, or_guide(GUIDE.error_share), times),
    st.builds(Percentile, subjects, decimals, spans, times),
    st.builds(Good, st.just("delivery"), st.just(GOOD_WORDS[0]), shares, times),
    st.builds(Good, subjects, st.just(GOOD_WORDS[1]), shares, times),
    st.builds(Good, subjects, st.just(GOOD_WORDS[2]), or_guide(GUIDE.availability), times),
)
proving = st.builds(Samples, subjects, st.integers(1, 10**9)) | st.builds(
    Rate, st.just("*"), shares | st.just(Share(Decimal(100)))
)


@given(st.lists(judging | proving, min_size=1, max_size=6, unique_by=lambda line: (line.subject, line.asks)))
def test_what_is_printed_reads_the_same(lines: list[Line]) -> None:
    """Every budget survives printing and reading."""
    assume(any(not isinstance(line, Samples | Rate) for line in lines))
    budget = Budget(tuple(lines))
    assert parse(str(budget)) == budget
    assert str(parse(str(budget))) == str(budget)


@given(st.text(max_size=60) | st.text("*each: sharovp95<=>% mguid.0\n#", max_size=60))
def test_any_text_is_a_budget_or_a_list_of_mistakes(text: str) -> None:
    """No text raises anything but mistakes with their place."""
    try:
        budget = parse(text)
    except ConfigurationErrors:
        assert all(mistake.startswith("budget: ") for mistake in mistakes(text))
    else:
        assert parse(str(budget)) == budget


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("chat sendMessage: share over 1 s <= 5 %", Over("chat sendMessage", Span(Decimal(1)), Share(Decimal(5)))),
        ("*:errors<=1%", Errors("*", Share(Decimal(1)))),
        ("  chat   sendMessage :  p99 <= 800ms", Percentile("chat sendMessage", Decimal(99), Span(Decimal("0.8")))),
        ("delivery: delivered >= 99.9 % # exactly once", Good("delivery", "delivered", Share(Decimal("99.9")))),
        ("each: available >= guide", Good("each", "available", Share(Decimal("99.9"), guide=True))),
        (
            "each: share over guide",
            Over("each", Span(Decimal(1), guide=True), Share(Decimal(5), guide=True)),
        ),
        ("each: p95 <= guide", Percentile("each", Decimal(95), Span(Decimal(1), guide=True))),
        ("each: errors <= guide", Errors("each", Share(Decimal(1), guide=True))),
        ("*: errors <= 1 %, proven from 90 s", Errors("*", Share(Decimal(1)), Decimal(90))),
        ("*: errors <= 1 %, proven from 1 d", Errors("*", Share(Decimal(1)), Decimal(86_400))),
        ("each: p95 <= 2 s,proven from 3min", Percentile("each", Decimal(95), Span(Decimal(2)), Decimal(180))),
        (
            "each: share over guide, proven from 1 h",
            Over("each", Span(Decimal(1), guide=True), Share(Decimal(5), guide=True), Decimal(3600)),
        ),
    ],
)
def test_lines_mean_what_they_say(text: str, line: Line) -> None:
    """Spaces are free, comments are skipped, and `guide` is the guide's number."""
    assert one(text) == line


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("chat sendMesage: errors <= 1 %", ["line 1, column 1", "'chat sendMesage'", "did you mean chat sendMessage?"]),
        ("deliverd: delivered >= 99 %", ["did you mean delivery?"]),
        ("all: errors <= 1 %", ["'all'", "did you mean *?"]),
        ("all operations: errors <= 1 %", ["did you mean *?"]),
        (": errors <= 1 %", ["names no subject"]),
        ("errors <= 1 %", ["no colon", "did you mean *: errors <= 1 %?"]),
        ("p99 <= 1 s", ["no colon", "did you mean *: p99 <= 1 s?"]),
        ("hello", ["no colon after a subject"]),
        ("*: error <= 1 %", ["line 1, column 4", "unknown 'error'", "did you mean errors?"]),
        ("*: p99 <= 800 msec", ["column 15", "unknown unit 'msec'", "allowed: ms, s", "did you mean ms?"]),
        ("*: p99 <= 800", ["the line ends where a unit is due"]),
        ("*:", ["the line ends where a word is due"]),
        ("*: p99 <= soon", ["expected a number, got soon", "or guide"]),
        ("*: p99 <= giude", ["did you mean guide?"]),
        ("*: p100 <= 1 s", ["p100 is no percentile"]),
        ("*: p0 <= 1 s", ["p0 is no percentile"]),
        ("*: p99 >= 1 s", ["expected <=, got >=", "did you mean <=?"]),
        ("*: p99 < 1 s", ["expected <=, got <"]),
        ("*: errors", ["expected <=, got the end of the line"]),
        ("*: errors <= 1 s", ["expected %, got s", "did you mean %?"]),
        ("*: errors <= 1", ["expected %, got the end"]),
        ("*: errors <= 0 %", ["no number of samples proves 0 %"]),
        ("delivery: delivered >= 100 %", ["no number of samples proves 100 %"]),
        (
            "chat sendMessage: delivered >= 99.9 %",
            ["column 19", "only messages are delivered", "did you mean delivery: delivered?", "sendMessage: succeeded"],
        ),
        ("*: p99 <= 2 seconds", ["unknown unit 'seconds'", "did you mean s?"]),
        ("*: p99 <= 2 milliseconds", ["did you mean ms?"]),
        ("*: errors <= 1 %, proven from 2 hours", ["did you mean h?"]),
        ("delivery: delivered >= guide", ["expected a number, got guide"]),
        ("*: share over 0 s <= 1 %", ["nothing takes no time"]),
        ("*: share above 1 s <= 1 %", ["unknown 'above'", "did you mean over?"]),
        ("*: share over 1 s", ["expected <=, got the end of the line"]),
        ("*: samples >= 1.5", ["cannot be counted"]),
        ("*: samples >= 0", ["cannot be counted"]),
        ("*: samples >= 1234567890123", ["too many digits"]),
        ("each: rate >= 99 % of asked", ["the rate is that of the whole run", "did you mean *: rate?"]),
        ("*: rate >= 101 % of asked", ["101"]),
        ("*: rate >= 99 %", ["the line ends where a word is due", "allowed: of"]),
        ("*: errors <= 1 % please", ["'please' is more than the line can hold"]),
        ("*: errors <= 1 %\n*: errors <= 2 %", ["line 2, column 1: '*: errors <= 1 %' asks the same already"]),
        ("*: errors <= 1 %, proved from 1 min", ["column 19", "unknown 'proved'", "did you mean proven?"]),
        ("*: errors <= 1 %, proven from 1", ["the line ends where a unit is due", "allowed: s, min, h"]),
        ("*: errors <= 1 %, proven from 1 minute", ["unknown unit 'minute'", "did you mean min?"]),
        ("*: errors <= 1 %, proven from 0 s", ["a run lasts longer than that"]),
        ("*: errors <= 1 %, proven from soon", ["expected a number, got soon", "such as 3 min"]),
        ("*: samples >= 5, proven from 1 min", ["',' is more than the line can hold"]),
        ("*: samples >= 5", ["the budget judges nothing"]),
        ("*: rate >= 99 % of asked", ["the budget judges nothing"]),
        ("# nothing\n\n", ["the budget judges nothing"]),
    ],
)
def test_a_mistake_says_where_what_and_what_was_meant(text: str, says: list[str]) -> None:
    """Wrong names, units, signs and numbers are errors before the run, with their place and a suggestion."""
    [mistake] = mistakes(text)
    assert mistake.startswith("budget: ")
    for part in says:
        assert part in mistake


def test_all_mistakes_are_reported_at_once() -> None:
    """Nobody has to run it again to learn of the second mistake."""
    assert len(mistakes("*: error <= 1 %\nchat x: p99 <= 1 s\n*: p99 <= 3 h")) == 3


BUDGET = parse(
    """
*: rate >= 98 % of asked
each: share over guide
each: errors <= guide
each: samples >= 100
chat sendMessage: errors <= 2 %
chat sendMessage: p99 <= 800 ms
chat sendMessage: samples >= 500
delivery: delivered >= 99.9 %
*: available >= guide
"""
)
CALLED = frozenset({"chat sendMessage", "auth createToken"})


def test_every_line_becomes_its_questions() -> None:
    """`each` is asked of every operation that is called, unless a line of its own asks the same."""
    asked = {(question.name, question.limit, round(question.allowed, 9)) for question in questions(BUDGET, CALLED)}
    assert asked == {
        ("chat sendMessage", 1.0, 0.05),
        ("auth createToken", 1.0, 0.05),
        ("auth createToken", None, 0.01),
        ("chat sendMessage", None, 0.02),
        ("chat sendMessage", 0.8, 0.01),
        ("delivery", None, 0.001),
        ("*", None, 0.001),
    }
    assert limits(BUDGET) == (0.8, 1.0)
    assert minima(BUDGET, CALLED) == {"auth createToken": 100, "chat sendMessage": 500, "delivery": 1, "*": 1}
    assert rate_asked(BUDGET) == 0.98
    assert rate_asked(parse("*: errors <= 1 %")) is None


def test_a_question_says_of_whom_it_is_asked() -> None:
    """A line for each operation is told apart by the operation."""
    texts = [str(question) for question in questions(BUDGET, CALLED)]
    assert "each: share over guide <= guide (auth createToken)" in texts
    assert "delivery: delivered >= 99.9 %" in texts
    assert len(texts) == len(set(texts))


def test_all_are_the_operations_and_not_the_journeys() -> None:
    """`*` adds up what was sent; journeys are made of the same and would count twice."""
    first, second, journey = Tally(), Tally(), Tally()
    first.add(1, [0.1])
    second.add(1, [0.2, 0.3])
    journey.add(1, [9.0])
    tallies = {"chat sendMessage": first, "auth createToken": second, "delivery": journey}
    total = tally_of("*", tallies, CALLED)
    assert total is not None
    assert total.requests == 3
    assert tally_of("delivery", tallies, CALLED) is journey
    assert tally_of("calling", tallies, CALLED) is None
    assert tally_of("*", {}, CALLED) is None


def test_a_line_is_watched_by_runs_that_are_shorter_than_it_says() -> None:
    """Who lasts as long as the line says, but for rounding, proves it, whoever is shorter watches it; no other is."""
    budget = parse("*: errors <= 1 %, proven from 3 min\n*: share over guide")
    for lasting, watched in ((60, True), (179, True), (math.nextafter(180, 0), False), (180, False), (math.inf, False)):
        assert [question.watched for question in questions(budget, CALLED, lasting)] == [watched, False]
