"""Start and end of a sandbox: whatever ends it, and however it fails, nothing is left."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from fixtures.sandbox import Attached, Options, PartFailed, Sandbox, SandboxError
from fixtures.sandbox.layout import Layout
from fixtures.sandbox.storage import MEMORY
from tests.sandbox.conftest import STANDIN
from tests.sandbox.processes import alive, descendants, within

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
pytestmark = LINUX

_UP = f"""
import sys, time
from fixtures.sandbox import Options, Sandbox
with Sandbox.start(Options(services={STANDIN!r})) as sandbox:
    print(sandbox.directory, flush=True)
    time.sleep(60)
"""


class Started:
    """A starter in a process of its own, its sandbox, and all processes of both."""

    def __init__(self, argv: list[str]) -> None:
        self.process = subprocess.Popen(
            argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
        )
        assert self.process.stdout
        self.lines: list[str] = []
        for line in self.process.stdout:
            self.lines.append(line.rstrip())
            found = re.search(r"(/\S*/sp-\w+)", line)
            if found:
                self.directory = Path(found[1])
            if "Ctrl-C" in line or line.startswith("/"):
                break
        else:
            pytest.fail("\n".join(self.lines))
        self.pids = descendants(self.process.pid)
        state = Layout(self.directory).state()
        self.warden = int(str(state["warden"]))
        residue = state["residue"]
        assert isinstance(residue, list)
        self.residue = [Path(path) for path in residue]

    def is_gone(self) -> bool:
        return not alive(self.pids) and not self.directory.exists() and not any(path.exists() for path in self.residue)

    def close(self) -> None:
        for pid in alive({self.process.pid, *self.pids}):
            os.kill(pid, signal.SIGKILL)
        self.process.wait(10)
        assert self.process.stdout
        self.process.stdout.close()


@pytest.fixture
def command_line() -> Iterator[Started]:
    started = Started([sys.executable, "-c", _CLI])
    yield started
    started.close()


@pytest.fixture
def program() -> Iterator[Started]:
    started = Started([sys.executable, "-c", _UP])
    yield started
    started.close()


_CLI = f"""
import sys
from dataclasses import replace
import fixtures.sandbox.__main__ as cli
original = cli.Options
cli.Options = lambda *arguments: replace(original(*arguments), services={STANDIN!r})
sys.exit(cli.main(["up"]))
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0), (signal.SIGHUP, 0)])
def test_command_line_ends_cleanly(command_line: Started, number: signal.Signals, code: int) -> None:
    """Ctrl-C, SIGTERM and a closed terminal end `up` with a line that says so, and nothing is left."""
    assert len(command_line.pids) > 20
    command_line.process.send_signal(number)
    output, _ = command_line.process.communicate(timeout=30)
    assert output.strip() == "the sandbox has ended: everything is stopped and removed"
    assert command_line.process.returncode == code
    assert command_line.is_gone()


def test_ctrl_c_while_starting_leaves_nothing() -> None:
    """Ctrl-C at any moment of the start ends it cleanly, also while PostgreSQL's data directory is made."""
    segments = set(MEMORY.glob("PostgreSQL.*"))
    for delay in (0.05, 0.3, 0.8, 1.6):
        process = subprocess.Popen(
            [sys.executable, "-c", _CLI], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert within(20, lambda: bool(descendants(process.pid)))  # noqa: B023 - called at once
        time.sleep(delay)
        pids = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=30)
        assert "Traceback" not in errors
        assert "ended" in output
        assert process.returncode == 130
        assert within(20, lambda: not alive(pids))  # noqa: B023 - called at once
    assert set(MEMORY.glob("PostgreSQL.*")) <= segments


def test_killed_starter_leaves_nothing(program: Started) -> None:
    """SIGKILL of the starter ends every process and removes the directory, within seconds."""
    program.process.kill()
    assert within(20, program.is_gone)


def test_killed_warden_leaves_nothing_when_the_starter_lives(program: Started) -> None:
    """SIGKILL of the warden ends its processes by the system's hand, and the starter removes the directory."""
    os.kill(program.warden, signal.SIGKILL)
    program.pids -= {program.process.pid}
    assert within(20, program.is_gone)


def test_both_killed_is_swept_by_the_next_start(program: Started) -> None:
    """When starter and warden are killed at once no process is left, and the next start removes the directory."""
    os.kill(program.process.pid, signal.SIGSTOP)
    os.kill(program.warden, signal.SIGKILL)
    os.kill(program.process.pid, signal.SIGKILL)
    assert within(20, lambda: not alive(program.pids))
    assert program.directory.exists()
    with Sandbox.begin(Options(services=STANDIN)) as next_one:
        next_one.wait_for_place()
        assert program.is_gone()


def test_two_run_side_by_side(sandbox: Sandbox) -> None:
    """Two sandboxes share no port and no folder, and the end of one does not touch the other."""
    with Sandbox.start(Options(services=STANDIN)) as other:
        assert not set(other.addresses.values()) & set(sandbox.addresses.values())
        assert other.directory != sandbox.directory
        other.switch("blue")
        assert sandbox.live_slot == "green"
    assert all(part["status"] == "up" for part in sandbox.status().values())


