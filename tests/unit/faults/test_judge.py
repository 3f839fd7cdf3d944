"""The judge of detection: what a run with a fault on must come to, and what it makes of less."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fixtures.sandbox.faults.model import Fault
from fixtures.sandbox.faults.ways.routes import Missing
from tests.detection.judge import Failed, Report, judge, judge_healthy, read
from tests.detection.page import Calm, Trial, page

NODE = "suites/smoke/test_x.py::test_one"
OTHER = "suites/smoke/test_x.py::test_two[chat]"
FAULT = Fault(
    id="x", breaks="It breaks.", ids=("AAA-01", "BBB-02"), tests=(NODE, "suites/smoke/*::test_two?chat?"), cause="chat",
    way=Missing("chat"),
)  # fmt: skip
SEEN = Report(
    1,
    "NO-GO",
    (Failed(NODE, frozenset({"AAA-01"})), Failed(OTHER, frozenset({"BBB-02"}))),
    ("chat", None),
    ("2 failed",),
)
HELD = Report(0, "GO")


def changed(**what: object) -> Report:
    values: dict[str, Any] = {name: getattr(SEEN, name) for name in Report.__dataclass_fields__}
    return Report(**{**values, **what})


def test_a_fault_that_everybody_saw_is_detected() -> None:
    """NO-GO, all checks named, all lines, and the cause first: that is detection."""
    judged = judge(FAULT, SEEN)
    assert judged.passed
    assert (judged.seen_by, judged.named) == ((NODE, OTHER), "chat")


def test_less_is_not_detection() -> None:
    """Each thing that is missing is told, and is enough to fail."""
    told = {
        "the verdict is INVALID": changed(verdict="INVALID"),
        "exit code is 64": changed(exit_code=64),
        "no check failed that is named suites/smoke/*::test_two": changed(failed=SEEN.failed[:1]),
        "cites BBB-02": changed(failed=(SEEN.failed[0], Failed(OTHER, frozenset({"AAA-01"})))),
        "named is auth (then chat)": changed(causes=("auth", "chat")),
        "named is None": changed(causes=()),
        "not over": Report(-9, trouble="the run was not over"),
    }
    for text, report in told.items():
        judged = judge(FAULT, report)
        assert not judged.passed
        assert any(text in miss for miss in judged.misses), (text, judged.misses)


def test_a_healthy_run_is_go_and_nothing_else() -> None:
    """Without a fault only GO will do."""
    assert judge_healthy(HELD).passed
    assert not judge_healthy(SEEN).passed
    assert not judge_healthy(Report(75, "INCONCLUSIVE")).passed
    assert not judge_healthy(Report(1, "GO")).passed
    assert not judge_healthy(Report(0, trouble="no verdict.json")).passed


def test_a_verdict_of_another_form_is_trouble() -> None:
    """A verdict that cannot be read proves nothing."""
    assert read({"verdict": "NO-GO"}, 1).trouble
    assert read({"verdict": "GO", "checks": [3], "causes": [], "reasons": []}, 0).trouble


NODES = st.sampled_from([NODE, OTHER, "suites/smoke/test_x.py::test_three"])
REPORTS = st.builds(
    Report,
    st.sampled_from([0, 1, 64, 75]),
    st.sampled_from(["GO", "NO-GO", "INVALID", "INCONCLUSIVE"]),
    st.lists(st.builds(Failed, NODES, st.frozensets(st.sampled_from(["AAA-01", "BBB-02", "CCC-03"]))), max_size=4).map(
        tuple
    ),
    st.lists(st.sampled_from(["chat", "auth", None]), max_size=3).map(tuple),
    st.just(()),
    st.sampled_from(["", "", "trouble"]),
)


@given(REPORTS)
def test_detection_is_exactly_what_was_demanded(report: Report) -> None:
    """A fault is detected if and only if the run was sound, every named check and line saw it, and it was named."""
    failed = {one.node for one in report.failed}
    cited = {line for one in report.failed if one.node in {NODE, OTHER} for line in one.guide}
    expected = (
        not report.trouble
        and (report.verdict, report.exit_code) == ("NO-GO", 1)
        and {NODE, OTHER} <= failed
        and {"AAA-01", "BBB-02"} <= cited
        and report.causes[:1] == ("chat",)
    )
    assert judge(FAULT, report).passed == expected


@given(REPORTS)
def test_no_report_is_both_detection_and_health(report: Report) -> None:
    """No run can show that something is broken and that nothing is."""
    assert not (judge(FAULT, report).passed and judge_healthy(report).passed)


@given(REPORTS, REPORTS)
def test_the_page_says_every_miss(one: Report, other: Report) -> None:
    """The page has a row for every fault with its suite, and every miss is on it."""
    judged, well = judge(FAULT, one), judge_healthy(other)
    text = page([Trial(FAULT, judged, 1.5)], [Calm("preflight", well, 12.0)])
    assert ("| `x` | smoke |" if judged.passed else "| `x` **missed** | smoke |") in text
    for miss in (*judged.misses, *well.misses):
        assert miss in text
    assert ("## Not detected" in text) == bool(judged.misses or well.misses)


@given(st.lists(st.tuples(st.sampled_from(["smoke", "preflight"]), REPORTS), max_size=6), st.lists(REPORTS, max_size=3))
def test_the_page_counts_each_suite_by_itself(runs: list[tuple[str, Report]], reports: list[Report]) -> None:
    """Each suite has a line with its faults and calm runs; one without either has none."""
    trials = [Trial(FAULT, judge(FAULT, report), 1.0) for report in reports]
    calm = [Calm(suite, judge_healthy(report), 2.0) for suite, report in runs]
    text = page(trials, calm)
    for suite in ("smoke", "preflight"):
        tried = [trial.judgement.passed for trial in trials if suite == "smoke"]
        well = [run.judgement.passed for run in calm if run.suite == suite]
        spread = "2.0, 2.0, 2.0" if well else "none"
        line = f"| {suite} | {sum(tried)} of {len(tried)} | {sum(well)} of {len(well)} | {spread} |"
        assert (line in text) == bool(tried or well)
