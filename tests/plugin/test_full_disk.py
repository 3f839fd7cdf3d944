"""A run whose folder lies on a file system that is really full."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.verdicts import Suite

pytest_plugins = ["pytester"]

# A mount in a namespace of its own goes with the process that made it, however that ends.
NAMESPACE = ("unshare", "--mount", "--map-root-user")
PROBE = 'mount -t tmpfs -o size=16k tmpfs "$0"'
BUSY = """
@pytest.mark.parametrize('n', range(40))
def test_a(n, ledger, run_id):
    ledger.intends('account', f'{run_id}-{n}' + 'x' * 1000)
"""
QUIET = "@pytest.mark.parametrize('n', range(200))\ndef test_a(n): pass\n"


@pytest.fixture
def full(pytester: pytest.Pytester) -> list[str]:
    """Words that run a command where the folder `small` has room for 16 KiB."""
    small = pytester.mkdir("small")
    if shutil.which(NAMESPACE[0]) is None:
        pytest.skip("there is no unshare(1) here to mount a small file system with")
    probe = subprocess.run([*NAMESPACE, "sh", "-c", PROBE, str(small)], capture_output=True, text=True, check=False)
    if probe.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {probe.stderr.strip()}")
    return [*NAMESPACE, "sh", "-c", f'{PROBE} && shift && exec "$@"', str(small), "--"]


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
@pytest.mark.parametrize("checks", [BUSY, QUIET], ids=["while checks run", "at the end"])
def test_a_full_disk_is_invalid(suite: Suite, full: list[str], checks: str, workers: str) -> None:
    """Evidence that finds no room makes the run INVALID, not NO-GO, and the verdict is told on the terminal."""
    suite.write(a=checks)
    command = suite.command("suites/smoke", workers)
    command[command.index("out")] = "small/out"
    done = subprocess.run(
        [*full, sys.executable, "-m", "pytest", *command],
        cwd=suite.pytester.path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 70, done.stdout + done.stderr
    assert "VERDICT  INVALID  (exit code 70)" in done.stdout
    assert "No space left on device" in done.stdout
    assert "with --run-folder" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
