"""Processors are kept awake while arrivals are timed, for no longer, and only where the system lets us."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import psutil
import pytest

from loadtests.engine import Plan, awake
from tests.unit.load.engine.runs import GET, SUBJECT, asked, ends, engine
from tests.unit.load.engine.server import answering, serving

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file in the place of the kernel's device."""
    path = tmp_path / "cpu_dma_latency"
    path.touch()
    monkeypatch.setattr(awake, "_DEVICE", str(path))
    return path


def held(device: Path) -> bool:
    """Whether this process has it open: the kernel's way to know who still asks."""
    return str(device) in {file.path for file in psutil.Process().open_files()}


def test_it_is_asked_for_until_the_end(device: Path) -> None:
    """No latency at all, as four bytes, for as long as the device is open."""
    with awake.awake():
        assert device.read_bytes() == b"\0\0\0\0"
        assert held(device)
    assert not held(device)


@pytest.mark.parametrize("name", ["missing", ""])
def test_who_may_not_ask_goes_on(device: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Neither a device that is not there nor one that cannot be opened ends a run."""
    monkeypatch.setattr(awake, "_DEVICE", str(device.parent / name))
    with awake.awake():
        assert not held(device.parent / name)


@pytest.mark.parametrize("timed", [True, False])
def test_an_engine_asks_while_it_times_arrivals(device: Path, *, timed: bool) -> None:
    """Arrivals by schedule are timed; a closed loop only works."""
    offsets = (number / 100 for number in count())
    with serving(answering) as server:
        runs = engine(server)
        runs.start(Plan(SUBJECT, GET, connections=1, arrivals=offsets if timed else None))
        asked(server, 1)
        assert runs.running
        assert held(device) is timed
        runs.stop()
        ends(runs)
    assert not held(device)
