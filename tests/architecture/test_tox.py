"""What Ctrl-C does under tox, which is no dependency of ours: its plugin is run with a stand-in for it."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

STAND_IN = "def impl(hook):\n    return hook\n"
SCRIPT = """
import os, signal, sys, types
from toxfile import tox_after_run_commands, tox_before_run_commands

steps = {
    "Ctrl-C": lambda: os.kill(os.getpid(), signal.SIGINT),
    "begin": lambda: tox_before_run_commands(types.SimpleNamespace(name="one")),
    "begin other": lambda: tox_before_run_commands(types.SimpleNamespace(name="other")),
    "end": lambda: tox_after_run_commands(types.SimpleNamespace(name="one"), 75, []),
    "end other": lambda: tox_after_run_commands(types.SimpleNamespace(name="other"), 0, []),
}
for step in sys.argv[1:]:
    try:
        steps[step]()
    except KeyboardInterrupt:
        print(f"interrupted by {step}")
"""


@pytest.mark.parametrize(
    ("steps", "told"),
    [
        (["Ctrl-C"], "interrupted by Ctrl-C\n"),
        (["begin", "begin other", "Ctrl-C", "end", "end other"], "interrupted by end other\n"),
        (["begin", "end", "Ctrl-C"], "interrupted by Ctrl-C\n"),
    ],
    ids=["while it installs", "while it runs commands", "after them"],
)
def test_tox_waits_for_its_commands_after_ctrl_c(tmp_path: Path, steps: list[str], told: str) -> None:
    """It would cut them off before their people are removed, and end with the code of a broken platform."""
    (tmp_path / "tox").mkdir()
    (tmp_path / "tox" / "plugin.py").write_text(STAND_IN)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *steps],
        cwd=ROOT,
        env={"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == told, done.stderr
