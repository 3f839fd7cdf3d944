"""The budget as JUnit XML, for pipelines that read nothing else: one test case for each question."""

from xml.etree.ElementTree import Element, SubElement, tostring

from fixtures.runs.document import xml_text
from loadtests.judging import Answer
from loadtests.report.document import TIER, guide_lines, outcome_of
from loadtests.report.model import LoadRun
from loadtests.verdict import MIXED_UP, Outcome


def junit(run: LoadRun) -> bytes:
    """The document, redacted. What speaks against a GO and is no question of the budget has a test case of its own."""
    root = Element("testsuites")
    suite = SubElement(root, "testsuite", name=f"verification {run.run}")
    outcomes = [_case(suite, answer, run) for answer in run.verdict.answers]
    if run.facts.mixed_up:
        outcomes.append("failed")
        case = SubElement(suite, "testcase", classname="verdict", name=MIXED_UP, time="0")
        SubElement(case, "failure", message=xml_text("; ".join(run.facts.mixed_up)), type="failed")
    errors = 0
    if run.verdict.outcome in {Outcome.INVALID, Outcome.INCONCLUSIVE}:
        errors, name = 1, run.verdict.outcome.value
        case = SubElement(suite, "testcase", classname="verdict", name=name, time="0")
        SubElement(case, "error", message=xml_text("; ".join(map(str, run.verdict.reasons))), type=name)
    counts = {
        "tests": len(suite),
        "failures": outcomes.count("failed"),
        "errors": errors,
        "skipped": len(outcomes) - outcomes.count("failed") - outcomes.count("held"),
    }
    for element in (root, suite):
        for name, number in counts.items():
            element.set(name, str(number))
    body: bytes = tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + body


def _case(suite: Element, answer: Answer, run: LoadRun) -> str:
    outcome = outcome_of(answer)
    name = xml_text(str(answer.question))
    took = f"{max(0.0, run.ended - run.began):.3f}"
    case = SubElement(suite, "testcase", classname=xml_text(f"{TIER}.{run.profile.name}"), name=name, time=took)
    properties = SubElement(case, "properties")
    for line in guide_lines(answer.question.line):
        SubElement(properties, "property", name="guide", value=line)
    if outcome == "failed":
        SubElement(case, "failure", message=xml_text(str(answer)), type="failed")
    elif outcome != "held":
        SubElement(case, "skipped", message=xml_text(f"{outcome}: {answer}"), type=outcome)
    return outcome
