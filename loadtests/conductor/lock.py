"""One run at a time against one target, as far as this machine can tell: two would measure each other.

Whoever runs holds a lock on a file of its own below a folder of the target; the kernel lets go of it when its holder
dies, however it dies, so nothing stale is ever believed.
"""

import fcntl
import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final
from urllib.parse import urlsplit

_SUFFIX: Final = ".run"


class TargetBusyError(Exception):
    """Other runs are made against the target: `holders` are their ids."""

    def __init__(self, address: str, holders: tuple[str, ...]) -> None:
        self.holders = holders
        super().__init__(f"run {', '.join(holders)} is made against {address} now")


class Hold:
    """That this process makes a run against a target, until it lets go or ends."""

    def __init__(self, file: IO[str], path: Path, beside: tuple[str, ...]) -> None:
        self._file, self._path = file, path
        self.beside = beside
        """Runs that held the target already, and were let pass."""

    def release(self) -> None:
        """Let others run; harmless when done already."""
        if not self._file.closed:
            self._path.unlink(missing_ok=True)
            self._file.close()


def hold(address: str, run: str, alongside: Collection[str] = (), root: Path | None = None) -> Hold:
    """Hold the target at `address` for `run`. Raises `TargetBusyError` if runs not named in `alongside` hold it.

    Raises OSError if the lock cannot be written, or others could write into it.
    """
    root = root or _root()
    folder = root / _name(address)
    for place in (root, folder):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        _require_own(place)
    with _alone(folder):
        holders = sorted(_holders(folder))
        strangers = tuple(holder for holder in holders if holder not in alongside)
        if strangers:
            raise TargetBusyError(address, strangers)
        path = folder / f"{run}{_SUFFIX}"
        file = _open(path)
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return Hold(file, path, tuple(holders))


def _root() -> Path:
    # Per user: nobody else's file can be in the way, and nobody is kept out by ours.
    return Path(tempfile.gettempdir()) / f"social-platform-verification-{os.getuid()}"


def _require_own(folder: Path) -> None:
    """Raises PermissionError where somebody else may have been first: what lies there may lead anywhere."""
    found, me = folder.lstat(), os.getuid()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != me or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        its = f"{stat.filemode(found.st_mode)} of uid {found.st_uid}"
        raise PermissionError(f"{folder} is not a folder of uid {me} alone: {its}")


def _open(path: Path) -> IO[str]:
    """A file to lock: made if it is not there, no other file by a link, and left as it is."""
    return open(path, "a", encoding="utf-8", opener=lambda name, how: os.open(name, how | os.O_NOFOLLOW, 0o600))


def _name(address: str) -> str:
    """Readable, and different for different addresses, but the same however one is written (RFC 3986, 6.2.3)."""
    parts = urlsplit(address)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    known = f"{parts.scheme}://{parts.hostname}:{port}{parts.path.rstrip('/')}"
    readable = re.sub(r"[^A-Za-z0-9.]+", "-", known.partition("://")[2])
    return f"{readable[:60]}-{hashlib.sha256(known.encode()).hexdigest()[:8]}"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Only one process at a time looks who is there and adds itself."""
    with _open(folder / "door") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        yield


def _holders(folder: Path) -> Iterator[str]:
    """Runs whose process lives; what a dead one left is removed."""
    for path in folder.glob(f"*{_SUFFIX}"):
        with _open(path) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield path.stem
            else:
                path.unlink(missing_ok=True)
