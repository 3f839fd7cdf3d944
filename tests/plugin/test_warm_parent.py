"""The warm parent of a suite's workers dies: what has not been run is never taken for having held."""

import os
import shlex
import socket
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from fixtures.workers import attach
from tests.plugin.verdicts import Suite

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")

OPTIONS = ("-p", "fixtures.environments.plugin", "-p", "fixtures.workers.plugin", "--env=local", "-n2")
AT_ONCE = """
import psutil
@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        (warm,) = [one for one in psutil.Process().children() if "parent.py" in " ".join(one.cmdline())]
        warm.kill()
"""
IN_A_CHECK = """
import os, psutil, time
@pytest.mark.parametrize("n", range(6))
def test_a(n):
    warm = psutil.Process().parent()
    if n == 0:
        assert "parent.py" in " ".join(warm.cmdline())
        warm.kill()
        latest = time.monotonic() + 10
        while os.getppid() == warm.pid and time.monotonic() < latest:
            time.sleep(0.01)
"""
UNUSED = """
import os, sys
from pathlib import Path
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session):
    yield
    Path(f"finished.{os.getpid()}").write_text(str("hypothesis" in sys.modules))
"""
SIX = "@pytest.mark.parametrize('n', range(6))\ndef test_a(n): pass\n"


@pytest.fixture(autouse=True)
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where runs make temporary files."""
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setenv("TMPDIR", folder)
        yield Path(folder)


@contextmanager
def dying() -> Iterator[str]:
    """Be a parent that takes one worker and ends before it has forked it; gives xdist's words for two such workers."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        place = f"{folder}/socket"
        listener.bind(place)
        listener.listen()
        listener.settimeout(30)

        def die() -> None:
            with listener, listener.accept()[0] as attached:
                attached.send(b"w")
                for pipe in socket.recv_fds(attached, 65536, 3)[1]:
                    os.close(pipe)

        thread = threading.Thread(target=die)
        thread.start()
        yield f"2*popen//python={shlex.join([sys.executable, '-I', '-S', attach.__file__, place])}"
        thread.join()


@pytest.mark.parametrize(
    ("conftest", "checks"), [(AT_ONCE, SIX), ("", IN_A_CHECK)], ids=["before workers come", "while checks run"]
)
@pytest.mark.parametrize(
    ("last", "code", "held"), [("pass", 0, 7), ("assert False", 1, 6)], ids=["all hold", "one fails"]
)
def test_each_check_is_run_without_the_parent(  # noqa: PLR0913, PLR0917 - the cases' own words
    suite: Suite, temporary: Path, conftest: str, checks: str, last: str, code: int, held: int
) -> None:
    """A parent that is killed changes no verdict: every check runs, is told, and nothing is left behind."""
    suite.write(conftest, a=checks, b=f"def test_last(): {last}\n")
    ended = suite.run(*OPTIONS)
    assert ended.code == code, ended.out
    assert ended.verdict["counts"]["held"] == held
    assert ended.verdict["counts"]["not run"] == 0
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("broken", ["def broken(:", "import no_such_module"], ids=["syntax", "import"])
def test_a_module_that_the_parent_could_not_import_is_invalid(suite: Suite, broken: str) -> None:
    """What the parent failed to import is no module without checks to its workers: the run says what is wrong."""
    suite.write(a=SIX, b=f"{broken}\ndef test_lost(): pass\n")
    ended = suite.run(*OPTIONS)
    assert (ended.code, ended.verdict["verdict"]) == (2, "INVALID"), ended.out


@pytest.mark.parametrize("how", [OPTIONS, ("-n0",)], ids=["forked workers", "one process"])
def test_a_module_that_is_skipped_is_no_module_without_checks(suite: Suite, how: tuple[str, ...]) -> None:
    """Nobody can say which checks of it did not run, so the run is INVALID and says why, whoever imports it."""
    suite.write(a=SIX, b="import pytest\npytest.skip('not today', allow_module_level=True)\ndef test_lost(): pass\n")
    ended = suite.run(*how)
    assert (ended.code, ended.verdict["verdict"]) == (2, "INVALID"), ended.out
    assert "test_b.py: skipped as a whole (Skipped: not today)" in ended.out


def test_a_worker_that_is_lost_after_its_parent_is_invalid(suite: Suite) -> None:
    """Without the parent, which would tell its end, a worker that dies is missed all the same."""
    suite.write(a=IN_A_CHECK, b="import os\ndef test_dies(): os._exit(0)\n")
    ended = suite.run(*OPTIONS)
    assert (ended.code, ended.verdict["verdict"]) == (69, "INVALID"), ended.out


def test_a_parent_that_dies_with_a_worker_in_its_hands_is_invalid(suite: Suite) -> None:
    """A worker that was handed over and never forked ends the run before a check is run."""
    suite.write(a="def test_a(): open('ran', 'w')\n")
    with dying() as words:
        ended = suite.run("-p", "fixtures.environments.plugin", "--env=local", "--dist=load", "--tx", words)
    assert (ended.code, ended.verdict["verdict"]) == (3, "INVALID"), ended.out
    assert not (suite.pytester.path / "ran").exists()


def test_a_run_of_the_suites_imports_no_hypothesis(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """What only tests of the suite's own parts use is not imported by a run of the suites, nor by a part of it."""
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    suite.write(UNUSED, a="def test_a(): pass\n")
    ended = suite.run(*OPTIONS)
    assert ended.code == 0, ended.out
    finished = [path.read_text() for path in suite.pytester.path.glob("finished.*")]
    assert finished == ["False"] * 4, "the run, its warm parent, two workers"
