"""What xdist is told to start, and what a warm parent that cannot be started leaves: nothing."""

import shlex
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from fixtures.environments import plugin as environments
from fixtures.environments.selection import Selection
from fixtures.workers import attach, plugin

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
