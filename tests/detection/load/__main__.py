"""`python -m tests.detection.load`: break platform and generator under load tests, and demand the right verdicts.

Exit code 0 when every fault was detected and every run without one was GO; 1 when not; 2 for a mistake in the command;
130 when interrupted. The last line is 'N passed, N failed'.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from fixtures.sandbox import SandboxError
from fixtures.sandbox.faults.model import FaultError
from tests.detection.load import harness
from tests.detection.load.judge import Trial, judge
from tests.detection.load.page import page
from tests.detection.load.scenario import Scenario
from tests.detection.load.scenarios import SCENARIOS
from tests.detection.stage import Stage
from tests.detection.suite import REPOSITORY, say, until_interrupted

ENOUGH = 30
"""Runs of the smoke profile with nothing broken that must be GO, in a row, for the page to be written."""
PAGE = REPOSITORY / "docs" / "load-detection.md"
SMOKE = "smoke"
_PROFILES = Path(__file__).parent / "profiles"
_WITHIN_S = 300.0
_INTERRUPTED = 130


class Proof:
    """One detection run."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self._stage = stage
        self._folder = folder
        self.broken: list[Trial] = []
        self.healthy: list[Trial] = []

    def breaks(self, fault: Scenario) -> None:
        """Break, run, mend, judge."""
        self.broken.append(self._runs(fault.profile, fault.id, fault))
        ill = self._stage.recovers()
        if ill:
            say(f"         not mended: {ill}; another sandbox takes its place")
            self._stage.replace()

    def stays_calm(self, profile: str, name: str) -> None:
        """Run a profile with nothing broken."""
        self.healthy.append(self._runs(profile, name))

    def _runs(self, profile: str, name: str, fault: Scenario | None = None) -> Trial:
        sandbox, folder = self._stage.sandbox, self._folder / name
        own = _PROFILES / f"{profile}.toml"
        source = own if own.exists() else REPOSITORY / "loadtests" / "profiles" / f"{profile}.toml"
        began = time.monotonic()
        try:
            with (
                fault.way.broken(sandbox.layout, sandbox.live_slot) if fault else nullcontext(),
                harness.running(sandbox, source, folder, fault.layout if fault else harness.ONE) as generator,
                fault.trouble(generator) if fault else nullcontext(),
            ):
                outcome = harness.outcome(generator, folder, began, _WITHIN_S)
        except (FaultError, SandboxError) as error:
            outcome = harness.Outcome(None, time.monotonic() - began, "", trouble=str(error))
        trial = judge(profile, outcome, fault)
        mark = ("detected" if fault else "GO      ") if trial.passed else ("MISSED  " if fault else "NOT GO  ")
        say(f"{mark} {name:28} {outcome.seconds:5.1f} s  {outcome.verdict}: {trial.reason}")
        for miss in trial.misses:
            say(f"         {miss}")
        if not trial.passed:
            (self._folder / f"{name}.txt").write_text(outcome.said, encoding="utf-8")
        return trial


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.detection.load", description=__doc__)
    known = [fault.id for fault in SCENARIOS]
    parser.add_argument("--fault", action="append", default=[], choices=known, metavar="ID", help=", ".join(known))
    parser.add_argument("--healthy", type=int, default=None, metavar="N", help=f"runs of the smoke profile ({ENOUGH})")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the runs' folders there")
    return parser


def _prove(proof: Proof, chosen: Sequence[Scenario], healthy: int, *, whole: bool) -> None:
    if whole:
        for profile in sorted({fault.profile for fault in chosen} - {SMOKE}):
            proof.stays_calm(profile, f"calm-{profile}")
    for fault in chosen:
        proof.breaks(fault)
    for number in range(1, healthy + 1):
        proof.stays_calm(SMOKE, f"calm-{SMOKE}-{number}")


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line says; returns the exit code."""
    arguments = _parser().parse_args(argv)
    chosen = [fault for fault in SCENARIOS if not arguments.fault or fault.id in arguments.fault]
    healthy = arguments.healthy if arguments.healthy is not None else 0 if arguments.fault else ENOUGH
    interrupted = False
    with tempfile.TemporaryDirectory(prefix="load-detection-") as temporary, Stage() as stage, until_interrupted():
        folder = arguments.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        proof = Proof(stage, folder)
        try:
            _prove(proof, chosen, healthy, whole=not arguments.fault)
        except KeyboardInterrupt:
            interrupted = True
            say("interrupted: what was broken is mended, the sandbox is stopped and removed")
    if not (interrupted or arguments.fault) and healthy >= ENOUGH:
        PAGE.write_text(page(proof.broken, proof.healthy), encoding="utf-8")
    trials = [*proof.broken, *proof.healthy]
    passed = sum(trial.passed for trial in trials)
    say(f"{passed} passed, {len(trials) - passed} failed")
    return _INTERRUPTED if interrupted else 0 if trials and passed == len(trials) else 1


if __name__ == "__main__":
    sys.exit(main())
