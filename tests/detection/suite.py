"""Runs of the suites as a pipeline would start them: one subprocess each, bounded, with a folder of its own."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from tests.detection.judge import Report, read

REPOSITORY = Path(__file__).resolve().parents[2]
_COLLECT_S = 60.0
_END_S = 10.0
_FEW = 4


class SuiteError(Exception):
    """The suite itself cannot be run; the message shows what pytest said."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run: what it came to, how long it took, and the last that it said."""

    report: Report
    seconds: float
    said: str


def say(text: str) -> None:
    """Tell whoever watches."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@contextmanager
def until_interrupted() -> Iterator[None]:
    """Let SIGTERM and SIGHUP raise KeyboardInterrupt, as Ctrl-C does: what was broken is mended then, too."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    former = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def variables() -> dict[str, str]:
    """Return the variables for a run, without those that would change what it means."""
    # what whoever runs this has set must not change what a run means
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "VERIFY_"))}


def _folder(suite: str) -> str:
    return f"suites/{suite}"


def collect(suite: str) -> tuple[str, ...]:
    """Return the node ids of all checks of a suite. Raises SuiteError."""
    found = subprocess.run(
        [sys.executable, "-m", "pytest", _folder(suite), "-m", suite, "--collect-only", "-q"],
        cwd=REPOSITORY, env=variables(), capture_output=True, text=True, timeout=_COLLECT_S, check=False,
    )  # fmt: skip
    nodes = tuple(line for line in found.stdout.splitlines() if line.startswith(f"{_folder(suite)}/") and "::" in line)
    if found.returncode != 0 or not nodes:
        raise SuiteError(f"the {suite} suite cannot be collected:\n{found.stdout[-2000:]}{found.stderr[-2000:]}")
    return nodes


def run(  # noqa: PLR0913 - what a run is; all but the first two by name
    suite: str, environment: Path, *, folder: Path, checks: Sequence[str] = (), within: float, workers: int | None
) -> Run:
    """Run a suite, or only `checks` of it, against `environment`; after `within` seconds it is ended."""
    argv = [sys.executable, "-m", "pytest", *(checks or [_folder(suite)]), "-m", suite, "-q", "-p", "no:cacheprovider"]
    argv += [f"--env={environment}", f"--run-folder={folder}"]
    if checks and len(checks) <= _FEW:
        argv += ["-n", "0"]  # starting workers would take longer than the checks
    elif workers is not None:
        argv += ["-n", str(workers)]
    began = time.monotonic()
    with subprocess.Popen(
        argv, cwd=REPOSITORY, env=variables(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            said, _ = process.communicate(timeout=within)
            late = False
        except subprocess.TimeoutExpired:
            late = True
            said = _end(process)
        except BaseException:
            _end(process)
            raise
    seconds = time.monotonic() - began
    if late:
        return Run(Report(process.returncode, trouble=f"the run was not over after {within:g} s"), seconds, said)
    return Run(_report(folder, process.returncode), seconds, said)


def _end(process: "subprocess.Popen[str]") -> str:
    """End a run with all its workers: asked first, so that it writes its verdict and cleans up."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            said, _ = process.communicate(timeout=_END_S)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
        return str(said)
    return ""


def _report(folder: Path, exit_code: int) -> Report:
    try:
        document = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return Report(exit_code, trouble=f"no verdict.json (exit code {exit_code}): {error}")
    return read(document, exit_code)
