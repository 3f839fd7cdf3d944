"""Questions and reasons in words: of what is open the rarest is named, and only what follows is folded."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.judging import Finding
from loadtests.report.model import LoadRun
from loadtests.report.words import unproven, unproven_lines, why
from tests.unit.load.judged import SOUND
from tests.unit.load.report import runs

EACH = runs.profile("*: share over guide\neach: errors <= guide, proven from 3 min")
RUN = runs.load_run(runs.World(seconds=20), EACH)


def watching(needed: list[int | None]) -> LoadRun:
    """So many operations are watched, of which each needs so many samples more."""
    first, *each = RUN.verdict.answers
    watched = [
        replace(answer, finding=Finding.OPEN, bad=0, more=more) for answer, more in zip(each, needed, strict=False)
    ]
    return replace(RUN, verdict=replace(RUN.verdict, answers=(first, *watched)))


@given(st.lists(st.none() | st.integers(1, 9_000), min_size=1, max_size=4))
def test_of_a_line_that_is_watched_the_rarest_is_told(needed: list[int | None]) -> None:
    """The operation that needs most, and before all others one of which no number of samples settles anything."""
    run = watching(needed)
    (line,) = unproven_lines(run)
    most = None if None in needed else max(number for number in needed if number is not None)
    rarest = next(answer.question.name for answer in unproven(run) if answer.more == most)
    assert (f"({len(needed)} operations, rarest {rarest})" in line) == (len(needed) > 1)
    if most is None:
        assert line.endswith("; no number of samples settles it")
    else:
        assert line.endswith(f"; {most:,} more sample{'s' if most > 1 else ''} would prove it")


@pytest.mark.parametrize("facts", [{"workers_lost": ("worker-2",)}, {"unable": ("worker-2: no memory",)}])
def test_what_is_missing_from_a_run_that_made_load_is_a_reason_of_its_own(facts: dict[str, tuple[str]]) -> None:
    """A worker that went in the middle does not explain why others started too little."""
    run = runs.load_run(runs.STARVED, facts=replace(SOUND, **facts))  # type: ignore[arg-type]  # both are texts
    told = "\n".join(why(run))
    assert "rate-not-reached: " in told
    assert "no arrival was asked for" not in told


def test_what_was_never_seen_is_no_open_question() -> None:
    """That its samples are missing is told; what is open beside the end of a run is what was seen too little of."""
    interrupted = replace(SOUND, interrupted="Ctrl-C")
    asked = runs.profile("each: errors <= guide", frozenset({*runs.OPERATIONS, "auth issueTokens"}))
    run = runs.load_run(runs.World(seconds=2), asked, interrupted)
    seen = sum(answer.unsettled and bool(answer.samples) for answer in run.verdict.answers)
    assert seen < sum(answer.unsettled for answer in run.verdict.answers)
    assert f"beside that, {seen} questions of the budget are open" in why(run)
