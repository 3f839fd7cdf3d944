"""`python -m tests.detection`: break a sandbox in every way of the catalogue and demand that its suite sees it.

Exit code 0 when every fault was detected and every run without one was GO; 1 when not; 2 for a mistake in the command;
130 when interrupted. The last line is 'N passed, N failed'.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from fixtures.sandbox import SandboxError
from fixtures.sandbox.faults.model import Fault, FaultError, Target
from fixtures.sandbox.faults.registry import faults, find
from tests.detection import suite
from tests.detection.judge import Judgement, Report, judge, judge_healthy
from tests.detection.page import Calm, Trial, page
from tests.detection.stage import Stage
from tests.detection.suite import say, until_interrupted

ENOUGH = 20
"""Runs of each suite without a fault that must be GO, in a row, for the page to be written."""
PAGE = suite.REPOSITORY / "docs" / "detection.md"
_WITHIN_S = 300.0
_INTERRUPTED = 130


def _checks(fault: Fault, known: Sequence[str], *, whole: bool) -> tuple[str, ...]:
    """Return the checks to run for a fault; none means all. Raises FaultError when a named one does not exist."""
    for pattern in fault.tests:
        if not any(fault.named(node) for node in known):
            raise FaultError(f"there is no check {pattern}")
    return () if whole or fault.whole else tuple(node for node in known if fault.named(node))


class Proof:
    """One detection run."""

    def __init__(self, stage: Stage, folder: Path, workers: int | None, *, whole: bool) -> None:
        self._stage = stage
        self._folder = folder
        self._workers = workers
        self._whole = whole
        self._known: dict[str, tuple[str, ...]] = {}
        self.trials: list[Trial] = []
        self.calm: list[Calm] = []

    def collects(self, suites: Iterable[str]) -> None:
        """Find out which checks there are. Raises SuiteError."""
        self._known = {name: suite.collect(name) for name in suites}

    def tries(self, fault: Fault) -> None:
        """Break, run, mend, judge."""
        found, seconds, said = Report(-1), 0.0, ""
        before = sum(trial.fault.id == fault.id for trial in self.trials)
        name = f"{fault.id}-{before + 1}" if before else fault.id
        trouble = []
        try:
            checks = _checks(fault, self._known[fault.suite], whole=self._whole)
            layout = self._stage.sandbox.layout
            # found before: a fault may move live traffic, and the slot that is judged stays the same
            environment = Target.of(fault.suite, layout).environment_file
            with fault.on(layout):
                done = suite.run(
                    fault.suite, environment,
                    folder=self._folder / name, checks=checks, within=_WITHIN_S, workers=self._workers,
                )  # fmt: skip
            found, seconds, said = done.report, done.seconds, done.said
        except (FaultError, SandboxError) as error:
            trouble.append(str(error))
        judged = judge(fault, found) if not trouble else Judgement(tuple(trouble))
        ill = self._stage.recovers()
        if ill:
            judged = Judgement((*judged.misses, f"not mended: {ill}"), judged.seen_by, judged.named)
            self._stage.replace()
        self.trials.append(Trial(fault, judged, seconds))
        mark = "detected" if judged.passed else "MISSED  "
        say(f"{mark} {fault.id:44} {seconds:5.1f} s  {judged.named or '-'}: {len(judged.seen_by)} checks")
        for miss in judged.misses:
            say(f"         {miss}")
        if not judged.passed and said:
            (self._folder / f"{name}.txt").write_text(said, encoding="utf-8")

    def stays_calm(self, name: str, number: int) -> None:
        """Run a whole suite with nothing broken."""
        environment = Target.of(name, self._stage.sandbox.layout).environment_file
        folder = self._folder / f"healthy-{name}-{number}"
        done = suite.run(name, environment, folder=folder, within=_WITHIN_S, workers=self._workers)
        judged = judge_healthy(done.report)
        self.calm.append(Calm(name, judged, done.seconds))
        title = f"{name}, run {number} without a fault"
        say(f"{'GO      ' if judged.passed else 'NOT GO  '} {title:44} {done.seconds:5.1f} s")
        for miss in judged.misses:
            say(f"         {miss}")
        if not judged.passed:
            (self._folder / f"{folder.name}.txt").write_text(done.said, encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.detection", description=__doc__)
    parser.add_argument("--fault", action="append", default=[], metavar="ID", help="only this one; may be repeated")
    parser.add_argument(
        "--healthy", type=int, default=None, metavar="N", help=f"runs without a fault, of each suite ({ENOUGH})"
    )
    parser.add_argument("--workers", type=int, metavar="N", help="processes of each run (as the suite chooses)")
    parser.add_argument("--named", action="store_true", help="only the checks named for a fault: quick, and no page")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the runs' folders there")
    return parser


def _prove(proof: Proof, chosen: Sequence[Fault], healthy: int) -> None:
    suites = sorted({fault.suite for fault in chosen})
    proof.collects(suites)
    say(f"{len(chosen)} faults, {healthy} runs without one of each suite: {', '.join(suites)}")
    for name in suites:
        for number in range(1, healthy + 1):
            proof.stays_calm(name, number)
    for fault in chosen:
        proof.tries(fault)


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line says; returns the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        chosen = [find(name) for name in arguments.fault] or list(faults().values())
    except FaultError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    healthy = arguments.healthy if arguments.healthy is not None else 0 if arguments.fault else ENOUGH
    interrupted = False
    with tempfile.TemporaryDirectory(prefix="detection-") as temporary, Stage() as stage, until_interrupted():
        folder = arguments.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        proof = Proof(stage, folder, arguments.workers, whole=not arguments.named)
        try:
            _prove(proof, chosen, healthy)
        except KeyboardInterrupt:
            interrupted = True
            say("interrupted: what was broken is mended, the sandbox is stopped and removed")
        except (SandboxError, suite.SuiteError, OSError) as error:
            say(str(error))
            say("0 passed, 1 failed")
            return 1
    judgements = [trial.judgement for trial in proof.trials] + [run.judgement for run in proof.calm]
    if not (interrupted or arguments.fault or arguments.named) and healthy >= ENOUGH:
        PAGE.write_text(page(proof.trials, proof.calm), encoding="utf-8")
    passed = sum(judgement.passed for judgement in judgements)
    say(f"{passed} passed, {len(judgements) - passed} failed")
    return _INTERRUPTED if interrupted else 0 if judgements and passed == len(judgements) else 1


if __name__ == "__main__":
    sys.exit(main())
