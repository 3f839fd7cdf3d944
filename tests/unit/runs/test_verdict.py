import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.runs.verdict import CODES, Decision, Evidence, ExitCode, Invalid, Outcome, Problem, Verdict, decide

ORDER = list(Verdict)
HARMLESS = [Outcome.HELD, Outcome.NOT_APPLICABLE, Outcome.ADVISORY]
OUTCOMES = (st.lists(st.sampled_from(HARMLESS), max_size=8) | st.lists(st.sampled_from(Outcome), max_size=8)).map(tuple)
PROBLEMS = st.lists(st.builds(Problem, st.sampled_from(Invalid), st.just("why")), max_size=3).map(tuple)
# Every second run has nothing against it but its outcomes.
EVIDENCE = st.builds(Evidence, OUTCOMES, strict=st.booleans()) | st.builds(
    Evidence,
    outcomes=OUTCOMES,
    problems=PROBLEMS,
    partial=st.lists(st.just("a part"), max_size=1).map(tuple),
    unproven=st.lists(st.just("SVC-01 of smoke"), max_size=1).map(tuple),
    interrupted=st.none() | st.just("Ctrl-C"),
    strict=st.booleans(),
)
OF_VERDICT = {
    Verdict.GO: {ExitCode.GO},
    Verdict.NO_GO: {ExitCode.NO_GO},
    Verdict.INVALID: set(CODES.values()),
    Verdict.INCONCLUSIVE: {ExitCode.INTERRUPTED, ExitCode.NOTHING_SELECTED, ExitCode.INCONCLUSIVE},
}


def rank(decision: Decision) -> int:
    return ORDER.index(decision.verdict)


@given(EVIDENCE)
def test_go_needs_evidence_and_nothing_wrong(evidence: Evidence) -> None:
    """GO if and only if something held, nothing else counts against it, and the tier was whole."""
    decision = decide(evidence)
    beside = {Outcome.HELD} if evidence.strict else {Outcome.HELD, Outcome.NOT_APPLICABLE, Outcome.ADVISORY}
    clean = not (evidence.problems or evidence.partial or evidence.unproven or evidence.interrupted)
    expected = clean and Outcome.HELD in evidence.outcomes and set(evidence.outcomes) <= beside
    assert (decision.verdict is Verdict.GO) == expected


@given(EVIDENCE)
def test_exit_code_and_verdict_say_the_same(evidence: Evidence) -> None:
    """Each exit code belongs to the verdict it comes with, zero to GO alone, and there is always a reason."""
    decision = decide(evidence)
    assert decision.exit_code in OF_VERDICT[decision.verdict]
    assert (decision.exit_code == 0) == (decision.verdict is Verdict.GO)
    assert decision.reasons
    assert all(decision.reasons)


@given(EVIDENCE, st.sampled_from(Outcome))
def test_a_failure_never_improves_a_verdict(evidence: Evidence, former: Outcome) -> None:
    """Adding a failure, or turning any outcome into one, is NO-GO."""
    assert decide(replace(evidence, outcomes=(*evidence.outcomes, Outcome.FAILED))).verdict is Verdict.NO_GO
    before = decide(replace(evidence, outcomes=(*evidence.outcomes, former)))
    after = decide(replace(evidence, outcomes=(*evidence.outcomes, Outcome.FAILED)))
    assert rank(after) <= rank(before)


@given(EVIDENCE, st.sampled_from([Outcome.NOT_RUN, Outcome.NOT_APPLICABLE, Outcome.ADVISORY, Outcome.FAILED]))
def test_no_missing_evidence_improves_a_verdict(evidence: Evidence, missing: Outcome) -> None:
    """Turning a check that held into one that did not makes no verdict better."""
    held = decide(replace(evidence, outcomes=(*evidence.outcomes, Outcome.HELD)))
    without = decide(replace(evidence, outcomes=(*evidence.outcomes, missing)))
    assert rank(without) <= rank(held)


