"""Directories of sandboxes: claimed, recognised as abandoned, removed; and the switch."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING
from unittest.mock import Mock

import pytest

from fixtures.sandbox import layout, storage
from fixtures.sandbox.errors import SandboxError
from tests.detection.suite import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


_HOLDS = """
import pathlib, sys
from fixtures.sandbox.layout import Layout
Layout(pathlib.Path(sys.argv[1])).hold()
input()
"""


@pytest.fixture
def place() -> Iterator[layout.Layout]:
    claimed = layout.claim(None)
    yield claimed
    layout.remove(claimed.root)


def _held_by_another(root: Path) -> subprocess.Popen[bytes]:
    held = subprocess.Popen([sys.executable, "-c", _HOLDS, str(root)], cwd=REPOSITORY, stdin=subprocess.PIPE)
    while not (root / "owner.lock").exists():
        assert held.poll() is None
    return held


def _abandon(root: Path) -> None:
    with _held_by_another(root) as holder:
        holder.kill()


def test_claimed_directory_is_ours_alone(place: layout.Layout) -> None:
    """A claimed directory can be passed through by others, not listed, and is not abandoned while we live."""
    assert place.root.stat().st_mode & 0o777 == 0o711
    assert not layout.is_abandoned(place.root)
    assert place.root in layout.running()


def test_a_directory_is_held_while_its_holder_lives(tmp_path: Path) -> None:
    """Another process holds it until it is killed, whatever its number is here."""
    with _held_by_another(tmp_path) as holder:
        assert not layout.is_abandoned(tmp_path)
        holder.kill()
    assert layout.is_abandoned(tmp_path)


def test_a_directory_that_cannot_be_locked_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A network's file system may know no locks; nothing is left on it."""
    monkeypatch.setattr(storage, "base", lambda: tmp_path)
    monkeypatch.setattr(layout, "_SOCKET_PATH_LIMIT", 1000)
    monkeypatch.setattr("fcntl.flock", Mock(side_effect=OSError(errno.ENOLCK, "No locks available")))
    with pytest.raises(SandboxError, match="cannot hold a sandbox: No locks available"):
        layout.claim(None)
    assert not list(tmp_path.iterdir())


def test_longest_socket_fits(place: layout.Layout) -> None:
    """Every socket's path is within the limit of the systems, wherever temporary files live."""
    for slot in layout.SLOTS:
        for path in (place.socket(slot, "video-call-signaling"), place.control(slot, "video-call-signaling")):
            assert len(str(path)) <= 103


def test_long_directory_is_refused(tmp_path: Path) -> None:
    """A directory whose sockets would have too long a path is refused and not left behind."""
    directory = tmp_path / ("x" * 80)
    with pytest.raises(SandboxError, match="too long a name"):
        layout.claim(directory)
    assert not directory.exists()


def test_switch_renames_one_link(place: layout.Layout) -> None:
    """The live slot is what the link says, before and after a switch, and nothing else is left in the folder."""
    place.create_folders(("auth", "otp"), "green")
    assert (place.live_slot, place.idle_slot) == ("green", "blue")
    place.switch("blue")
    assert place.live_slot == "blue"
    assert sorted(path.name for path in place.live.parent.iterdir()) == ["blue", "green", "live"]
    assert place.route("blue", "auth").readlink() == place.socket("blue", "auth")


def test_switch_to_nothing_is_refused(place: layout.Layout) -> None:
    """A slot that does not exist, and a directory without a sandbox, are refused in words."""
    place.create_folders(("auth",), "green")
    with pytest.raises(SandboxError, match="there is no slot 'red': choose blue or green"):
        place.switch("red")
    nothing = layout.Layout(place.root / "nothing")
    for attempt in (lambda: nothing.switch("blue"), lambda: nothing.live_slot, nothing.state):
        with pytest.raises(SandboxError, match="no sandbox runs in"):
            attempt()


def test_sweep_takes_the_dead_and_leaves_the_living(tmp_path: Path) -> None:
    """Only directories of dead wardens, and old ones that never had any, are removed; with their sockets elsewhere."""
    living, dead, fresh, old, foreign = (tmp_path / f"sp-{name}" for name in ("a", "b", "c", "d", "e"))
    for root in (living, dead, fresh, old, foreign):
        root.mkdir()
    layout.Layout(living).hold()
    _abandon(dead)
    socket = tmp_path / "elsewhere.sock"
    socket.touch()
    (dead / "state.json").write_text(json.dumps({"residue": [str(socket)]}))
    os.utime(old, (time.time() - 3600,) * 2)
    (foreign / "theirs").touch()
    (tmp_path / "sp-file").touch()
    assert layout.sweep(tmp_path) == [dead, old]
    assert not socket.exists()
    assert living.exists()
    assert fresh.exists()
    assert foreign.exists()


def test_abandoned_directory_is_taken_again() -> None:
    """A directory that was given is used again when its former sandbox was killed."""
    root = storage.base() / f"sandbox-unit-{os.getpid()}"
    root.mkdir()
    _abandon(root)
    (root / "rubbish").touch()
    assert layout.claim(root).root == root
    assert not (root / "rubbish").exists()
    layout.remove(root)


def test_private_files_are_private_from_the_start(tmp_path: Path) -> None:
    """A secret's file is its owner's alone and is never written over."""
    path = layout.write_private(tmp_path / "secret", b"x")
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        layout.write_private(path, b"y")
