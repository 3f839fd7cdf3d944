"""`fault list`, `on` and `off`: what they say, and that nothing outlives whoever switched it on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from fixtures.sandbox.faults.registry import faults
from fixtures.sandbox.layout import Layout
from tests.detection.suite import REPOSITORY


def sandbox(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fixtures.sandbox", *words],
        cwd=REPOSITORY, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


def test_the_list_has_every_fault() -> None:
    """Every fault is listed with its suite, its lines of the guide and what it breaks."""
    shown = sandbox("fault", "list")
    assert shown.returncode == 0
    lines = shown.stdout.splitlines()
    assert [tuple(line.split()[:2]) for line in lines] == [(fault.id, fault.suite) for fault in faults().values()]
    assert all(fault.breaks in line for fault, line in zip(faults().values(), lines, strict=True))


def test_an_unknown_name_is_a_failure(tmp_path: Path) -> None:
    """A mistyped fault breaks nothing, and what may have been meant is told."""
    met = sandbox("fault", "on", "route-misssing", "--directory", str(tmp_path))
    assert met.returncode == 1
    assert "did you mean route-missing" in met.stderr
    assert "Traceback" not in met.stderr


def test_a_fault_is_on_until_it_is_switched_off(tmp_path: Path) -> None:
    """`on` holds the fault, `off` from elsewhere ends it, and everything is as before."""
    layout = Layout(tmp_path)
    layout.create_folders(("friend-request",), "green")
    link = layout.route("green", "friend-request")
    holder = subprocess.Popen(
        [sys.executable, "-m", "fixtures.sandbox", "fault", "on", "route-missing", "--directory", str(tmp_path)],
        cwd=REPOSITORY, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline().startswith("route-missing is on")
        assert holder.stdout.readline() == f"run        pytest -m smoke --env={layout.environment_file}\n"
        assert not link.is_symlink()
        # by a thread of its own the ended holder would stay a zombie until somebody waits for it
        off = subprocess.Popen(
            [sys.executable, "-m", "fixtures.sandbox", "fault", "off", "route-missing", "--directory", str(tmp_path)],
            cwd=REPOSITORY,
        )  # fmt: skip
        assert holder.wait(20) == 0
        assert off.wait(20) == 0
    finally:
        holder.kill()
        holder.communicate()
    assert link.readlink() == layout.socket("green", "friend-request")
    again = sandbox("fault", "off", "route-missing", "--directory", str(tmp_path))
    assert again.returncode == 1
    assert "is not on" in again.stderr


def test_an_interrupted_holder_mends(tmp_path: Path) -> None:
    """Ctrl-C at the holder of a fault switches it off."""
    layout = Layout(tmp_path)
    layout.create_folders(("friend-request",), "green")
    holder = subprocess.Popen(
        [sys.executable, "-m", "fixtures.sandbox", "fault", "on", "route-missing", "--directory", str(tmp_path)],
        cwd=REPOSITORY, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout is not None
    holder.stdout.readline()
    os.kill(holder.pid, signal.SIGINT)
    said, _ = holder.communicate(timeout=10)
    assert "route-missing is off" in said
    assert layout.route("green", "friend-request").is_symlink()


def test_a_holder_that_is_gone_is_told(tmp_path: Path) -> None:
    """Its number may be another process's now, which is left alone."""
    fault = next(iter(faults()))
    mark = tmp_path / "faults" / fault
    mark.parent.mkdir()
    mark.write_text(f"{os.getpid()} 1")
    met = sandbox("fault", "off", fault, "--directory", str(tmp_path))
    assert met.returncode == 1
    assert f"whoever held {fault} is gone without mending it" in met.stderr
    assert not mark.exists()