@given(EVIDENCE, PROBLEMS, st.booleans())
def test_no_trouble_improves_a_verdict(evidence: Evidence, problems: tuple[Problem, ...], strict: bool) -> None:  # noqa: FBT001
    """Further problems, an interruption, a narrower selection or strictness make no verdict better."""
    before = rank(decide(evidence))
    assert rank(decide(replace(evidence, problems=evidence.problems + problems))) <= before
    assert rank(decide(replace(evidence, interrupted="SIGTERM"))) <= before
    assert rank(decide(replace(evidence, partial=("-k",)))) <= before
    assert rank(decide(replace(evidence, strict=evidence.strict or strict))) <= before


@given(EVIDENCE, st.randoms())
def test_the_order_of_checks_does_not_matter(evidence: Evidence, random: object) -> None:
    """However the checks were spread over workers, the decision is the same."""
    shuffled = list(evidence.outcomes)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis gives a Random
    assert decide(replace(evidence, outcomes=tuple(shuffled))) == decide(evidence)


def test_the_worst_wins() -> None:
    """NO-GO before INVALID before INCONCLUSIVE before GO, and the rest is still told."""
    everything = Evidence(
        (Outcome.FAILED, Outcome.NOT_RUN, Outcome.HELD), (Problem(Invalid.WORKER_LOST, "gw0"),), ("-k",), "Ctrl-C"
    )
    decision = decide(everything)
    assert decision.verdict is Verdict.NO_GO
    assert len(decision.reasons) == 6
    assert decide(replace(everything, outcomes=(Outcome.HELD,))).exit_code == ExitCode.WORKER_LOST


def test_a_run_that_could_select_nothing_says_why_alone() -> None:
    """Of several problems the first decides, and that no check was selected is no news below them."""
    problems = (Problem(Invalid.WORKER_LOST, "gw0"), Problem(Invalid.MISSING_SECRET, "k"))
    decision = decide(Evidence(problems=problems))
    assert (decision.exit_code, decision.reasons) == (ExitCode.WORKER_LOST, ("worker-lost: gw0", "missing-secret: k"))


README = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
HELD = Evidence((Outcome.HELD,))


@pytest.mark.parametrize(
    ("evidence", "code"),
    [
        (HELD, 0),
        (Evidence((Outcome.HELD, Outcome.FAILED)), 1),
        (Evidence((Outcome.HELD, Outcome.ADVISORY), strict=True), 1),
        (replace(HELD, interrupted="Ctrl-C"), 2),
        (Evidence(), 5),
        (Evidence((Outcome.HELD, Outcome.NOT_APPLICABLE), strict=True), 67),
        (Evidence((Outcome.HELD, Outcome.NOT_RUN)), 75),
        (replace(HELD, partial=("-k",)), 75),
        (replace(HELD, unproven=("SVC-01",)), 75),
        *(
            (replace(HELD, problems=(Problem(cause, "why"),)), code)
            for cause, code in {
                Invalid.COLLECTION_ERROR: 2,
                Invalid.INTERNAL_ERROR: 3,
                Invalid.BAD_CONFIGURATION: 64,
                Invalid.MISSING_SECRET: 65,
                Invalid.ENVIRONMENT_UNUSABLE: 66,
                Invalid.CAPABILITY_UNDECLARED: 67,
                Invalid.TARGET_CHANGED: 68,
                Invalid.WORKER_LOST: 69,
                Invalid.RUN_FOLDER: 70,
            }.items()
        ),
    ],
)
def test_a_pipeline_gets_the_code_that_the_readme_says(evidence: Evidence, code: int) -> None:
    """Each number means what its row says, of the verdict that it says."""
    decision = decide(evidence)
    assert decision.exit_code == code
    (row,) = re.findall(rf"^\| {code} \| ([^|]+) \|", README, re.MULTILINE)
    assert decision.verdict in row.split(", or ")


def test_every_cause_has_a_code() -> None:
    """Every cause of INVALID has an exit code; only those where pytest itself stops are not its own."""
    assert set(CODES) == set(Invalid)
    own = [code for code in CODES.values() if code >= 64]
    assert len(own) == len(set(own)) == len(Invalid) - 2
    assert ExitCode.INCONCLUSIVE not in own
