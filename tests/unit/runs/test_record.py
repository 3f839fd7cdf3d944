"""What became of a check, by the reports of its phases."""

import pytest

from fixtures.runs.evidence import NOT_APPLICABLE
from fixtures.runs.record import CheckRecord, Phase
from fixtures.runs.verdict import Invalid, Outcome

HELD = [Phase(name, "passed") for name in ("setup", "call", "teardown")]
ADVICE = Phase("call", "skipped", expected_to_fail=True)


def record(*phases: Phase) -> CheckRecord:
    made = CheckRecord("suites/smoke/test_a.py::test_a", "smoke")
    for phase in phases:
        made.add(phase)
    return made


@pytest.mark.parametrize(
    ("phases", "outcome"),
    [
        (HELD, Outcome.HELD),
        ([], Outcome.NOT_RUN),
        (HELD[:2], Outcome.NOT_RUN),
        ([HELD[0], HELD[2]], Outcome.NOT_RUN),
        ([*HELD[:2], Phase("teardown", "failed")], Outcome.FAILED),
        ([HELD[0], Phase("call", "rerun"), *HELD], Outcome.FAILED),
        ([HELD[0], ADVICE, HELD[2]], Outcome.ADVISORY),
        ([HELD[0], ADVICE, Phase("teardown", "failed")], Outcome.FAILED),
        ([Phase("setup", "skipped", reason="no time"), HELD[2]], Outcome.NOT_RUN),
        ([Phase("setup", "skipped", reason=f"{NOT_APPLICABLE}no cdn"), HELD[2]], Outcome.NOT_APPLICABLE),
        ([HELD[0], Phase("???", "failed")], Outcome.NOT_RUN),
        ([Phase("setup", "failed", facts={"invalid": [[Invalid.MISSING_SECRET, "k"]]})], Outcome.NOT_RUN),
    ],
)
def test_the_worst_phase_counts_and_none_may_be_missing(phases: list[Phase], outcome: Outcome) -> None:
    """A check held if all its phases ran and held; what a retry would hide, or teardown found, is a failure."""
    assert record(*phases).outcome is outcome


def test_a_check_that_did_not_hold_says_why() -> None:
    """What was never started, or not finished, says so where nobody else does."""
    assert record().reason == "it was never started"
    assert record(HELD[0]).reason == "it was not finished"
    assert record(*HELD).reason == ""
    assert record(HELD[0], Phase("call", "failed", reason="it is red"), HELD[2]).reason == "it is red"


def test_the_reason_is_that_of_the_phase_that_decides() -> None:
    """Why a check did not apply is no reason for what its teardown found."""
    skipped = Phase("setup", "skipped", reason=f"{NOT_APPLICABLE}no idle slot")
    assert record(skipped, Phase("teardown", "failed", reason="alice is left behind")).reason == "alice is left behind"
    assert record(skipped, HELD[2]).reason == "no idle slot"


def test_a_failure_is_dated_by_its_end_and_laid_to_whom_its_check_judges() -> None:
    """Logs are looked at where it was met, and who failed is the service of the check where nobody else is named."""
    facts = {"judges": "chat", "guide": ["CHT-01"]}
    (failure,) = record(Phase("call", "failed", began=100.0, seconds=30.0, facts=facts)).failures()
    assert (failure.at, failure.service, failure.judges, failure.guide) == (130.0, "chat", "chat", ("CHT-01",))
    (failure,) = record(Phase("call", "failed", facts={**facts, "service": "auth"})).failures()
    assert (failure.at, failure.service, failure.judges) == (None, "auth", "chat")


def test_what_a_check_said_of_itself_outlasts_the_process_that_ran_it() -> None:
    """The report of a worker's crash, which knows no marks, does not make a required check one of no line."""
    lost = record(Phase("setup", "passed", facts={"judges": "chat", "guide": ["CHT-01"]}), Phase("???", "failed"))
    assert (lost.service, lost.guide) == ("chat", ("CHT-01",))
