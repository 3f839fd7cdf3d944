"""Workers forked from a warm parent: what they share, and how each of the three processes ends."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.checks.eventually import eventually
from fixtures.checks.match import equals
from fixtures.workers import attach, parent

ROOT: Final = Path(__file__).parents[3]
WITHIN_S: Final = 60
FIRST_LINE: Final = "import sys;exec(eval(sys.stdin.readline()))"
"""What execnet has an interpreter run."""


@contextmanager
def warm() -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """Run a warm parent; yields it and its socket, and ends it by the end of its input."""
    folder = tempfile.mkdtemp(prefix="sp-workers-test-")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/socket")
        listener.listen()
        number = listener.fileno()
        argv = [sys.executable, "-P", parent.__file__, str(number), folder, "suites/smoke/test_otp.py"]
        process = subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, pass_fds=[number])
    try:
        yield process, Path(folder, "socket")
    finally:
        process.communicate(timeout=WITHIN_S)


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """The socket of a warm parent."""
    with warm() as (_, place):
        yield place


def attached(place: Path) -> "subprocess.Popen[str]":
    argv = [sys.executable, "-I", "-S", attach.__file__, str(place), "-u", "-c", FIRST_LINE]
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def ran(place: Path, code: str) -> tuple[str, int]:
    process = attached(place)
    said, _ = process.communicate(f"{code!r}\n", timeout=WITHIN_S)
    return said, process.returncode


def test_a_worker_has_what_it_needs_already(place: Path) -> None:
    """pytest, the people and the contract are imported before the worker's first line runs."""
    names = ("pytest", "xdist.remote", "fixtures.clients.person", "fixtures.contract.auth")
    said, code = ran(place, f"print([name in sys.modules for name in {names!r}])")
    assert (said.strip(), code) == (str([True] * len(names)), 0)


def test_helpers_are_rewritten_in_a_worker_too(place: Path) -> None:
    """What the parent has imported shows its assertions as pytest does, not bare."""
    said, _ = ran(place, "print(type(sys.modules['fixtures.clients.person'].__loader__).__name__)")
    assert said.strip() == "AssertionRewritingHook"


def test_the_conftest_is_left_to_the_worker(place: Path) -> None:
    """The worker's own pytest reads it, which marks what it imports later for rewriting."""
    assert ran(place, "print('conftest' in sys.modules)")[0].strip() == "False"


@settings(max_examples=12)
@given(code=st.integers(0, 255), word=st.text(st.characters(codec="ascii", exclude_categories=["C"]), max_size=40))
def test_pipes_and_exit_code_are_the_workers_own(place: Path, code: int, word: str) -> None:
    """What a worker writes and how it ends is what the process that xdist has started writes, and how it ends."""
    assert ran(place, f"print({word!r}); sys.exit({code})") == (f"{word}\n", code)


def test_workers_run_side_by_side(place: Path) -> None:
    """A worker that waits keeps no other from starting."""
    first = attached(place)
    assert ran(place, "print('second')") == ("second\n", 0)
    assert first.communicate("'print(1)'\n", timeout=WITHIN_S)[0] == "1\n"


def test_a_worker_does_not_share_chance(place: Path) -> None:
    """Two workers draw different random numbers, though one process was their parent."""
    draws = {ran(place, "import random; print(random.random())")[0] for _ in range(2)}
    assert len(draws) == 2


def test_ctrl_c_reaches_a_worker(place: Path) -> None:
    """A worker reacts to SIGINT as an interpreter does, though its parent takes no notice of it."""
    said, _ = ran(place, "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)")
    assert said.strip() == "True"


def test_what_a_parent_starts_has_nothing_of_it(place: Path) -> None:
    """Its socket would live on in what a module starts that it imports, and take in workers that nobody serves."""
    code = (
        "import os; where = f'/proc/{os.getppid()}/fdinfo'; flags = {int(n): open(f'{where}/{n}').read().split()[3]"
        " for n in os.listdir(where)}; print([n for n in flags if n > 2 and not int(flags[n], 8) & os.O_CLOEXEC])"
    )
    assert ran(place, code) == ("[]\n", 0)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_worker_ends_by_the_signals_that_end_an_interpreter(place: Path, name: str) -> None:
    """Its parent takes no notice of them, and whoever ends a run by them must not wait for its workers."""
    said, _ = ran(place, f"import signal; print(signal.getsignal(signal.{name}))")
    assert said.strip() == str(signal.SIG_DFL)


def test_a_worker_says_and_does_all_that_an_interpreter_would_at_its_end(place: Path) -> None:
    """Also what stands in no whole line yet, what was left for the end, and what other threads are about to do."""
    code = (
        "import atexit, threading, time; atexit.register(print, 'left', end=' ');"
        " threading.Thread(target=lambda: time.sleep(0.2) or print('late', end=' ')).start(); print('said', end=' ')"
    )
    assert ran(place, code) == ("said late left ", 0)


def test_a_killed_start_ends_its_worker(place: Path) -> None:
    """xdist kills what it started: the worker behind it goes, too."""
    process = attached(place)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(repr("import os,time; print(os.getpid(), flush=True); time.sleep(60)") + "\n")
    process.stdin.flush()
    worker = int(process.stdout.readline())
    process.kill()
    process.communicate(timeout=WITHIN_S)
    eventually(lambda: Path(f"/proc/{worker}").exists(), equals(expected=False), within=WITHIN_S)


def test_a_killed_worker_is_an_end_without_success(place: Path) -> None:
    """A worker that crashes is seen as crashed: its pipe closes and its exit code says so."""
    said, code = ran(place, "import os,signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert said == ""
    assert code != 0


def test_the_end_of_a_run_leaves_nothing() -> None:
    """With the parent's input end its workers, itself and its folder."""
    with warm() as (process, place):
        worker = attached(place)
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write(repr("import time; print(1, flush=True); time.sleep(60)") + "\n")
        worker.stdin.flush()
        assert worker.stdout.readline() == "1\n"
    assert worker.wait(WITHIN_S) != 0
    worker.communicate()
    assert process.returncode == 0
    assert not place.parent.exists()


def test_without_a_parent_it_is_a_plain_interpreter(tmp_path: Path) -> None:
    """A parent that never came costs time and nothing else."""
    said, code = ran(tmp_path / "nobody", "print('pytest' in sys.modules); sys.exit(3)")
    assert (said, code) == ("False\n", 3)


def test_a_parent_that_dies_before_it_is_warm_costs_only_time() -> None:
    """Who waits for it goes on as a plain interpreter."""
    with warm() as (process, place):
        waiting = attached(place)
        os.kill(process.pid, signal.SIGKILL)
        assert waiting.communicate("'print(7)'\n", timeout=WITHIN_S)[0] == "7\n"
    shutil.rmtree(place.parent)  # its own run would
