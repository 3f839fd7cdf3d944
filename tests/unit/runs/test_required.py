from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.runs.evidence import NOT_APPLICABLE
from fixtures.runs.record import PHASES, CheckRecord, Phase
from fixtures.runs.required import counted, unproven
from fixtures.runs.verdict import Outcome

NAMED = {"smoke": frozenset({"SVC-01"})}
RAN = {Outcome.HELD, Outcome.FAILED, Outcome.ADVISORY}
IDS = st.sampled_from(["SVC-01", "SVC-02"])


def check(*guide: str, outcome: Outcome = Outcome.HELD, name: str = "a") -> CheckRecord:
    facts = {"guide": list(guide)}
    record = CheckRecord(f"suites/smoke/test_{name}.py::test", "smoke")
    match outcome:
        case Outcome.HELD:
            phases = [Phase(phase, "passed", facts=facts) for phase in PHASES]
        case Outcome.FAILED:
            phases = [Phase("call", "failed", facts=facts)]
        case Outcome.NOT_APPLICABLE:
            phases = [Phase("setup", "skipped", reason=f"{NOT_APPLICABLE}x", facts=facts)]
        case Outcome.ADVISORY:
            phases = [Phase("call", "skipped", expected_to_fail=True, facts=facts)]
        case _:
            phases = [Phase("setup", "skipped", reason="x", facts=facts)]
    for phase in phases:
        record.add(phase)
    assert record.outcome is outcome
    return record


CHECKS = st.lists(
    st.builds(
        lambda guide, outcome: check(guide, outcome=outcome),
        IDS,
        st.sampled_from(Outcome),
    ),
    max_size=6,
)


@given(CHECKS)
def test_without_names_every_check_counts(checks: list[CheckRecord]) -> None:
    """An environment that names nothing requires all, and nothing beside them."""
    assert counted(checks, {}) == checks
    assert unproven(checks, ["smoke"], {}) == ()


@given(CHECKS)
def test_with_names_only_what_did_not_run_and_is_not_named_is_left_out(checks: list[CheckRecord]) -> None:
    """Whatever ran counts, a failure above all; of the rest only the named."""
    left_out = [one for one in checks if one not in counted(checks, NAMED)]
    assert all(one.outcome in {Outcome.NOT_RUN, Outcome.NOT_APPLICABLE} for one in left_out)
    assert all("SVC-01" not in one.guide for one in left_out)


@given(CHECKS)
def test_a_named_id_is_proven_by_a_check_that_ran_and_by_nothing_else(checks: list[CheckRecord]) -> None:
    """An ID that no check judged, or only checks that did not run, is unproven."""
    ran = any("SVC-01" in one.guide and one.outcome in RAN for one in checks)
    assert unproven(checks, ["smoke"], NAMED) == (() if ran else ("SVC-01 of smoke",))


def test_a_check_that_was_never_started_is_taken_for_required() -> None:
    """What has not told its IDs may be the one that was needed."""
    never = CheckRecord("suites/smoke/test_a.py::test", "smoke")
    assert counted([never], NAMED) == [never]


@pytest.mark.parametrize("tiers", [[], ["preflight"]])
def test_a_tier_that_is_not_judged_needs_nothing(tiers: list[str]) -> None:
    """What is required of one tier is not asked of a run of another."""
    assert unproven([], tiers, NAMED) == ()


def test_another_tiers_check_proves_nothing() -> None:
    """An ID is required of a tier, and judged by that tier's checks."""
    other = replace(check("SVC-01"), tier="preflight")
    assert unproven([other], ["smoke", "preflight"], NAMED) == ("SVC-01 of smoke",)
