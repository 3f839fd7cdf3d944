"""Ctrl-C, SIGTERM and a lost terminal at each moment of a suite's run."""

import os
import subprocess
import sys
import time
from signal import SIGHUP, SIGINT, SIGTERM, Signals
from typing import Final

import pytest

from fixtures.checks import eventually
from fixtures.checks.match import equals
from tests.plugin.verdicts import Suite

pytest_plugins = ["pytester"]

PRESSED: Final = """
import os, signal
def press():
    if "PYTEST_XDIST_WORKER" not in os.environ:
        signal.raise_signal(signal.{name})
"""
MOMENTS: Final = {
    "configuring": "@pytest.hookimpl(tryfirst=True)\ndef pytest_configure(): press()",
    "starting": "def pytest_sessionstart(): press()",
    "collecting": "@pytest.hookimpl(tryfirst=True)\ndef pytest_collection(): press()",
    "before the first check": "@pytest.hookimpl(tryfirst=True)\ndef pytest_runtestloop(): press()",
    "tearing down": "@pytest.fixture(autouse=True)\ndef person():\n    yield\n    press()",
    "between two checks": "def pytest_runtest_logfinish(): press()",
    "ending": "def pytest_sessionfinish(): press()",
    "starting and again": "def pytest_sessionstart(): press()\ndef pytest_unconfigure(): press()",
    "starting and later": """
import time
def pytest_sessionstart(): press()
def pytest_keyboard_interrupt():
    time.sleep(1.1)
    press()
""",
    "looking at the scene": "def pytest_verify_scene(environment): press()",
    "writing": """
from fixtures.runs import folder
whole = folder.write_whole
def pressed(place, content):
    if place.name == folder.VERDICT:
        press()
    whole(place, content)
folder.write_whole = pressed
""",
    "putting away": "def pytest_unconfigure(): press()",
    "cleaning up": "def pytest_configure(config): config.add_cleanup(press)",
    "the end of Python": "import atexit\natexit.register(press)",
}
HOLDS: Final = "def test_a(): pass\ndef test_b(): pass\n"
FAILS: Final = "def test_a(): pass\ndef test_b(): assert 0\n"
OURS: Final = ("-p", "fixtures.interruption.plugin")
FORKED: Final = ("-p", "fixtures.environments.plugin", "-p", "fixtures.workers.plugin", "--env=local", "-n2")
SLOW: Final = """
import pathlib, time
@pytest.fixture
def person():
    yield
    pathlib.Path("removed").touch()
def test_slow(person):
    pathlib.Path("begun").touch()
    time.sleep(30)
"""


@pytest.mark.parametrize(
    ("moment", "number", "workers"),
    [
        ("starting", SIGINT, "-n2"),
        ("starting", SIGHUP, "-n0"),
        ("collecting", SIGTERM, "-n0"),
        ("collecting", SIGHUP, "-n2"),
        ("before the first check", SIGHUP, "-n0"),
        ("tearing down", SIGTERM, "-n0"),
        ("between two checks", SIGHUP, "-n2"),
        ("ending", SIGTERM, "-n2"),
        ("starting and again", SIGINT, "-n0"),
        ("starting and later", SIGINT, "-n0"),
    ],
)
def test_a_signal_before_the_verdict_interrupts(suite: Suite, moment: str, number: Signals, workers: str) -> None:
    """At whatever moment it comes, the run ends with 2, INCONCLUSIVE, and says by what it was interrupted."""
    suite.write(PRESSED.format(name=number.name) + MOMENTS[moment], a=HOLDS)
    ended = suite.run(*OURS, workers)
    assert (ended.code, ended.verdict["verdict"]) == (2, "INCONCLUSIVE"), ended.out
    name = "Ctrl-C" if number is SIGINT else number.name
    assert ended.verdict["reasons"][0] == f"interrupted by {name}"
    assert ended.out.count("VERDICT") == 1
    assert "Traceback" not in ended.out


@pytest.mark.parametrize(
    ("moment", "number", "workers"),
    [
        ("looking at the scene", SIGINT, "-n0"),
        ("looking at the scene", SIGTERM, "-n2"),
        ("writing", SIGHUP, "-n0"),
        ("writing", SIGINT, "-n2"),
        ("putting away", SIGINT, "-n0"),
        ("cleaning up", SIGHUP, "-n2"),
        ("cleaning up", SIGTERM, "-n0"),
        ("the end of Python", SIGINT, "-n0"),
        ("the end of Python", SIGTERM, "-n2"),
    ],
)
def test_a_signal_from_the_verdict_on_changes_nothing(suite: Suite, moment: str, number: Signals, workers: str) -> None:
    """Once checks are judged, process, file and last lines say the same of them, whatever comes."""
    suite.write(PRESSED.format(name=number.name) + MOMENTS[moment], a=FAILS)
    ended = suite.run(*OURS, workers)
    assert (ended.code, ended.verdict["verdict"]) == (1, "NO-GO"), ended.out
    assert ended.out.count("VERDICT") == 1
    assert "Traceback" not in ended.out


