"""From what a load run came to, to whether that is what was demanded. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from loadtests.soundness import Cause
from tests.detection.load.harness import Outcome
from tests.detection.load.scenario import Scenario

GO: Final = "GO"
UNPROVABLE: Final = {"messages": "INCONCLUSIVE"}
"""Profiles that are too short to prove their budget, and say so; long enough to see it broken all the same."""
_EXITS: Final = {GO: (0,), "NO-GO": (1,), "INVALID": (64, 65, 66, 70, *range(80, 90)), "INCONCLUSIVE": (75,)}
"""Exit codes that say the same as each verdict."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One run and what was wrong with how it was judged; `fault` is None where nothing was broken."""

    fault: Scenario | None
    profile: str
    outcome: Outcome
    misses: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether everything that was demanded came about."""
        return not self.misses

    @property
    def reason(self) -> str:
        """The reason, cause or note by which the run said what was broken; else the first reason that it gave."""
        reasons = self.outcome.reasons
        told = [line for line in _said(self.outcome) if self.fault is not None and names(self.fault, line)]
        return (told or list(reasons) or [self.outcome.trouble])[0]


def names(fault: Scenario, line: str) -> bool:
    """Tell whether a reason, a cause or a note is of the kind that is due, and names what is broken."""
    return line.startswith(fault.cause) and all(word in line for word in fault.names)


def _exits(verdict: str, fault: Scenario | None) -> tuple[int, ...]:
    """The exit codes that say a verdict; of a run that proves nothing, the one of the cause that is due."""
    if fault is not None and fault.cause and verdict == fault.verdict:
        return tuple(cause.code for cause in Cause if cause.label == fault.cause)
    return _EXITS.get(verdict, ())


def _said(outcome: Outcome) -> tuple[str, ...]:
    # A note decides nothing: it is enough where the verdict is GO, and must not stand for the reason of another.
    return (*outcome.reasons, *outcome.causes, *(outcome.notes if outcome.verdict == GO else ()))


def judge(profile: str, outcome: Outcome, fault: Scenario | None = None) -> Trial:
    """Demand GO of a run with nothing broken, or what `UNPROVABLE` says; of another its fault's verdict and name."""
    return Trial(fault, profile, outcome, tuple(_misses(profile, outcome, fault)))


def _misses(profile: str, outcome: Outcome, fault: Scenario | None) -> Iterable[str]:
    if outcome.trouble:
        yield outcome.trouble
        return
    due = UNPROVABLE.get(profile, GO) if fault is None else fault.verdict
    if outcome.verdict != due:
        yield f"the verdict is {outcome.verdict}, not {due}: {'; '.join(outcome.reasons)}"
    if outcome.exit_code not in _exits(outcome.verdict, fault):
        yield f"the exit code {outcome.exit_code} does not say {outcome.verdict} {'' if fault is None else fault.cause}"
    if fault is not None and not any(names(fault, line) for line in _said(outcome)):
        yield f"nothing that explains the verdict names {fault.cause} {', '.join(fault.names)}"
    if fault is not None and fault.step and not any(fault.step in step for step in outcome.steps):
        yield f"no step says {fault.step!r}: {'; '.join(outcome.steps)}"
