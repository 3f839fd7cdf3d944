"""A load run as a pipeline would start it, and what can befall the machine that makes the load."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import psutil

from fixtures.sandbox import Sandbox
from fixtures.sandbox.faults.model import Way
from fixtures.sandbox.layout import other_slot
from tests.detection.suite import REPOSITORY, variables

LOCUSTFILE = "loadtests/locustfile.py"
CLOCK_OFF = "tests/detection/load/clock_off.py"
TWO_ADDRESSES = "tests/detection/load/two_addresses.py"
PORT = 15557
"""Of the master of the runs whose workers are started one by one; nothing else on a machine is meant to use it."""
_BEGUN = "so far"
"""Of the line by which the leader says how it stands: there are none before arrivals begin."""
_BEGIN_S = 90.0
_END_S = 20.0
INTO_IT_S = 4.0
"""Seconds of arrivals before trouble comes."""
LATE_S = 13.0
"""The same for trouble that comes when a `BRIEF` run is nearly over."""
SECOND = "127.0.0.2"
"""Another address of this machine, at which the sandbox does not listen."""
_FROZEN_S = 8.0
"""Longer than one worker may be silent whose leader is not."""
_FULL_S = 5.0
"""Seconds for which the generator may open nothing."""
_TRESPASSERS = 24
"""Enough that a fair share of a core is less than any generator needs."""
_SPIN = """
import os, time
os.sched_setaffinity(0, [{core}])
end = time.monotonic() + 60
while time.monotonic() < end: pass
"""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a run is started: arguments and locustfile of the process that leads, and the locustfile of each worker."""

    leader: tuple[str, ...] = ()
    workers: tuple[str, ...] = ()
    file: str = LOCUSTFILE


ONE = Layout()
BRIEF = Layout(("--for", "20 s"))
SHORT = Layout(("--for", "10 s"))
"""Enough where all that is asked about fails."""
LONGER = Layout(("--for", "40 s"))
"""Than the profile, where few are asked a second and all is well at first."""
UNTIL_DECIDED = Layout(("--stop-when-decided",))
TWO_ADDRESSES_OF_THE_TARGET = Layout(file=TWO_ADDRESSES)
TWO_WORKERS = Layout(("--processes", "2"))
TWO_WORKERS_BRIEF = Layout((*TWO_WORKERS.leader, *BRIEF.leader))
ONE_CLOCK_OFF = Layout(
    ("--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", str(PORT), "--expect-workers", "2"),
    (LOCUSTFILE, CLOCK_OFF),
)


@dataclass(slots=True)
class Generator:
    """The processes of one run, and what they have said so far."""

    sandbox: Sandbox
    leader: subprocess.Popen[str]
    workers: list[subprocess.Popen[str]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    begun: threading.Event = field(default_factory=threading.Event)

    def listens(self, output: IO[str]) -> None:
        """Keep what the leader says, and notice when arrivals begin."""
        for line in output:
            self.said.append(line)
            if _BEGUN in line:
                self.begun.set()
        self.begun.set()


@contextmanager
def running(sandbox: Sandbox, profile: Path, folder: Path, layout: Layout) -> Iterator[Generator]:
    """Start a run against `sandbox`; whatever is left of it at the end is ended."""
    with contextlib.ExitStack() as stack:
        told = [f"--env={sandbox.environment_file}"]
        leader = stack.enter_context(
            _locust(layout.file, "--headless", f"--profile={profile}", f"--run-folder={folder}", *told, *layout.leader)
        )
        generator = Generator(sandbox, leader)
        assert leader.stdout is not None
        listener = threading.Thread(target=generator.listens, args=(leader.stdout,), daemon=True)
        listener.start()
        for file in layout.workers:
            worker = _locust(file, "--worker", "--master-host", "127.0.0.1", "--master-port", str(PORT), quiet=True)
            generator.workers.append(stack.enter_context(worker))
        yield generator
        listener.join(_END_S)


@contextmanager
def _locust(file: str, *arguments: str, quiet: bool = False) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "locust", "-f", file, *arguments],
        cwd=REPOSITORY, env=variables(), text=True, start_new_session=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if quiet else subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield process
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if process.poll() is not None:
                break
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_END_S)
        if process.stdout is not None:
            process.stdout.close()


@contextmanager
def nothing(_generator: Generator) -> Iterator[None]:
    """Leave it alone."""
    yield