@pytest.mark.parametrize("number", [SIGINT, SIGTERM])
def test_a_signal_before_there_is_a_run_has_a_word(suite: Suite, number: Signals) -> None:
    """Where pytest ends what has not begun, and no verdict is due, it is said what was not done."""
    suite.write(PRESSED.format(name=number.name) + MOMENTS["configuring"], a=HOLDS)
    ended = suite.run(*OURS)
    assert (ended.code, ended.verdict) == (2, {})
    name = "Ctrl-C" if number is SIGINT else number.name
    assert f"VERDICT  INCONCLUSIVE  (exit code 2)\n  interrupted by {name} before the run began" in ended.out
    assert not ended.folder.exists()


def test_a_verdict_that_could_not_be_written_has_its_own_code(suite: Suite) -> None:
    """A run that is interrupted at its start, on a full disk, ends as its last lines say."""
    full = "from fixtures.runs import folder\ndef full(*_): raise OSError(28, 'No space left on device')\n"
    full += "def pytest_sessionstart():\n    folder.write_whole = full\n    press()\n"
    suite.write(PRESSED.format(name="SIGINT") + full, a=HOLDS)
    ended = suite.run(*OURS)
    assert ended.code == 70
    assert "VERDICT  INVALID  (exit code 70)" in ended.out


def begun(suite: Suite, *args: str) -> "subprocess.Popen[str]":
    """Start a run in a group of its own, as a terminal's is, and wait until a check of it is under way."""
    command = [sys.executable, "-m", "pytest", "suites/smoke", *suite.command(*OURS, *args)]
    process = subprocess.Popen(
        command,
        cwd=suite.pytester.path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    eventually((suite.pytester.path / "begun").exists, equals(expected=True), within=60, subject="the check")
    return process


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")
@pytest.mark.parametrize("number", [SIGINT, SIGHUP])
def test_a_signal_of_the_terminal_lets_workers_tear_down(suite: Suite, number: Signals) -> None:
    """It goes to all processes of the run at once; what a check has made is removed all the same."""
    suite.write(a=SLOW)
    with begun(suite, *FORKED) as process:
        os.killpg(process.pid, number)
        out, _ = process.communicate(timeout=60)
    ended = suite.read(process.returncode, out)
    assert (ended.code, ended.verdict["verdict"]) == (2, "INCONCLUSIVE"), out
    assert (suite.pytester.path / "removed").exists()


@pytest.mark.parametrize("removed", [True, False], ids=["at once", "later"])
def test_a_second_ctrl_c_cuts_the_teardown_short(suite: Suite, *, removed: bool) -> None:
    """One of a moment later is the same one, as `timeout` sends it; a later one ends the wait, not the verdict."""
    slowly = SLOW.replace(
        'pathlib.Path("removed")', 'pathlib.Path("torn").touch()\n    time.sleep(3)\n    pathlib.Path("removed")'
    )
    suite.write(a=slowly)
    with begun(suite, "-n0") as process:
        process.send_signal(SIGINT)
        time.sleep(0.05)
        if not removed:
            eventually((suite.pytester.path / "torn").exists, equals(expected=True), within=60, subject="teardown")
            time.sleep(1.2)
        process.send_signal(SIGINT)
        out, _ = process.communicate(timeout=60)
    ended = suite.read(process.returncode, out)
    assert (ended.code, ended.verdict["verdict"]) == (2, "INCONCLUSIVE"), out
    assert (suite.pytester.path / "removed").exists() is removed


def test_what_is_to_be_ignored_stays_ignored(suite: Suite) -> None:
    """A run under nohup goes on when its terminal is lost."""
    suite.write(PRESSED.format(name="SIGHUP") + MOMENTS["between two checks"], a=HOLDS)
    command = [sys.executable, "-m", "pytest", "suites/smoke", *suite.command(*OURS, "-n0")]
    script = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", *command]
    assert subprocess.run(script, cwd=suite.pytester.path, capture_output=True, timeout=60, check=False).returncode == 0
