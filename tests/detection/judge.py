"""From the verdict of a run with a fault on to whether the fault was detected. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from fixtures.sandbox.faults.model import Fault

GO, NO_GO = "GO", "NO-GO"
_EXIT = {GO: 0, NO_GO: 1}


@dataclass(frozen=True, slots=True)
class Failed:
    """A check that failed, and the guide's lines that it cites."""

    node: str
    guide: frozenset[str]


@dataclass(frozen=True, slots=True)
class Report:
    """What a run came to: exit code, verdict, failed checks, and the causes by name, gravest first.

    `verdict` is empty, and `trouble` says why, when the run left none that can be read.
    """

    exit_code: int
    verdict: str = ""
    failed: tuple[Failed, ...] = ()
    causes: tuple[str | None, ...] = ()
    reasons: tuple[str, ...] = ()
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a run came to what was demanded; if not, every way in which it did not."""

    misses: tuple[str, ...]
    seen_by: tuple[str, ...] = ()
    named: str | None = None

    @property
    def passed(self) -> bool:
        """Whether everything that was demanded came about."""
        return not self.misses


def read(document: Mapping[str, Any], exit_code: int) -> Report:
    """Return what `verdict.json` says, beside what the process said. A document of another form is trouble."""
    try:
        return Report(
            exit_code,
            str(document["verdict"]),
            tuple(
                Failed(str(check["id"]), frozenset(check["guide"]))
                for check in document["checks"]
                if check["outcome"] == "failed"
            ),
            tuple(cause["subject"] for cause in document["causes"]),
            tuple(document["reasons"]),
        )
    except (KeyError, TypeError) as error:
        return Report(exit_code, trouble=f"verdict.json is of another form: {type(error).__name__}: {error}")


def judge(fault: Fault, report: Report) -> Judgement:
    """Demand of a run with `fault` on: NO-GO, every named check failed, every line seen, the cause named first."""
    misses = list(_sound(report, NO_GO))
    nodes = [failed.node for failed in report.failed]
    misses += [
        f"no check failed that is named {pattern}"
        for pattern in fault.tests
        if not any(fnmatchcase(node, pattern) for node in nodes)
    ]
    seen = [failed for failed in report.failed if fault.named(failed.node)]
    cited = frozenset[str]().union(*(failed.guide for failed in seen))
    misses += [f"no named check that failed cites {line}" for line in fault.ids if line not in cited]
    named = report.causes[0] if report.causes else None
    if named != fault.cause:
        others = ", ".join(str(cause) for cause in report.causes[1:])
        misses.append(f"the cause is {fault.cause}, named is {named}" + (f" (then {others})" if others else ""))
    return Judgement(tuple(misses), tuple(failed.node for failed in seen), named)


def judge_healthy(report: Report) -> Judgement:
    """Demand of a run with nothing broken: GO."""
    misses = [*_sound(report, GO), *(f"{failed.node} failed" for failed in report.failed)]
    return Judgement(tuple(misses), named=report.causes[0] if report.causes else None)


def _sound(report: Report, verdict: str) -> Iterable[str]:
    if report.trouble:
        yield report.trouble
        return
    if report.verdict != verdict:
        yield f"the verdict is {report.verdict}, not {verdict}: {'; '.join(report.reasons)}"
    if report.exit_code != _EXIT[verdict]:
        yield f"the exit code is {report.exit_code}, not {_EXIT[verdict]}"
