"""What is said on the terminal, to whoever reads it."""

import contextlib
import os
import pty
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
SAYS = """
import sys
from loadtests.conductor.telling import say
sys.stdin.read()
say(["one"])
say(["two"])
"""

LIVE = """
from dataclasses import replace
from loadtests.conductor.telling import say_live, say_meanwhile
from tests.unit.load.report import runs
run = runs.load_run(runs.BRIEF)
say_meanwhile("nothing more is started")
for _ in range(9):
    say_live(replace(run, ended=run.began + 1))
"""


def test_a_reader_who_has_gone_ends_no_run() -> None:
    """As with `| head`: what is said goes nowhere, nothing breaks, and the exit code stays that of the verdict."""
    command = [sys.executable, "-c", SAYS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        process.stdin.close()
        assert process.wait(30) == 0
        assert process.stderr.read() == b""


@pytest.mark.parametrize("opened", [os.pipe, pty.openpty], ids=["a pipe", "a terminal"])
def test_a_reader_who_pauses_holds_up_no_run(opened: Callable[[], tuple[int, int]]) -> None:
    """As with `| less`, or Ctrl-S in a terminal: how it stands is not said meanwhile, and the run goes on."""
    reads, writes = opened()
    if os.isatty(writes):
        termios.tcflow(writes, termios.TCOOFF)
    else:
        os.set_blocking(writes, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writes, b"x" * 512)
        os.set_blocking(writes, True)
    done = subprocess.run(
        [sys.executable, "-c", LIVE], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=writes, timeout=30, check=False
    )
    os.close(reads)
    os.close(writes)
    assert done.returncode == 0


def test_a_log_without_room_ends_no_run() -> None:
    """As with `> run.log` on a full disk: the verdict and its exit code do not hang on the log."""
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-c", SAYS]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=full, stderr=subprocess.PIPE, timeout=30, check=False
        )
    assert (done.returncode, done.stderr) == (0, b"")


def test_what_a_terminal_has_no_letter_for_is_said_all_the_same() -> None:
    """As with `LC_ALL=C`: a sign that cannot be written is replaced."""
    program = "from loadtests.conductor.telling import say; say(['\u2192 green'])"
    command = [sys.executable, "-c", program]
    environment = {"PYTHONIOENCODING": "ascii", "PYTHONPATH": "."}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=30, check=True)
    assert done.stdout == b"? green\n"


def test_a_terminal_that_is_not_there_ends_no_run() -> None:
    """As with `>&-`, where Python has None for it: what is said of a run, and looked for, goes nowhere."""
    program = "import loadtests.breaking, sys; from loadtests.conductor.telling import say; say(['on']); "
    program += "sys.stdout.isatty(); sys.stderr.write('on')"
    command = ["sh", "-c", '"$0" -c "$1" >&- 2>&-; echo $?', sys.executable, program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=30, check=True)
    assert done.stdout == b"0\n"


def test_no_secret_is_said() -> None:
    """Not while a run goes on, and not at its end, whoever quotes it."""
    program = "from fixtures.runs import register_secret; register_secret('of-nobody-here')\n"
    program += "from loadtests.conductor.telling import say, say_meanwhile\n"
    program += "say(['one of-nobody-here']); say_meanwhile('two of-nobody-here')"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, timeout=30, check=True)
    said = done.stdout.decode()
    assert [line.split()[0] for line in said.splitlines()] == ["one", "two"]
    assert "nobody" not in said
