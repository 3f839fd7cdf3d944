"""How detection by load tests judges a run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.detection.load.harness import Outcome
from tests.detection.load.judge import judge
from tests.detection.load.page import page
from tests.detection.load.scenarios import SCENARIOS
from tests.detection.suite import REPOSITORY

SLOW = next(fault for fault in SCENARIOS if fault.id == "six-per-cent-slow")
REFUSED = next(fault for fault in SCENARIOS if fault.id == "one-address-of-two-refuses")
KILLED = next(fault for fault in SCENARIOS if fault.id == "worker-killed")
STUCK = next(fault for fault in SCENARIOS if fault.id == "presence-sticks")
TOLD = "*: share over guide <= guide: 500 of 8000"
SHOWN = "browsing: 90 of 160 failed (56.3%), mostly friend still online; throughout"
LOOK = "Look first at browsing (websocket-signaling): logs and metrics of the time that the causes name."


def _outcome(code: int | None, verdict: str, *reasons: str, trouble: str = "") -> Outcome:
    return Outcome(code, 1.0, "", verdict, reasons, trouble=trouble)


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


def test_a_cause_may_name_what_no_reason_can() -> None:
    """Of a journey that fails the reasons say how often, and the causes by what."""
    failed = ("browsing: errors <= 10 %: 90 of 160",)
    trial = judge("twenty", Outcome(1, 1.0, "", "NO-GO", failed, (SHOWN,), ("Do not release.", LOOK)), STUCK)
    assert trial.passed
    assert trial.reason == SHOWN


def test_a_note_names_what_is_go_and_nothing_else() -> None:
    """It decides nothing: a run that is NO-GO for another reason has not detected what only a note tells."""
    note = f"at {' '.join(REFUSED.names)}"
    held = Outcome(0, 1.0, "", "GO", ("all 4 questions of the budget hold",), notes=(note,))
    assert judge("comers", held, REFUSED).passed
    assert judge("comers", held, REFUSED).reason == note
    assert not judge("comers", _outcome(0, "GO", "all 4 questions of the budget hold"), REFUSED).passed
    assert not judge("rates", Outcome(1, 1.0, "", "NO-GO", ("another",), notes=(TOLD,)), SLOW).passed


@pytest.mark.parametrize("steps", [(), ("Do not release.",)], ids=["none", "another"])
def test_what_to_do_next_must_be_said(steps: tuple[str, ...]) -> None:
    """A verdict that names what is wrong, and not where to look, leaves a person alone with it."""
    assert not judge("twenty", Outcome(1, 1.0, "", "NO-GO", (), (SHOWN,), steps), STUCK).passed


@given(st.lists(st.lists(st.sampled_from([*STUCK.names, "call", "lost"]))), st.integers(0, 9))
def test_one_line_must_name_all_of_a_fault(lines: list[list[str]], split: int) -> None:
    """Words of a name that several lines share between them name nothing, be they reasons or causes."""
    said = tuple(map(" ".join, lines))
    outcome = Outcome(1, 1.0, "", "NO-GO", said[:split], said[split:], (LOOK,))
    assert judge("twenty", outcome, STUCK).passed == any(set(STUCK.names) <= set(line) for line in lines)


def test_an_invalid_run_must_name_its_cause() -> None:
    """A lost worker is not detected by another cause of INVALID."""
    lost = "worker-lost: workers were lost (1 of 2): w-1"
    late = "generator-lag: a worker was late"
    assert judge("rates", _outcome(81, "INVALID", lost), KILLED).passed
    assert not judge("rates", _outcome(83, "INVALID", late), KILLED).passed
    # A pipeline sees the code alone, and the first step is of the same cause.
    assert not judge("rates", _outcome(88, "INVALID", lost), KILLED).passed


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
