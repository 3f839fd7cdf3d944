"""What a process ends with that broke, or was ended, before there was anything to judge."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("error", "code", "last", "traced"),
    [
        ("KeyboardInterrupt", 75, "INCONCLUSIVE: Ctrl-C before the run had begun", False),
        ("ValueError('of ours')", 3, "INVALID: internal-error: ", True),
    ],
)
def test_ctrl_c_while_all_is_loaded_is_no_break(error: str, code: int, last: str, *, traced: bool) -> None:
    """It has the code and the words that it has later, and shows no traceback; what nobody caught is still one."""
    command = [sys.executable, "-c", f"import loadtests.breaking; raise {error}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == code, done.stderr
    assert done.stderr.splitlines()[-1].startswith(last)
    assert ("Traceback" in done.stderr) is traced


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_standard_stream_that_is_closed_is_nobody_elses(closed: str) -> None:
    """The engine's are never the first three, which libuv aborts when it closes, nor those of what is started."""
    opens = "os.open(os.devnull, os.O_RDONLY) > 2 and all(map(os.get_inheritable, range(3)))"
    program = f"import loadtests.breaking, os, sys; sys.exit({opens} and 42)"
    command = ["sh", "-c", f'exec "$0" -c "{program}" {closed}', sys.executable]
    assert subprocess.run(command, cwd=ROOT, timeout=30, check=False).returncode == 42
