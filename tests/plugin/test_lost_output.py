"""A run whose output cannot be written: its verdict does not hang on who reads it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.verdicts import Suite

pytest_plugins = ["pytester"]

LOUD = "@pytest.mark.parametrize('n', range(9))\ndef test_a(n):\n    print('x' * 9999)\n    assert n < {most}\n"
NO_ROOM, NO_ROOM_AT_ALL, NOBODY_READS = "> /dev/full", "> /dev/full 2>&1", "| true"
ERRORS_CLOSED = "2>&-"


def ends(suite: Suite, stream: str, *args: str) -> tuple[int, str, bool]:
    """Its exit code, its verdict, and whether it left the other report too."""
    command = [sys.executable, "-m", "pytest", "suites/smoke", *suite.command(*args)]
    script = f'{{ "$@"; echo $? > code; }} {stream}'
    subprocess.run(["/bin/sh", "-c", script, "sh", *command], cwd=suite.pytester.path, timeout=60, check=False)
    folder = suite.pytester.path / "out"
    verdict = json.loads((folder / "verdict.json").read_text())["verdict"]
    return int((suite.pytester.path / "code").read_text()), verdict, (folder / "junit.xml").exists()


@pytest.mark.parametrize(
    ("stream", "args"),
    [
        (NO_ROOM, ("-n2",)),
        (NO_ROOM, ("-n0", "-s")),
        (NO_ROOM_AT_ALL, ("-n0", "-p", "no:terminal")),
        (NOBODY_READS, ("-n2",)),
        (NOBODY_READS, ("-n0",)),
        (ERRORS_CLOSED, ("-n0",)),
    ],
)
def test_output_that_nobody_gets_changes_no_verdict(suite: Suite, stream: str, args: tuple[str, ...]) -> None:
    """As with `| head`, or `> log` on a full disk: all checks are run, the evidence is written, the code is theirs."""
    suite.write(a=LOUD.format(most=9))
    assert ends(suite, stream, *args) == (0, "GO", True)


@pytest.mark.parametrize(("stream", "workers"), [(NO_ROOM, "-n2"), (NOBODY_READS, "-n0")])
def test_output_that_nobody_gets_hides_no_failure(suite: Suite, stream: str, workers: str) -> None:
    """What fails is NO-GO, though nothing of it could be said."""
    suite.write(a=LOUD.format(most=8))
    assert ends(suite, stream, workers) == (1, "NO-GO", True)


@pytest.mark.parametrize("stream", [NO_ROOM_AT_ALL, NOBODY_READS, ERRORS_CLOSED])
def test_a_run_that_cannot_begin_keeps_its_code_when_nobody_gets_its_output(suite: Suite, stream: str) -> None:
    """What pytest itself writes to standard error where a session cannot begin is lost as well."""
    raising = "from fixtures.environments import EnvironmentInvalid, Unusable\ndef pytest_sessionstart(session):\n"
    raising += "    raise EnvironmentInvalid('environment-unusable', [Unusable('no port', 'x', 'y')])\n"
    suite.write(raising, a=LOUD.format(most=9))
    assert ends(suite, stream, "-n0") == (66, "INVALID", True)


def test_closed_output_is_no_pass_and_no_failure(suite: Suite) -> None:
    """With `>&-` pytest itself breaks after its last line: the evidence is there, and the code is that of INVALID."""
    suite.write(a=LOUD.format(most=9))
    assert ends(suite, ">&-", "-n0", "-p", "fixtures.interruption.plugin") == (3, "GO", True)
