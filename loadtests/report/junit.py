"""The checks of `verdict.json` as JUnit XML: one test case for each."""

from fixtures.runs.junit import Case, xml
from loadtests.report.document import TIER, checks
from loadtests.report.model import LoadRun


def junit(run: LoadRun) -> bytes:
    """The document, redacted. What speaks against a GO and is no check has a test case of its own."""
    cases = (
        Case(
            classname=f"{TIER}.{run.profile.name}",
            name=check["id"].removeprefix(f"{run.profile.name}::"),
            at=check["at"],
            seconds=check["seconds"],
            outcome=check["outcome"],
            reason=check["reason"],
            guide=check["guide"],
        )
        for check in checks(run)
    )
    return xml(run.run, run.environment, run.verdict.outcome, map(str, run.verdict.reasons), cases)
