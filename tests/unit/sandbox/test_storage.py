"""The folder for sandboxes: memory where that serves, the system's folder for temporary files where it does not."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from fixtures.sandbox import layout, storage

if TYPE_CHECKING:
    from collections.abc import Callable

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
GOOD = storage.FileSystem(
    kind="tmpfs", mode=0o1777, writable=True, runs_programs=True, free=2 << 30, available_memory=2 << 30
)
TEMPORARY = Path("/tmp")  # noqa: S108 - named only


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch) -> Callable[[storage.FileSystem | Exception], None]:
    """Says what is found at the memory file system, on a Linux where nobody has chosen anything."""
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(TEMPORARY))
    monkeypatch.setattr(sys, "platform", "linux")

    def say(what: storage.FileSystem | Exception) -> None:
        def at(_: Path) -> storage.FileSystem:
            if isinstance(what, Exception):
                raise what
            return what

        monkeypatch.setattr(storage.FileSystem, "at", at)

    return say


def test_memory_is_taken_where_it_serves(found: Callable[[storage.FileSystem], None]) -> None:
    """A memory file system with just enough room takes new sandboxes."""
    found(GOOD)
    assert storage.base() == storage.MEMORY


@pytest.mark.parametrize(
    "flaw",
    [
        {"kind": "ext4"},
        {"kind": ""},
        {"mode": 0o777},
        {"mode": 0o1755},
        {"writable": False},
        {"runs_programs": False},
        {"free": (2 << 30) - 1},
        {"free": 64 << 20},
        {"available_memory": (2 << 30) - 1},
    ],
    ids=str,
)
def test_each_flaw_refuses_memory(found: Callable[[storage.FileSystem], None], flaw: dict[str, Any]) -> None:
    """Whatever is in the way of one sandbox in memory sends all of them to the folder for temporary files."""
    found(replace(GOOD, **flaw))
    assert storage.base() == TEMPORARY


@pytest.mark.parametrize("error", [FileNotFoundError(), ValueError()], ids=repr)
def test_system_that_says_nothing_is_no_hindrance(found: Callable[[Exception], None], error: Exception) -> None:
    """Where the system does not say what memory there is, the folder for temporary files serves."""
    found(error)
    assert storage.base() == TEMPORARY


@pytest.mark.parametrize("variable", ["TMPDIR", "TEMP", "TMP"])
def test_what_the_user_chose_goes_first(
    found: Callable[[storage.FileSystem], None], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """A folder for temporary files that the user has named takes sandboxes, however good memory is."""
    found(GOOD)
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv(variable, "/var/tmp")  # noqa: S108 - named only
    assert storage.base() == Path("/var/tmp")  # noqa: S108 - named only


def test_long_name_gives_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of too long a name for the sockets below it gives way to /tmp."""
    monkeypatch.setenv("TMPDIR", "chosen")
    monkeypatch.setattr(tempfile, "tempdir", "/" + 40 * "x")
    assert storage.base() == TEMPORARY


def test_other_systems_have_one_folder(
    found: Callable[[storage.FileSystem], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system is not Linux, memory is neither taken nor searched."""
    found(GOOD)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert storage.base() == TEMPORARY
    assert storage.bases() == (TEMPORARY,)


def test_memory_that_was_chosen_is_searched_once(
    found: Callable[[storage.FileSystem], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both folders are searched for sandboxes, each once."""
    found(GOOD)
    assert storage.bases() == (TEMPORARY, storage.MEMORY)
    monkeypatch.setattr(tempfile, "tempdir", str(storage.MEMORY))
    assert storage.bases() == (storage.MEMORY,)


def test_both_folders_are_swept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What a killed sandbox left is removed, and what runs is found, in the folder that is not taken now, too."""
    places = (tmp_path / "disk", tmp_path / "memory")
    for place in places:
        (place / "sp-dead").mkdir(parents=True)
        (place / "sp-dead" / "owner.lock").touch()
        (place / "sp-living").mkdir()
        layout.Layout(place / "sp-living").hold()
    monkeypatch.setattr(storage, "bases", lambda: places)
    assert layout.sweep() == [place / "sp-dead" for place in places]
    assert layout.running() == [place / "sp-living" for place in places]


@LINUX
def test_what_is_mounted_last_counts(tmp_path: Path) -> None:
    """A file system's type is that of the last mount at the folder; memory is what the machine has left."""
    (tmp_path / "self").mkdir()
    (tmp_path / "self" / "mounts").write_text(f"none {tmp_path} ext4 rw 0 0\ntmpfs {tmp_path} tmpfs rw,noexec 0 0\n")
    (tmp_path / "meminfo").write_text("MemTotal:       16 kB\nMemAvailable:        5 kB\n")
    found = storage.FileSystem.at(tmp_path, tmp_path)
    assert (found.kind, found.available_memory, found.mode) == ("tmpfs", 5 * 1024, 0o700)
    assert found.writable
    assert found.free > 0
    (tmp_path / "self" / "mounts").write_text("tmpfs / tmpfs rw 0 0\n")
    assert storage.FileSystem.at(tmp_path, tmp_path).kind == ""
    (tmp_path / "meminfo").write_text("MemFree: 5 kB\n")
    with pytest.raises(ValueError, match="how much memory is left"):
        storage.FileSystem.at(tmp_path, tmp_path)


@LINUX
@pytest.mark.parametrize("flags", [0, os.ST_RDONLY | os.ST_NOSUID, os.ST_NOEXEC, os.ST_NOEXEC | os.ST_NODEV], ids=hex)
def test_where_programs_run_is_the_systems_word(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, flags: int) -> None:
    """A file system that is mounted without the right to run programs is told from one that has it."""
    facts = SimpleNamespace(f_flag=flags, f_bavail=7, f_frsize=4096)
    monkeypatch.setattr(os, "statvfs", lambda _: facts)
    found = storage.FileSystem.at(tmp_path)
    assert found.runs_programs is not bool(flags & os.ST_NOEXEC)
    assert found.free == 7 * 4096
