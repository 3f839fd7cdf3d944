"""What xdist is told to start, and what a warm parent that cannot be started leaves: nothing."""

import os
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from fixtures.environments import plugin as environments
from fixtures.environments.selection import Selection
from fixtures.workers import attach, parent, plugin

pytest_plugins = ["pytester"]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")

COLD: Final = ["popen", "popen"]
LONGEST_NAME: Final = 107
"""Bytes of a socket's path (unix(7)): a deep folder for temporary files goes beyond."""


@pytest.fixture
def run(pytester: pytest.Pytester) -> Iterator[pytest.Config]:
    """A run of a suite with two workers, as xdist has prepared it; at its end its cleanups have run."""
    config = pytester.parseconfig()
    config.stash[environments._SELECTION] = Selection(tiers=frozenset({"smoke"}))
    config.option.tx = list(COLD)
    yield config
    config._ensure_unconfigure()


@pytest.fixture
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of the test's own in which temporary files are made; pytest's have names too long for a socket."""
    with tempfile.TemporaryDirectory() as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


def test_workers_are_forked_from_a_parent_that_ends_with_the_run(run: pytest.Config, temporary: Path) -> None:
    """Each worker is told where the parent listens, and the end of the run removes that place."""
    plugin.pytest_configure(run)
    (place,) = temporary.glob("*/socket")
    words = [sys.executable, "-I", "-S", attach.__file__, str(place)]
    assert run.option.tx == [f"popen//python={shlex.join(words)}"] * len(COLD)
    run._ensure_unconfigure()
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("selection", "start"),
    [
        (Selection(tiers=frozenset({"smoke"}), dry=True), COLD),
        (Selection(), COLD),
        (Selection(tiers=frozenset({"smoke"})), ["ssh=elsewhere"]),
    ],
    ids=["nothing is run", "no suite is run", "no worker is started here"],
)
def test_a_run_that_forks_nobody_has_no_parent(
    run: pytest.Config, temporary: Path, selection: Selection, start: list[str]
) -> None:
    """Imports and a process that nobody uses would cost every other run of pytest, and collecting reaches nothing."""
    run.stash[environments._SELECTION] = selection
    run.option.tx = list(start)
    plugin.pytest_configure(run)
    assert run.option.tx == start
    assert list(temporary.iterdir()) == []


def test_a_worker_starts_no_parent_of_its_own(run: pytest.Config, temporary: Path) -> None:
    """It is told all of the run's options, also how many workers there are."""
    run.workerinput = {}  # type: ignore[attr-defined]  # as xdist marks it
    plugin.pytest_configure(run)
    assert run.option.tx == COLD
    assert list(temporary.iterdir()) == []


@pytest.mark.usefixtures("temporary")
def test_what_is_started_elsewhere_is_started_as_it_was_asked_for(run: pytest.Config) -> None:
    """A parent forks workers of this machine alone."""
    run.option.tx = ["popen", "ssh=elsewhere"]
    plugin.pytest_configure(run)
    assert run.option.tx[0].startswith("popen//python=")
    assert run.option.tx[1] == "ssh=elsewhere"


def test_a_parent_that_does_not_end_is_ended(
    run: pytest.Config, temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it outlives the run, neither the process nor its place."""
    hangs, told = tmp_path / "hangs.py", tmp_path / "pid"
    hangs.write_text(f"import os, time\nopen({str(told)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)\n")
    monkeypatch.setattr(parent, "__file__", str(hangs))
    monkeypatch.setattr(plugin, "_END_S", 0.1)
    plugin.pytest_configure(run)
    deadline = time.monotonic() + 20
    while not (told.exists() and told.read_text()) and time.monotonic() < deadline:
        time.sleep(0.01)
    run._ensure_unconfigure()
    assert list(temporary.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(int(told.read_text()), 0)


def test_without_a_place_for_it_workers_are_plain(
    run: pytest.Config, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no folder can be made, xdist starts what it would without us."""
    monkeypatch.setattr(tempfile, "tempdir", str(temporary / "absent"))
    plugin.pytest_configure(run)
    assert run.option.tx == COLD
    assert list(temporary.iterdir()) == []


def test_without_a_process_for_it_workers_are_plain(
    run: pytest.Config, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the parent cannot be started, the folder that was made for it is gone."""
    monkeypatch.setattr(sys, "executable", str(temporary / "absent"))
    plugin.pytest_configure(run)
    assert run.option.tx == COLD
    assert list(temporary.iterdir()) == []


def test_without_a_socket_for_it_workers_are_plain(
    run: pytest.Config, temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the folder for temporary files has too long a name for a socket in it, that folder stays empty."""
    deep = temporary / ("d" * LONGEST_NAME)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    plugin.pytest_configure(run)
    assert run.option.tx == COLD
    assert list(deep.iterdir()) == []
