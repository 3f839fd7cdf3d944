"""Locust as a process of its own: started, followed by what it prints, and ended whatever became of it."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tests.load.target import Target, serving

ROOT = Path(__file__).resolve().parents[2]
PROFILE = """
summary = "One operation at a rate of its own"
arrivals = "constant"
budget = \"\"\"
each: errors <= 20 %
each: share over 8 s <= 20 %
\"\"\"
[soundness]
lag = "50 %"
[[rates]]
operation = "chat getHealth"
phases = [{ for = "FOR", rate = "50 /s" }]
"""
WITHIN = 60.0
"""Seconds for anything at all: this machine may be busy."""


class Locust:
    """One process with its children."""

    def __init__(self, folder: Path, *arguments: str, **variables: str) -> None:
        self.log = folder / f"locust-{len(list(folder.glob('locust-*')))}.log"
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("VERIFY_", "CI"))}
        # Locks of a test are its own.
        environment |= {"TMPDIR": str(folder), "PYTHONUNBUFFERED": "1", **variables}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "locust", *arguments],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        """Everything so far."""
        return self.log.read_text(errors="replace")

    def says(self, text: str) -> None:
        """Wait until it has printed this."""
        until(lambda: text in self.said or self.process.poll() is not None, told=lambda: self.said)
        assert text in self.said, self.said

    def ends(self) -> int:
        """Wait until it has ended; its exit code."""
        until(lambda: self.process.poll() is not None, told=lambda: self.said)
        return self.process.wait()

    def signalled(self, number: signal.Signals, *, group: bool = False) -> None:
        """Send a signal to it, or to all of its terminal."""
        (os.killpg if group else os.kill)(self.process.pid, number)

    @property
    def children(self) -> list[int]:
        """Processes that it made."""
        text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(child) for child in text.split()]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Stage:
    """A target, an environment that names it, a profile, and a folder for everything."""

    def __init__(self, folder: Path, target: Target) -> None:
        self.folder, self.target = folder, target
        self.environment = target.environment()

    def profile(self, lasting: str = "4 s") -> Path:
        """A profile of that length; without one, as it was written last."""
        file = self.folder / "told.toml.profile.toml"
        if lasting:
            file.write_text(PROFILE.replace("FOR", lasting))
        return file

    def locust(self, *arguments: str, lasting: str = "4 s", run: str = "run", headless: bool = True) -> Locust:
        """A run that goes on."""
        return Locust(
            self.folder,
            *("-f", "loadtests/locustfile.py", "--only-summary"),
            *(["--headless"] if headless else []),
            *("--profile", str(self.profile(lasting)), "--env", str(self.environment)),
            *("--run-folder", str(self.folder / run), *arguments),
        )

    def verdict(self, run: str = "run") -> dict[str, Any]:
        """What a run left behind."""
        document: dict[str, Any] = json.loads((self.folder / run / "verdict.json").read_text())
        return document


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """A stage whose target serves until the block ends."""
    (folder / "target").mkdir()
    with serving(folder / "target") as target:
        yield Stage(folder, target)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def answers(page: httpx.Client) -> bool:
    """Whether Locust's page is there."""
    try:
        return page.get("/").is_success
    except httpx.TransportError:
        return False


def until(done: Callable[[], bool], *, told: Callable[[], str] = str) -> None:
    """Wait until something is so; raises `TimeoutError`, with what there is to tell, if it does not come."""
    deadline, look = time.monotonic() + WITHIN, threading.Event()
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not so within {WITHIN:g} s\n{told()}")
        look.wait(0.05)


def lives(pid: int) -> bool:
    """Whether there is such a process that has not ended."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