@contextmanager
def kills_a_worker(generator: Generator) -> Iterator[None]:
    """Kill one of the processes that the leader has forked."""
    _wait_until_under_way(generator)
    psutil.Process(generator.leader.pid).children()[0].kill()
    yield


@contextmanager
def leaves_no_descriptor(generator: Generator) -> Iterator[None]:
    """Let the generator open no more files and connections than it has open, for some seconds."""
    _wait_until_under_way(generator)
    leader = psutil.Process(generator.leader.pid)
    limits = leader.rlimit(psutil.RLIMIT_NOFILE)
    leader.rlimit(psutil.RLIMIT_NOFILE, (leader.num_fds(), limits[1]))
    threading.Event().wait(_FULL_S)
    leader.rlimit(psutil.RLIMIT_NOFILE, limits)
    yield


@contextmanager
def switches_the_slot(generator: Generator) -> Iterator[None]:
    """Move live traffic to the other slot; on exit back."""
    _wait_until_under_way(generator)
    former = generator.sandbox.live_slot
    generator.sandbox.switch(other_slot(former))
    try:
        yield
    finally:
        generator.sandbox.switch(former)


def once_under_way(way: Way, seconds: float = INTO_IT_S) -> Callable[[Generator], AbstractContextManager[None]]:
    """Break the sandbox when arrivals have gone on for so long; on exit it is mended."""

    @contextmanager
    def breaks(generator: Generator) -> Iterator[None]:
        _wait_until_under_way(generator, seconds)
        with way.broken(generator.sandbox.layout, generator.sandbox.live_slot):
            yield

    return breaks


@contextmanager
def hangs_at_the_second_address(generator: Generator) -> Iterator[None]:
    """Take connections at the target's second address from the beginning, and say nothing on them."""
    with socket.create_server((SECOND, urlsplit(generator.sandbox.addresses["public"]).port or 443)):
        yield


@contextmanager
def freezes_it(generator: Generator) -> Iterator[None]:
    """Stop all processes of the run together for a while, as a machine that is suspended does."""
    _wait_until_under_way(generator)
    os.killpg(generator.leader.pid, signal.SIGSTOP)
    try:
        threading.Event().wait(_FROZEN_S)
    finally:
        os.killpg(generator.leader.pid, signal.SIGCONT)
    yield


@contextmanager
def starves_it(generator: Generator) -> Iterator[None]:
    """Let a crowd of other programs compute on the one core that it may use."""
    _wait_until_under_way(generator)
    core = max(os.sched_getaffinity(0))
    for thread in psutil.Process(generator.leader.pid).threads():
        os.sched_setaffinity(thread.id, {core})
    spin = _SPIN.format(core=core)
    trespassers = [subprocess.Popen([sys.executable, "-c", spin], start_new_session=True) for _ in range(_TRESPASSERS)]
    try:
        yield
    finally:
        for trespasser in trespassers:
            trespasser.kill()
            trespasser.wait()


def _wait_until_under_way(generator: Generator, seconds: float = INTO_IT_S) -> None:
    generator.begun.wait(_BEGIN_S)
    threading.Event().wait(seconds)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to: its verdict, why, the headlines of the causes, and what to do next and note besides.

    `trouble` says why when it left no verdict that can be read.
    """

    exit_code: int | None
    seconds: float
    said: str
    verdict: str = ""
    reasons: tuple[str, ...] = ()
    causes: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    trouble: str = ""


def outcome(generator: Generator, folder: Path, began: float, within: float) -> Outcome:
    """Wait for the end of a run, at most `within` seconds, and read its verdict."""
    trouble = ""
    try:
        generator.leader.wait(within)
    except subprocess.TimeoutExpired:
        trouble = f"the run was not over after {within:g} s"
    seconds, code, said = time.monotonic() - began, generator.leader.poll(), "".join(generator.said)
    try:
        document = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
        causes = _texts(cause["headline"] for cause in document["causes"])
        reasons, steps = _texts(document["reasons"]), _texts(document["load"]["next"])
        notes = _texts(document["notes"])
        return Outcome(code, seconds, said, str(document["verdict"]), reasons, causes, steps, notes, trouble)
    except (OSError, ValueError, KeyError, TypeError) as error:
        return Outcome(code, seconds, said, trouble=trouble or f"no verdict.json (exit code {code}): {error}")


def _texts(found: Iterable[object]) -> tuple[str, ...]:
    return tuple(map(str, found))
