"""The checks of `verdict.json` as JUnit XML, for pipelines that read nothing else: one test case for each."""

from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from fixtures.runs.document import xml_text
from loadtests.report.document import TIER, checks
from loadtests.report.model import LoadRun
from loadtests.verdict import Outcome


def junit(run: LoadRun) -> bytes:
    """The document, redacted. What speaks against a GO and is no check has a test case of its own."""
    root = Element("testsuites")
    suite = SubElement(root, "testsuite", name=f"verification {run.run}")
    outcomes = [_case(suite, check, run.profile.name) for check in checks(run)]
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


def _case(suite: Element, check: Mapping[str, Any], profile: str) -> str:
    outcome, name = str(check["outcome"]), xml_text(check["id"].removeprefix(f"{profile}::"))
    took = f"{check['seconds']:.3f}"
    case = SubElement(suite, "testcase", classname=xml_text(f"{TIER}.{profile}"), name=name, time=took)
    properties = SubElement(case, "properties")
    for line in check["guide"]:
        SubElement(properties, "property", name="guide", value=line)
    if outcome == "failed":
        SubElement(case, "failure", message=xml_text(check["reason"]), type="failed")
    elif outcome != "held":
        SubElement(case, "skipped", message=xml_text(f"{outcome}: {check['reason']}"), type=outcome)
    return outcome
