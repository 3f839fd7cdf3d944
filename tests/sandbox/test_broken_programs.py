"""A datastore whose program cannot be run, seen as who types `pytest -m smoke` sees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sandbox.broken import PROGRAM

REPOSITORY = Path(__file__).resolve().parents[2]
SAYS_AND_ENDS = "#!/bin/sh\necho 'Bad file format reading the append only file' >&2\nexit 3\n"


def smoke(folder: Path, part: str, program: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-m", "smoke", "--env=local", "-p", "tests.sandbox.broken"]
    return subprocess.run(
        [*command, f"--run-folder={folder}"],
        cwd=REPOSITORY,
        env={**os.environ, PROGRAM: f"{part}={program}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def is_invalid(done: subprocess.CompletedProcess[str], folder: Path) -> str:
    verdict = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    assert (done.returncode, verdict["verdict"]) == (66, "INVALID")
    assert verdict["counts"]["held"] == verdict["counts"]["failed"] == 0
    assert "VERDICT  INVALID  (exit code 66)" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    # A worker finds no environment, and does not know why.
    assert "bad-configuration" not in done.stdout + done.stderr
    return str(verdict["reasons"][0])


@pytest.mark.parametrize("part", ["postgres", "valkey", "objects"])
def test_a_program_that_may_not_be_run_is_invalid(tmp_path: Path, part: str) -> None:
    """A program without permission to run makes the run INVALID, and the verdict says which part and why."""
    program = tmp_path / "program"
    if part == "postgres":
        program.mkdir()
        for name in ("initdb", "postgres", "psql"):
            (program / name).write_bytes(b"")
    else:
        program.write_bytes(b"")
    reason = is_invalid(smoke(tmp_path / "run", part, program), tmp_path / "run")
    assert f"the sandbox's {part} cannot start" in reason
    assert str(program) in reason


def test_a_program_that_ends_shows_the_end_of_its_log(tmp_path: Path) -> None:
    """What a program said before it ended stands in the verdict and on the terminal."""
    program = tmp_path / "valkey-server"
    program.write_text(SAYS_AND_ENDS, encoding="utf-8")
    program.chmod(0o755)
    done = smoke(tmp_path / "run", "valkey", program)
    reason = is_invalid(done, tmp_path / "run")
    assert "the sandbox's valkey cannot start: it ended with exit code 3" in reason
    assert "Bad file format reading the append only file" in reason
    assert "Bad file format reading the append only file" in done.stdout
