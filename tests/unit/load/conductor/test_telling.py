"""What is said on the terminal, to whoever reads it."""

import subprocess
import sys

SAYS = """
import sys
from loadtests.conductor.telling import say
sys.stdin.read()
say(["one"])
say(["two"])
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
