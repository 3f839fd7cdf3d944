"""What a load run leaves for machines: verdict.json, series, JUnit XML."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import pytest
from jsonschema import Draft202012Validator

import fixtures.runs
import loadtests.report
from fixtures.runs.document import json_text
from fixtures.runs.folder import JUNIT, VERDICT
from fixtures.runs.redaction import register_secret
from loadtests.counts import NEVER
from loadtests.report.advice import steps
from loadtests.report.document import document
from loadtests.report.folder import REPORT, SERIES, SUBJECTS, write
from loadtests.report.junit import junit
from loadtests.report.model import LoadRun
from loadtests.report.tables import series_csv, subjects_csv
from loadtests.soundness import Cause
from loadtests.verdict import Outcome, Reason
from tests.unit.load.judged import SOUND
from tests.unit.load.report import runs

SCHEMA = json.loads((Path(loadtests.report.__path__[0]) / "verdict.schema.json").read_text(encoding="utf-8"))
OF_CHECKS = json.loads((Path(fixtures.runs.__path__[0]) / "verdict.schema.json").read_text(encoding="utf-8"))
RUNS = {
    Outcome.GO: runs.load_run(runs.HEALTHY),
    Outcome.NO_GO: runs.load_run(runs.BURSTING),
    Outcome.INVALID: runs.load_run(runs.STARVED, facts=replace(SOUND, workers_lost=("worker-2",))),
    Outcome.INCONCLUSIVE: runs.load_run(runs.SHORT),
}
EMPTY = runs.load_run(runs.EMPTY)
WATCHED = runs.load_run(runs.BRIEF, runs.profile(runs.WATCHED, lasts=float(runs.BRIEF.seconds)))
INTERRUPTED = runs.load_run(replace(runs.HEALTHY, seconds=9), runs.profile(), replace(SOUND, interrupted="Ctrl-C"))
MIXED_UP = runs.load_run(runs.HEALTHY, facts=replace(SOUND, mixed_up=("browsing: somebody else's email (1 time)",)))
ALL = {
    **{outcome.value: run for outcome, run in RUNS.items()},
    "empty": EMPTY,
    "interrupted": INTERRUPTED,
    "watched": WATCHED,
    "mixed up": MIXED_UP,
}


def written(run: LoadRun) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json_text(document(run)))
    return made


@pytest.mark.parametrize("name", ALL)
def test_every_verdict_fits_the_schema(name: str) -> None:
    """Whatever became of a run, its document is what the schema promises."""
    errors = [error.message for error in Draft202012Validator(SCHEMA).iter_errors(written(ALL[name]))]
    assert errors == []


def test_the_schema_refuses_a_pass_without_evidence() -> None:
    """GO with a question that did not hold, without questions or with another exit code is no verdict."""
    good = written(RUNS[Outcome.GO])
    changes: tuple[dict[str, object], ...] = (
        {"checks": []},
        {"exit_code": 1},
        {"checks": [{**good["checks"][0], "outcome": "undecided"}]},
        {"reasons": []},
        {"unknown": 1},
    )
    for change in changes:
        assert not Draft202012Validator(SCHEMA).is_valid({**good, **change})


def test_what_is_only_watched_is_told_from_what_holds() -> None:
    """A GO with lines that so short a run need not prove counts them apart, and is none if nothing else holds."""
    made = written(WATCHED)
    assert made["verdict"] == "GO"
    assert made["counts"]["watched"] == sum(answer["watched"] for answer in made["load"]["budget"]) == 5
    checks = [check for check in made["checks"] if check["outcome"] == "watched"]
    assert all(
        "not proven either way" in check["reason"] and "more samples would settle it" in check["reason"]
        for check in checks
    )
    assert not Draft202012Validator(SCHEMA).is_valid({**made, "checks": checks})


def test_a_pipeline_reads_both_verdicts_alike() -> None:
    """What the document of checks must have, that of load has by the same name, and its checks have the same parts."""
    assert set(OF_CHECKS["required"]) <= set(SCHEMA["required"])
    assert OF_CHECKS["$defs"]["check"]["required"] == SCHEMA["$defs"]["check"]["required"]
    assert OF_CHECKS["$defs"]["environment"] == SCHEMA["$defs"]["environment"]


@pytest.mark.parametrize("outcome", RUNS)
def test_each_outcome_is_written_as_it_was_judged(outcome: Outcome) -> None:
    """Verdict, exit code and the reasons of the document are those of the verdict."""
    run, made = RUNS[outcome], written(RUNS[outcome])
    assert (made["verdict"], made["exit_code"]) == (outcome.value, run.verdict.exit_code)
    assert len(made["reasons"]) == len(run.verdict.reasons)
    assert bool(made["call"]) == bool(made["causes"]) == (outcome is Outcome.NO_GO)


def test_the_cause_names_the_service_and_the_time() -> None:
    """A burst of failures in chat is laid to chat, with its operation, its cause and the seconds that it lasted."""
    (cause, *_) = written(RUNS[Outcome.NO_GO])["causes"]
    assert cause["subject"] == "chat"
    assert "status 503" in cause["headline"]
    assert "from 0:22 to 0:31" in cause["headline"]


def test_what_was_never_counted_is_no_pass() -> None:
    """Of a run without samples no question holds."""
    made = written(EMPTY)
    assert made["counts"]["held"] == 0
    assert made["counts"]["not run"] == len(made["checks"]) > 0


def test_a_secret_leaves_in_no_file(tmp_path: Path) -> None:
    """A registered secret in a cause, a note or a name is in none of the files."""
    secret = "tok-4711-very-secret"  # noqa: S105 - the example
    register_secret(secret)
    run = runs.load_run(replace(runs.HEALTHY, seconds=2))
    run.counts.add("chat sendMessage", runs.BEGAN, [0.1], [f"status 401 {secret}"])
    run.counts.add(f"x {secret}", runs.BEGAN, [0.1])
    write(tmp_path, replace(run, notes=(f"a note with {secret}",)))
    assert [path.name for path in tmp_path.iterdir() if secret in path.read_text(encoding="utf-8")] == []


@pytest.mark.parametrize("name", ALL)
def test_the_folder_is_complete_and_the_same_again(name: str, tmp_path: Path) -> None:
    """Every run, also an interrupted or empty one, leaves the same files each time, and no part of one."""
    for folder in ("one", "two"):
        write(tmp_path / folder, ALL[name])
    first, second = ({path.name: path.read_bytes() for path in (tmp_path / one).iterdir()} for one in ("one", "two"))
    assert set(first) == {REPORT, SERIES, SUBJECTS, JUNIT, VERDICT}
    assert first == second


def test_the_verdict_vouches_for_the_rest(tmp_path: Path) -> None:
    """Where one of the files cannot be written, there is no verdict."""
    (tmp_path / REPORT).mkdir()
    (tmp_path / REPORT / "in-the-way").touch()
    with pytest.raises(OSError, match=REPORT):
        write(tmp_path, EMPTY)
    assert not (tmp_path / VERDICT).exists()


def test_a_run_writes_nothing_over_the_evidence_of_another(tmp_path: Path) -> None:
    """Of two that were given one folder, the first that ends has it."""
    write(tmp_path, ALL[next(iter(ALL))])
    evidence = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(FileExistsError, match="of another run"):
        write(tmp_path, EMPTY)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == evidence


def test_series_have_every_second_and_every_count() -> None:
    """The series has a row for each second, stalls too, and its columns add up to what was counted."""
    run = runs.load_run(runs.STALLED)
    rows = list(csv.DictReader(io.StringIO(series_csv(run))))
    assert [int(row["second"]) for row in rows] == list(range(runs.BEGAN, runs.BEGAN + runs.STALLED.seconds))
    operations = [run.counts.tallies[name] for name in run.profile.called]
    assert sum(int(row["requests"]) for row in rows) == sum(tally.requests for tally in operations)
    assert sum(int(row["over_1000_ms"]) for row in rows) == sum(tally.over(1.0) for tally in operations)
    assert sum(int(row["asked"]) for row in rows) == run.facts.arrivals_asked
    assert rows[20]["p95_ms"] == ""


def test_subjects_add_up_to_their_tallies() -> None:
    """The rows of a subject add up to its tally."""
    run = RUNS[Outcome.NO_GO]
    rows = list(csv.DictReader(io.StringIO(subjects_csv(run))))
    for name, tally in run.counts.tallies.items():
        mine = [row for row in rows if row["subject"] == name]
        assert sum(int(row["requests"]) for row in mine) == tally.requests
        assert sum(int(row["failures"]) for row in mine) == tally.failed


def test_how_long_it_took_is_told_by_second_of_what_is_waited_for_beside_requests() -> None:
    """Of messages, calls and connections each row has what they took; of a journey and a single operation none has."""
    run = runs.connecting(seconds=2)
    run.counts.add("call", run.first_second, [number / 1000 for number in range(1, 101)])
    run.counts.add("delivery", run.first_second, [NEVER], ["lost"])
    run.counts.add("chat sendMessage", run.first_second, [0.01], plotted=True)
    rows = list(csv.DictReader(io.StringIO(subjects_csv(run))))
    told = {
        (int(row["second"]) - run.first_second, row["subject"]): [
            row[f"{name}_ms"] for name in ("p50", "p95", "p99", "max")
        ]
        for row in rows
    }
    assert list(map(float, told[0, "call"])) == pytest.approx([50, 95, 99, 100], rel=0.01)
    assert told[0, "delivery"] == ["inf"] * 4
    assert all(told[second, "connection"][0] for second in (0, 1))
    assert told[0, "connecting"] == told[0, "chat sendMessage"] == [""] * 4


@pytest.mark.parametrize("name", ALL)
def test_junit_passes_only_what_holds(name: str) -> None:
    """A test case without failure, error or skip is a question that holds; only GO has none but watched ones beside."""
    run = ALL[name]
    suite = fromstring(junit(run))[0].findall("testcase")  # noqa: S314 - our own document
    plain = [case.get("name") for case in suite if not {child.tag for child in case} - {"properties"}]
    assert len(plain) == document(run)["counts"]["held"]
    watched = document(run)["counts"]["watched"]
    assert (len(plain) + watched == len(suite)) == (run.verdict.outcome is Outcome.GO)


def test_people_who_are_mixed_up_fail_a_check_of_their_own() -> None:
    """Who reads nothing but checks, or test cases, sees a failure, though every line of the budget holds."""
    made, told = written(MIXED_UP), "browsing: somebody else's email (1 time)"
    assert [(check["id"], check["reason"]) for check in made["checks"] if check["outcome"] == "failed"] == [
        ("release::nobody is given what is somebody else's", told)
    ]
    assert made["counts"]["failed"] == 1
    assert not Draft202012Validator(SCHEMA).is_valid({**made, "checks": made["checks"][1:]})
    suite = fromstring(junit(MIXED_UP))[0]  # noqa: S314 - our own document
    assert (suite.get("failures"), suite.get("errors")) == ("1", "0")
    [message] = [failure.get("message") for failure in suite.iter("failure")]
    assert message == told


def test_a_run_that_did_not_end_as_it_ran_is_no_pass_anywhere() -> None:
    """Every line of the budget holds, and who reads test cases alone sees that something does not."""
    told = "it did not end as it ran: in its last 12 min, *: share over guide <= guide: 900 of 9000"
    good, reason = runs.load_run(runs.HEALTHY), Reason(Outcome.INCONCLUSIVE, told)
    run = replace(good, verdict=replace(good.verdict, outcome=reason.outcome, reasons=(reason,), worn_out=told))
    made = written(run)
    assert made["exit_code"] == 75
    assert Draft202012Validator(SCHEMA).is_valid(made)
    [suite] = fromstring(junit(run))  # noqa: S314 - our own document
    assert [error.get("message") for error in suite.iter("error")] == [str(reason)]
    assert [step.partition(" (")[0] for step in steps(run)] == ["Look what the platform had run out of by then"]


def test_the_guide_is_cited_where_its_numbers_are_used() -> None:
    """A line that takes a number of the guide cites it, one with numbers of its own does not."""
    text = """*: share over guide
*: errors <= guide
*: available >= guide
chat sendMessage: p95 <= guide
chat listMessages: p95 <= 2 s
delivery: delivered >= 99 %"""
    run = runs.load_run(replace(runs.HEALTHY, seconds=2), runs.profile(text))
    cited = {check["id"].partition("::")[2]: check["guide"] for check in written(run)["checks"]}
    assert list(cited.values()) == [["LOD-01"], ["LOD-02"], ["SVC-05"], ["LOD-01"], [], []]


def test_every_code_of_a_cause_is_in_the_schema() -> None:
    """No cause can end a run with a code that the schema does not know."""
    assert {cause.code for cause in Cause} <= set(SCHEMA["properties"]["exit_code"]["enum"])
