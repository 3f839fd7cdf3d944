"""What a running sandbox does when a part of it is disturbed, on command or not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from confluent_kafka.admin import AdminClient

from fixtures.sandbox import Attached, SandboxError
from tests.sandbox.processes import alive, within

if TYPE_CHECKING:
    import httpx

    from fixtures.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
PARTS = ("postgres", "valkey", "kafka", "objects", "gateway")


def test_part_that_dies_is_reported(sandbox: Sandbox) -> None:
    """A part that dies on its own is an incident with its cause, shows in the status, and can be started again."""
    before = len(sandbox.incidents)
    pid = sandbox.status()["green/chat"]["pid"]
    os.kill(pid, signal.SIGKILL)
    assert within(20, lambda: len(sandbox.incidents) > before)
    incident = sandbox.incidents[-1]
    assert (incident["part"], incident["status"], incident["reason"]) == (
        "green/chat",
        "down",
        "it was ended by SIGKILL",
    )
    assert sandbox.status()["green/chat"]["detail"] == "it was ended by SIGKILL"
    sandbox.restart("chat", "green")
    assert sandbox.status()["green/chat"]["status"] == "up"


@pytest.mark.parametrize("part", PARTS)
def test_datastore_is_killed_and_comes_back(sandbox: Sandbox, part: str) -> None:
    """Every part can be killed with all its processes, is then no incident, and starts again."""
    before = len(sandbox.incidents)
    pid = sandbox.status()[part]["pid"]
    sandbox.kill(part)
    assert within(20, lambda: not alive({pid}))
    assert sandbox.status()[part]["status"] == "stopped"
    with pytest.raises(SandboxError, match="does not run"):
        sandbox.pause(part)
    sandbox.start_part(part)
    assert sandbox.status()[part]["status"] == "up"
    assert len(sandbox.incidents) == before
    with pytest.raises(SandboxError, match="runs already"):
        sandbox.start_part(part)


def test_service_restarts_with_another_build(sandbox: Sandbox, web: httpx.Client) -> None:
    """A restart with overrides changes settings, one without goes back, and an unknown setting changes nothing."""
    address = f"{sandbox.addresses['green']}/api/auth-service/health"
    first = web.get(address).json()
    sandbox.restart("auth", "green", build="prod-0000000", environment="staging")
    assert web.get(address).json() == {"build": "prod-0000000", "environment": "staging"}
    with pytest.raises(SandboxError, match="no setting colour"):
        sandbox.restart("auth", "green", colour="red")
    sandbox.restart("auth", "green")
    assert web.get(address).json() == first


def test_commands_that_make_no_sense_are_refused(sandbox: Sandbox) -> None:
    """An unknown command, part or slot is refused in words and changes nothing."""
    with pytest.raises(SandboxError, match="unknown command 'dance'"):
        sandbox.command(do="dance")
    with pytest.raises(SandboxError, match="there is no service 'green/nothing'"):
        sandbox.kill("green/nothing")
    with pytest.raises(SandboxError, match="there is no slot 'red'"):
        sandbox.switch("red")
    with pytest.raises(SandboxError, match="not a command"):
        sandbox.command(how="?")
    assert sandbox.live_slot == "green"


def test_kafka_has_brokers_and_topics(sandbox: Sandbox) -> None:
    """The simulated cluster has three brokers, a controller and the platform's topics."""
    state = sandbox.command(do="status")
    assert state["provenance"]["kafka"] == "simulated"
    metadata = AdminClient({"bootstrap.servers": state["kafka"]}).list_topics(timeout=5)
    assert len(metadata.brokers) == 3
    assert metadata.controller_id == 1
    assert {"otp.issued", "friend.events", "chat.messages", "call.events"} <= set(metadata.topics)


def test_another_process_can_switch_and_ask(sandbox: Sandbox) -> None:
    """The command line, given the directory, switches the live slot and tells the status from any process."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, "-m", "fixtures.sandbox", *words, "--directory", str(sandbox.directory)]
        return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)

    assert run("switch", "blue").stdout == "blue takes live traffic\n"
    assert Attached(sandbox.directory).live_slot == "blue"
    assert run("switch", "green").returncode == 0
    status = run("status")
    assert status.returncode == 0
    assert "green takes live traffic" in status.stdout
    assert "blue/video-call-signaling" in status.stdout


def test_no_sandbox_is_said_in_words(tmp_path: Path) -> None:
    """Asking where no sandbox runs is an error that names the place."""
    done = subprocess.run(
        [sys.executable, "-m", "fixtures.sandbox", "switch", "blue", "--directory", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith(f"no sandbox runs in {tmp_path}")


def test_secrets_are_for_the_owner_only(sandbox: Sandbox) -> None:
    """No file with a secret can be read by another user, and none but the owner can list what there is."""
    state = sandbox.directory / "state.json"
    assert json.loads(state.read_text())["directory"] == str(sandbox.directory)
    for name in ("state.json", "tls/server.key", "keys/auth.pem", "valkey/valkey.conf", "objects/identities.json"):
        assert (sandbox.directory / name).stat().st_mode & 0o077 == 0, name
    assert sandbox.directory.stat().st_mode & 0o777 == 0o711
