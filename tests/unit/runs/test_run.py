"""A run from its records to its conclusion."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.environments import Environment
from fixtures.runs.causes import HealthReading
from fixtures.runs.conclusion import Conclusion
from fixtures.runs.evidence import NOT_APPLICABLE
from fixtures.runs.record import PHASES, Phase
from fixtures.runs.redaction import MASK
from fixtures.runs.run import Run
from fixtures.runs.verdict import Invalid, Problem, Verdict
from tests.unit.clients.make import environment

OWN, LIVE = "https://blue.test", "https://live.test"
BLUE = replace(environment(OWN), slot="blue", build="b1", live_api=LIVE, slots={"green": LIVE}, strict=False)
NEVER: dict[str, frozenset[str]] = {"SVC-01": frozenset({"smoke"})}


def concluded(
    folder: Path, *sightings: Sequence[str], target: Environment = BLUE, outcome: str = "passed", trouble: str = ""
) -> tuple[Conclusion, list[str]]:
    """The conclusion of a run of one check, and how often the scene was looked at."""
    looked: list[str] = []

    def scene() -> Sequence[HealthReading]:
        looked.append("scene")
        return ()

    run = Run("run", folder, environment=target)
    if trouble:
        run.invalid(Invalid.WORKER_LOST, trouble)
    for phase in PHASES:
        facts = {"sightings": [list(one) for one in sightings] if phase == "call" else []}
        run.records.add("suites/smoke/test_a.py::test", "smoke", Phase(phase, outcome, facts=facts))
    return run.conclude(partial=(), scene=scene, contacts={"on_call": "x"}, lines=NEVER), looked


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        (("chat", "blue", "b1", OWN), Verdict.GO),
        (("chat", "blue", "b1", ""), Verdict.GO),
        (("chat", "green", "b0", LIVE), Verdict.GO),
        (("chat", "green", "b1", OWN), Verdict.INVALID),
        (("chat", "blue", "b0", OWN), Verdict.INVALID),
    ],
)
def test_what_answers_must_be_what_the_environment_names(
    tmp_path: Path, seen: tuple[str, ...], verdict: Verdict
) -> None:
    """A slot that is answered for by another, or by another build, is judged by no run of it, from the first answer."""
    assert concluded(tmp_path, seen)[0].decision.verdict is verdict


def test_the_scene_is_looked_at_when_something_failed(tmp_path: Path) -> None:
    """A run in which all held asks nothing more of the platform, and calls nobody."""
    held, looked = concluded(tmp_path)
    assert (held.decision.verdict, looked, held.document()["call"]) == (Verdict.GO, [], {})
    failed, looked = concluded(tmp_path, outcome="failed")
    assert (failed.decision.verdict, looked, failed.document()["call"]) == (Verdict.NO_GO, ["scene"], {"on_call": "x"})


def test_nobody_is_called_for_what_proves_nothing(tmp_path: Path) -> None:
    """Where the run is at fault, the platform's people are left in peace, and lines without a check are not named."""
    found, _ = concluded(tmp_path, trouble="gw0 is gone")
    assert (found.decision.verdict, found.document()["call"], found.unjudged) == (Verdict.INVALID, {}, None)
    assert concluded(tmp_path)[0].unjudged == {"smoke": ("SVC-01",)}


def test_too_few_replicas_of_another_slot_are_noted(tmp_path: Path) -> None:
    """The slots that an environment addresses are known by as many replicas as its own."""
    target = replace(BLUE, replicas={"chat": 2})
    found, _ = concluded(tmp_path, ("chat", "green", "b0", LIVE, "chat-1"), target=target)
    assert f"(chat 1 of 2 at {LIVE})" in found.notes[0]


def test_only_what_counts_is_told_to_be_undeclared(tmp_path: Path) -> None:
    """Who mends a strict environment's file is told of what is required of it, and of nothing else."""
    run = Run("run", tmp_path, environment=replace(BLUE, strict=True, required={"smoke": frozenset({"SVC-01"})}))
    for one, lacking in (("SVC-01", "no cdn"), ("SVC-02", "no people")):
        phase = Phase("setup", "skipped", reason=f"{NOT_APPLICABLE}{lacking}", facts={"guide": [one]})
        run.records.add(f"suites/smoke/test_a.py::test_{one}", "smoke", phase)
    found = run.conclude(partial=(), scene=list, contacts={}, lines=NEVER)
    assert "1 check: no cdn" in found.decision.reasons
    assert not any("no people" in reason for reason in found.decision.reasons)


def test_a_problem_is_noted_once_and_without_secrets(tmp_path: Path) -> None:
    """What each of many checks meets is one problem."""
    run = Run("run", tmp_path)
    for _ in range(2):
        run.invalid(Invalid.WORKER_LOST, "Authorization: Bearer s3cret")
    assert run.problems == [Problem(Invalid.WORKER_LOST, f"Authorization: Bearer {MASK}")]
