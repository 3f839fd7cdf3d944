"""Ctrl-C, SIGTERM and a lost terminal before a run has begun."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugin.interrupter import AT, BY
from tests.plugin.verdicts import REPOSITORY


@pytest.mark.parametrize(
    ("moment", "number", "name"),
    [
        ("fixtures.clients.plugin", "SIGINT", "Ctrl-C"),
        ("fixtures.environments.plugin", "SIGTERM", "SIGTERM"),
        ("pydantic", "SIGHUP", "SIGHUP"),
        ("fixtures.runs.watch", "SIGINT", "Ctrl-C"),
        ("fixtures.sandbox", "SIGTERM", "SIGTERM"),
    ],
)
def test_a_signal_while_plugins_are_imported_has_a_word(tmp_path: Path, moment: str, number: str, name: str) -> None:
    """From the first line of ours on, each ends in INCONCLUSIVE with pytest's code for it, and no traceback."""
    command = [sys.executable, "-m", "pytest", "-p", "tests.plugin.interrupter", "-m", "smoke", "--env=local"]
    done = subprocess.run(
        [*command, f"--run-folder={tmp_path / 'run'}"],
        cwd=REPOSITORY,
        env={**os.environ, AT: moment, BY: number},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "VERDICT  INCONCLUSIVE  (exit code 2)" in done.stderr
    assert f"interrupted by {name} before the run began" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not (tmp_path / "run").exists()


def test_what_is_raised_after_the_verdict_does_not_change_its_code() -> None:
    """Whoever breaks off what is left when the verdict has been told has nothing more to say."""
    told = "import fixtures.interruption.plugin as ours; ours.SIGNALS.code = 68; raise KeyboardInterrupt"
    done = subprocess.run([sys.executable, "-c", told], cwd=REPOSITORY, capture_output=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (68, b"")


def test_in_a_worker_python_has_the_word() -> None:
    """The controller tells what became of its workers, so nothing is changed in them."""
    looks = "import sys, fixtures.interruption.plugin; sys.exit(sys.excepthook is not sys.__excepthook__)"
    environment = {**os.environ, "PYTEST_XDIST_WORKER": "gw0"}
    done = subprocess.run([sys.executable, "-c", looks], cwd=REPOSITORY, env=environment, timeout=30, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize(("error", "code"), [("OSError('of ours')", 3), ("KeyboardInterrupt", 2)])
@pytest.mark.parametrize("errors", ["2>&1", "2> /dev/full"])
def test_what_nobody_caught_is_no_verdict(error: str, code: int, errors: str) -> None:
    """A harness that broke ends with pytest's code of an internal error, never with that of NO-GO, read or not."""
    command = [sys.executable, "-c", f"import fixtures.interruption.plugin; raise {error}"]
    script = ["sh", "-c", f'"$@" {errors}', "sh", *command]
    assert subprocess.run(script, cwd=REPOSITORY, capture_output=True, timeout=30, check=False).returncode == code
