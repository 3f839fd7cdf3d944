"""What a run writes of its conclusion."""

import errno
import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from xml.etree.ElementTree import Element, fromstring

import pytest

from fixtures.runs import folder, record_ahead, record_touch, writing
from fixtures.runs.causes import Cause, Failure
from fixtures.runs.conclusion import Conclusion
from fixtures.runs.document import json_text
from fixtures.runs.evidence import NOT_APPLICABLE, begin_trail, trail
from fixtures.runs.junit import junit
from fixtures.runs.record import PHASES, CheckRecord, Phase
from fixtures.runs.redaction import MASK
from fixtures.runs.terminal import last_lines
from fixtures.runs.verdict import Evidence, Invalid, Outcome, Problem, decide

ASKS = "Authorization: Bearer s3cret"


def check(name: str, *phases: Phase) -> CheckRecord:
    made = CheckRecord(f"suites/smoke/test_a.py::test_{name}", "smoke")
    for phase in phases or [Phase(phase, "passed") for phase in PHASES]:
        made.add(phase)
    return made


HELD = check("held")
FAILED = check("failed", Phase("call", "failed", reason=f"\x1b[31m {ASKS}", text=f"at length: {ASKS}"))
BESIDE = [
    check("skipped", Phase("setup", "skipped", reason="no time")),
    check("elsewhere", Phase("setup", "skipped", reason=f"{NOT_APPLICABLE}no cdn")),
    check("advice", Phase("call", "skipped", reason="known", expected_to_fail=True)),
]


def concluded(*checks: CheckRecord, problems: tuple[Problem, ...] = (), **more: object) -> Conclusion:
    decision = decide(Evidence(tuple(one.outcome for one in checks), problems))
    now = time.time()
    made = Conclusion("run", now, now, ("smoke",), decision, checks, contacts={"on_call": "somebody"})
    return replace(made, **more)  # type: ignore[arg-type]  # fields by name


def suite(conclusion: Conclusion) -> Element:
    (found,) = fromstring(junit(conclusion))  # noqa: S314 - it is our own
    return found


def counts(element: Element) -> list[int]:
    return [int(element.attrib[name]) for name in ("tests", "failures", "errors", "skipped")]


def test_what_did_not_run_is_no_pass_in_junit() -> None:
    """Who reads nothing else counts what held, what failed, and what says nothing, each by its name."""
    found = suite(concluded(HELD, FAILED, *BESIDE))
    assert counts(found) == [5, 1, 0, 3]
    told = [one.attrib["message"] for one in found.iter("skipped")]
    assert told == ["not run: no time", "not applicable: no cdn", "advisory: known"]


@pytest.mark.parametrize("verdict", ["INCONCLUSIVE", "INVALID"])
def test_a_verdict_that_is_no_failure_is_an_error_in_junit(verdict: str) -> None:
    """Where no check failed and it is not GO, the document is red all the same."""
    problems = (Problem(Invalid.WORKER_LOST, "gw0"),) if verdict == "INVALID" else ()
    found = suite(concluded(HELD, BESIDE[0], problems=problems))
    assert counts(found) == [3, 0, 1, 1]
    (error,) = found.iter("error")
    assert error.attrib["type"] == verdict
    assert counts(suite(concluded(HELD))) == [1, 0, 0, 0]


def test_what_a_failure_says_at_length_is_in_junit_as_xml_may_hold_it() -> None:
    """The text of a failure is there, without secrets and without what no document may hold."""
    (failure,) = suite(concluded(FAILED)).iter("failure")
    assert failure.attrib["message"] == f"\N{REPLACEMENT CHARACTER}[31m Authorization: Bearer {MASK}"
    assert failure.text == f"at length: Authorization: Bearer {MASK}"


def test_no_secret_is_in_json_be_it_a_name_or_a_value() -> None:
    """Every text of a document is redacted before it is written, and it stays JSON."""
    written = json.loads(json_text({ASKS: [ASKS, {"n": 1}]}))
    assert written == {f"Authorization: Bearer {MASK}": [f"Authorization: Bearer {MASK}", {"n": 1}]}


