"""How detection by load tests judges a run."""

import pytest

from tests.detection.load.harness import Outcome
from tests.detection.load.judge import judge
from tests.detection.load.page import page
from tests.detection.load.scenarios import SCENARIOS
from tests.detection.suite import REPOSITORY

SLOW = next(fault for fault in SCENARIOS if fault.id == "six-per-cent-slow")
KILLED = next(fault for fault in SCENARIOS if fault.id == "worker-killed")
TOLD = "*: share over guide <= guide: 500 of 8000"


def _outcome(code: int | None, verdict: str, *reasons: str, trouble: str = "") -> Outcome:
    return Outcome(code, 1.0, "", verdict, reasons, trouble)


def test_a_fault_is_detected_by_its_verdict_and_its_name() -> None:
    """Verdict, exit code and a reason that names the fault: all three."""
    assert judge("rates", _outcome(1, "NO-GO", TOLD), SLOW).passed


@pytest.mark.parametrize(
    "outcome",
    [
        _outcome(0, "GO", "all 2 questions of the budget hold"),
        _outcome(0, "NO-GO", TOLD),
        _outcome(1, "NO-GO", "*: errors <= guide: 500 of 8000"),
        _outcome(75, "INCONCLUSIVE", TOLD),
        _outcome(None, "", trouble="no verdict.json"),
    ],
    ids=["not seen", "exit code of a pass", "another name", "not proven", "no verdict"],
)
def test_anything_less_is_a_miss(outcome: Outcome) -> None:
    """A run that came to something else did not detect the fault."""
    assert not judge("rates", outcome, SLOW).passed


def test_an_invalid_run_must_name_its_cause() -> None:
    """A lost worker is not detected by another cause of INVALID."""
    lost = "worker-lost: workers were lost (1 of 2): w-1"
    late = "generator-lag: a worker was late"
    assert judge("rates", _outcome(81, "INVALID", lost), KILLED).passed
    assert not judge("rates", _outcome(83, "INVALID", late), KILLED).passed


def test_nothing_broken_must_be_go() -> None:
    """A healthy run that is anything else is a false alarm."""
    assert judge("smoke", _outcome(0, "GO")).passed
    assert not judge("smoke", _outcome(75, "INCONCLUSIVE", "too few")).passed


def test_the_page_tells_what_was_missed() -> None:
    """A missed fault stands in the page, and in its count."""
    broken = [judge("rates", _outcome(1, "NO-GO", TOLD), SLOW), judge("rates", _outcome(0, "GO"), KILLED)]
    text = page(broken, [judge("smoke", _outcome(0, "GO", "all hold"))])
    assert "1 of 2 faults detected; 1 of 1 healthy runs" in text
    assert "`worker-killed` **missed**" in text


def test_a_profile_too_short_to_prove_its_budget_must_say_so() -> None:
    """GO of it would be a pass on too little."""
    assert judge("messages", _outcome(75, "INCONCLUSIVE", "delivery: 0 of 4000: open")).passed
    assert not judge("messages", _outcome(0, "GO", "all hold")).passed


def test_the_page_is_of_the_scenarios_that_there_are() -> None:
    """`docs/load-detection.md` has a row for each, in their order, with what it breaks: or it is of another day."""
    text = (REPOSITORY / "docs" / "load-detection.md").read_text()
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| `")]
    assert [(row[0].strip("| `"), row[1]) for row in rows] == [(fault.id, fault.breaks) for fault in SCENARIOS]
