"""What README tells a pipeline to do with an exit code."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

README = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
(SNIPPET,) = re.findall(r"```bash\n(# a plain shell.*?)```\n", README, re.DOTALL)


def _write(program: Path, line: str) -> None:
    program.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
    program.chmod(0o755)


@pytest.mark.parametrize("shell", ["bash", "bash -e", "sh", "sh -e"])
@pytest.mark.parametrize(("code", "rolled_back"), [(0, False), (1, True), (3, False), (75, False)])
def test_the_readmes_script_acts_on_a_verdict(tmp_path: Path, shell: str, code: int, *, rolled_back: bool) -> None:
    """NO-GO rolls back and is red all the same, only GO is green, and no other verdict moves traffic."""
    program, *options = shell.split()
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"there is no {program} here")
    _write(tmp_path / "pytest", f"exit {code}")
    _write(tmp_path / "roll-back.sh", "touch rolled-back")
    done = subprocess.run(
        [found, *options, "-c", SNIPPET],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        timeout=10,
        check=False,
    )
    assert (done.returncode, (tmp_path / "rolled-back").exists()) == (code, rolled_back)