def cause(*, down: bool) -> Cause:
    return Cause("chat", down, Failure(FAILED.id, "call", f"it is red {ASKS}"), health="status 503")


def test_a_cause_says_whether_it_is_down_or_wrong() -> None:
    """The document and the last lines tell what is out of reach from what answers wrongly."""
    told = concluded(FAILED, causes=(cause(down=True), cause(down=False)))
    assert [one["state"] for one in told.document()["causes"]] == ["down", "wrong"]
    lines = last_lines(told, "runs/x")
    begin = lines.index("causes:") + 1
    assert lines[begin : begin + 4] == [
        "  1. chat is down (status 503)",
        f"     {FAILED.id}: it is red Authorization: Bearer {MASK}",
        f"  2. chat: it is red Authorization: Bearer {MASK}",
        f"     {FAILED.id}",
    ]
    assert lines[-2:] == ["call (deployment guide, Contact Information): on-call engineer somebody", "run run: runs/x"]


def test_the_last_lines_name_what_did_not_hold_and_call_nobody_for_it() -> None:
    """What did not run, does not apply or is advice is named; people are called for a failure alone."""
    lines = last_lines(concluded(HELD, *BESIDE), None)
    for title in ("did not run: 1", "not applicable here: 1", "for advice only, did not hold: 1"):
        assert title in lines
    assert not any(line.startswith("call ") for line in lines)
    assert lines[-1] == "run run: no folder could be written"
    assert concluded(HELD).of(Outcome.HELD) == [HELD]


@pytest.mark.parametrize(("count", "rest"), [(12, []), (13, ["  … and 1 more, in the run's folder"])])
def test_of_many_the_first_are_named_and_the_others_counted(count: int, rest: list[str]) -> None:
    """The last lines stay so few that they are read."""
    many = [check(f"{number:02}", Phase("setup", "skipped", reason="no time")) for number in range(count)]
    lines = last_lines(concluded(HELD, *many), None)
    begin = lines.index(f"did not run: {count}") + 1
    assert len([line for line in lines if line.endswith(": no time")]) == 12
    assert lines[begin + 12 : -1] == rest


def test_the_verdict_is_written_last_and_alone_with_its_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the verdict lies the rest is there, and nothing that only served to write it."""
    folder.write(tmp_path, concluded(HELD))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["junit.xml", "verdict.json"]

    def full(_conclusion: Conclusion) -> bytes:
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(folder, "junit", full)
    with pytest.raises(OSError, match="no room"):
        folder.write(tmp_path / "second", concluded(HELD))
    assert not list((tmp_path / "second").iterdir())


def test_a_file_is_on_the_disk_before_it_is_in_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that goes down leaves the whole of it or nothing; what cannot be written leaves no part."""
    place = tmp_path / "verdict.json"
    there: list[bool] = []
    monkeypatch.setattr(os, "fsync", lambda _: there.append(place.exists()))
    writing.write_whole(place, b"1")
    assert there == [False]

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no room"):
        writing.write_whole(tmp_path / "other", b"1")
    assert list(tmp_path.iterdir()) == [place]


@pytest.fixture
def _own_trail() -> Iterator[None]:
    begin_trail()
    yield
    begin_trail()


@pytest.mark.usefixtures("_own_trail")
def test_what_a_check_did_last_is_how_to_ask_again() -> None:
    """A touch that is no request forgets no command, and of clocks the least and the most is kept."""
    record_touch("chat", SimpleNamespace(curl="curl https://h/", label="x", repeated=False, trace_id="t"))
    record_touch("chat")
    for seconds in (1.0, -2.0, 0.0):
        record_ahead(seconds)
    assert trail().touched == {"chat": "curl https://h/"}
    assert trail().ahead == (-2.0, 1.0)
    begin_trail()
    assert (trail().touched, trail().ahead) == ({}, ())
