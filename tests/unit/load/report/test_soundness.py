"""How a run went, as reports tell it: no other than the verdict has it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.report.document import document
from loadtests.report.model import LoadRun
from loadtests.soundness import Cause, Facts, measures
from loadtests.verdict import judge
from tests.unit.load.judged import SOUND, UNSOUND, plan
from tests.unit.load.report import runs

HEALTHY = runs.load_run(runs.HEALTHY)
CASES = {
    **{cause.label: facts for cause, facts in UNSOUND.items()},
    "less than the profile has": replace(SOUND, arrivals_asked=6_000, arrivals_started=6_000, arrivals_due=7_200),
    "nothing was to be begun": replace(SOUND, arrivals_asked=0, arrivals_started=0),
    "ended before it began": replace(SOUND, arrivals_asked=0, arrivals_started=0, interrupted="Ctrl-C"),
    "sound": SOUND,
}


def went(facts: Facts) -> LoadRun:
    """A run that a platform without fault had, and that went so."""
    return replace(HEALTHY, facts=facts, verdict=judge(HEALTHY.profile.plan, HEALTHY.counts.tallies, facts))


def rows(run: LoadRun) -> dict[str, dict[str, Any]]:
    """What verdict.json says of it, by measure."""
    return {row["what"]: row for row in document(run)["load"]["soundness"]}


def causes(run: LoadRun) -> list[Cause]:
    """What makes it invalid."""
    return [reason.cause for reason in run.verdict.reasons if reason.cause is not None]


@pytest.mark.parametrize("how", CASES)
def test_a_run_is_invalid_by_what_its_report_calls_not_kept(how: str) -> None:
    """For each cause there is a row that is not kept, and for each such row its cause."""
    run = went(CASES[how])
    by_row = {one.what: one.cause for one in measures(run.profile.soundness, run.profile.budget, run.facts)}
    assert causes(run) == [by_row[what] for what, row in rows(run).items() if not row["kept"]]


def test_arrivals_are_told_of_as_many_as_the_profile_has() -> None:
    """Who followed all that was asked of it, and was asked too little, has not kept to the rate."""
    row = rows(went(CASES["less than the profile has"]))["arrivals started"]
    assert (row["measured"], row["kept"]) == ("6,000 of 7,200 (83.3 %)", False)


def test_a_run_that_is_ended_before_its_first_arrival_keeps_to_its_rate() -> None:
    """Nothing was to be begun by then; of a run that nobody ended that would be too little."""
    row = rows(went(CASES["ended before it began"]))["arrivals started"]
    assert (row["measured"], row["kept"]) == ("0 of 0 (\N{EN DASH})", True)
    assert not rows(went(CASES["nothing was to be begun"]))["arrivals started"]["kept"]


@given(
    st.builds(
        replace,
        st.sampled_from([SOUND, *UNSOUND.values()]),
        arrivals_asked=st.integers(0, 100),
        arrivals_started=st.integers(0, 100),
        arrivals_refused=st.sampled_from([0, 0, 3]),
        arrivals_due=st.sampled_from([0, 50, 100]),
        generator_cpu=st.sampled_from([0.5, 0.9, 0.91, float("nan")]),
        interrupted=st.sampled_from(["", "Ctrl-C"]),
    )
)
def test_whatever_was_measured_the_verdict_and_the_report_agree(facts: Facts) -> None:
    """As many causes as rows that are not kept, in their order."""
    run = went(facts)
    kept = [row["kept"] for row in rows(run).values()]
    assert len(causes(run)) == kept.count(False)
    assert causes(run) == sorted(causes(run), key=list(Cause).index)


def test_what_is_just_beyond_its_allowance_is_told_as_beyond_it() -> None:
    """No reason says of a number that is not allowed that it is the one that is."""
    busy = went(replace(SOUND, generator_cpu=0.903, arrivals_asked=6_000, arrivals_started=5_931))
    assert [reason.text for reason in busy.verdict.reasons] == [
        "the generator used 90.3 % of a core, allowed 90 %",
        "5,931 of 6,000 arrivals were started (98.9 %), at least 99 % asked for",
    ]


def test_the_smallest_of_several_limits_says_what_a_generator_may_add() -> None:
    """Five milliseconds are nothing to a second, and a twentieth of a hundred; exactly a hundredth may be added."""
    judged = plan("each: share over guide\neach: share over 100 ms <= 5 %")
    for late, broken in ((0.001, []), (0.005, [Cause.GENERATOR_LAG])):
        found = measures(judged.soundness, judged.budget, replace(SOUND, start_lag=late))
        assert [one.cause for one in found if not one.kept] == broken
