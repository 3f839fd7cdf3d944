"""`fault list`, `on` and `off`: what they say, and that nothing outlives whoever switched it on."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.checks.eventually import eventually
from fixtures.checks.match import equals
from fixtures.sandbox.faults import command
from fixtures.sandbox.faults.model import FaultError
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


def test_a_sandbox_that_ends_switches_its_faults_off(tmp_path: Path) -> None:
    """Nobody has to look for what would hold a fault of a sandbox that there is no more."""
    root = tmp_path / "sandbox"
    root.mkdir()
    Layout(root).create_folders(("friend-request",), "green")
    holder = subprocess.Popen(
        [sys.executable, "-m", "fixtures.sandbox", "fault", "on", "route-missing", "--directory", str(root)],
        cwd=REPOSITORY, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert holder.stdout is not None
    holder.stdout.readline()
    shutil.rmtree(root)
    said, _ = holder.communicate(timeout=20)
    assert (holder.returncode, said.splitlines()[-1]) == (0, "route-missing is off")


def _held(mark: Path, seconds: float) -> "subprocess.Popen[str]":
    """A holder that takes so long to mend what it broke."""
    code = f"import signal, time; signal.signal(15, lambda *_: time.sleep({seconds}) or exit()); print(flush=True)"
    holder = subprocess.Popen([sys.executable, "-c", f"{code}; signal.pause()"], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    with holder.stdout as said:
        said.readline()
    mark.write_text(f"{holder.pid} {command._started_at(holder.pid)}", encoding="ascii")
    return holder


def test_off_returns_when_what_was_broken_is_mended(tmp_path: Path) -> None:
    """Or what follows it would still meet the fault; a holder that has ended and is not yet waited for is no more."""
    holder = _held(tmp_path / "mark", 0.3)
    command._switch_off(tmp_path / "mark")
    assert holder.poll() == 0
    assert command._started_at(holder.pid) is None


def test_a_holder_that_does_not_let_go_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not mended in time is not said to be."""
    monkeypatch.setattr(command, "_OFF_S", 0.4)
    holder = _held(tmp_path / "mark", 60)
    with pytest.raises(FaultError, match=rf"mark is not off after 0.4 s: process {holder.pid} still holds it"):
        command._switch_off(tmp_path / "mark")
    holder.kill()
    holder.wait()


def test_a_process_is_told_from_a_later_one_with_its_number() -> None:
    """By when it was started, which is not said of one that has ended."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        ours, its = command._started_at(os.getpid()), command._started_at(other.pid)
        assert ours is not None
        assert its not in {None, ours}
        assert command._started_at(os.getpid()) == ours
        other.kill()
        eventually(lambda: command._started_at(other.pid), equals(None), within=20)
    assert command._started_at(other.pid) is None