def test_taken_port_is_refused_in_words() -> None:
    """A port that was asked for and is taken ends the start with its number in the message."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SandboxError, match=f"port {port} of 127.0.0.1 is taken"):
            Sandbox.start(Options(port=port, services=STANDIN))


def test_wanted_port_and_directory_are_used() -> None:
    """`directory` and `port` are where it lives and listens, and the directory goes with it."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    directory = Path("/tmp") / f"sandbox-test-{os.getpid()}"  # noqa: S108 - pytest's own folders have long names
    with Sandbox.start(Options(directory=directory, port=port, live="blue", services=STANDIN)) as sandbox:
        assert sandbox.directory == directory
        assert sandbox.addresses["public"] == f"https://127.0.0.1:{port}"
        assert Attached(directory).live_slot == "blue"
    assert not directory.exists()


def test_directory_with_something_in_it_is_refused(tmp_path: Path) -> None:
    """A directory that holds anything is not taken, and keeps what it holds."""
    (tmp_path / "precious").touch()
    with pytest.raises(SandboxError, match="not empty"):
        Sandbox.start(Options(directory=tmp_path, services=STANDIN))
    assert (tmp_path / "precious").exists()


@pytest.mark.parametrize("part", ["postgres", "valkey", "objects", "gateway"])
def test_missing_program_is_named(part: str, tmp_path: Path) -> None:
    """A program that is absent ends the start in seconds with the part's name and the program's path."""
    began = time.monotonic()
    with pytest.raises(PartFailed, match=f"{part} cannot start.*does not exist") as failure:
        Sandbox.start(Options(binaries={part: tmp_path / "absent"}, services=STANDIN))
    assert failure.value.part == part
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("part", ["valkey", "objects", "gateway"])
def test_unreadable_program_is_named(part: str, tmp_path: Path) -> None:
    """A program that may not be executed ends the start with the part's name and why."""
    program = tmp_path / "program"
    program.touch(mode=0o000)
    with pytest.raises(PartFailed, match=f"{part} cannot start: .*may not be read or executed"):
        Sandbox.start(Options(binaries={part: program}, services=STANDIN))


@pytest.mark.parametrize("part", ["valkey", "objects", "gateway"])
def test_failing_program_shows_its_log(part: str, tmp_path: Path) -> None:
    """A program that ends at once is named, with its exit code and the last lines that it wrote."""
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho the disk is on fire >&2\nexit 3\n")
    program.chmod(0o755)
    with pytest.raises(PartFailed) as failure:
        Sandbox.start(Options(binaries={part: program}, services=STANDIN))
    assert (failure.value.part, failure.value.reason) == (part, "it ended with exit code 3")
    assert failure.value.log[-1] == "the disk is on fire"


def test_failing_service_shows_its_log() -> None:
    """A module of services that cannot be imported ends the start with the traceback as the log's end."""
    with pytest.raises(PartFailed, match="No module named 'nothing'") as failure:
        Sandbox.start(Options(services="nothing.at.all"))
    assert failure.value.part == "services"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands PostgreSQL to another user")
def test_wheel_that_others_may_not_read_is_copied(tmp_path: Path) -> None:
    """Where the unprivileged user may not enter the environment, PostgreSQL runs from a copy of the wheel."""
    from fixtures.sandbox.binaries import postgres  # noqa: PLC0415

    package = postgres("postgres").parent.parent
    tmp_path.chmod(0o700)
    for source in (package, package.with_name(f"{package.name}.libs")):
        (tmp_path / source.name).symlink_to(source)
    locked = tmp_path / package.name / "pginstall" / "bin"
    with Sandbox.start(Options(binaries={"postgres": locked}, services=STANDIN)) as sandbox:
        assert (sandbox.directory / "postgres" / "programs" / package.name).is_dir()


def test_each_slot_has_an_environment_file(sandbox: Sandbox) -> None:
    """It loads as an environment of that slot, with the build that answers there."""
    from fixtures.environments import load_environment  # noqa: PLC0415

    with httpx.Client(verify=False, trust_env=False) as web:  # noqa: S501 - the certificate is tested elsewhere
        for slot in ("blue", "green"):
            environment = load_environment(str(sandbox.layout.slot_environment_file(slot)), time_scale=1)
            assert (environment.slot, environment.live_api) == (slot, sandbox.addresses["public"])
            assert web.get(f"{environment.api}/api/auth-service/health").json()["build"] == environment.build


def test_settings_reach_the_environment_file(sandbox: Sandbox) -> None:
    """The environment file loads as an environment whose secret is the sandbox's and whose parts say what is real."""
    from fixtures.environments import load_environment  # noqa: PLC0415

    environment = load_environment(str(sandbox.environment_file), time_scale=1)
    assert environment.api == environment.live_api == sandbox.addresses["public"]
    assert dict(environment.slots) == {slot: sandbox.addresses[slot] for slot in ("blue", "green")}
    assert environment.provenance["kafka"] == environment.provenance["cdn"] == "simulated"
    assert environment.provenance["postgres"] == "real"
    key = sandbox.directory / "keys" / "synthetic-key"
    assert environment.secrets["synthetic_key"].resolve().reveal() == key.read_text()
    assert key.stat().st_mode & 0o777 == 0o600
    with httpx.Client(verify=False, trust_env=False) as web:  # noqa: S501 - the certificate is tested elsewhere
        assert web.get(f"{environment.api}/api/auth-service/health").json()["environment"] == "production"
