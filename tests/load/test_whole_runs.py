"""Whole runs with people on a sandbox: open and closed ones, idle connections, rates; nobody is left behind."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import pytest

from fixtures.runs.ledger import open_items
from tests.load.processes import Locust

if TYPE_CHECKING:
    from pathlib import Path

    from fixtures.sandbox import Sandbox

OPEN = """
summary = "Everything that there is, for a moment"
arrivals = "poisson"
people = 80
connections = 20
budget = '''
*: errors <= 20 %
connecting: errors <= 40 %
registering: errors <= 60 %
idle connection: succeeded >= 60 %
user-profile getOwnProfile: share over 8 s <= 20 %
user-profile getOwnProfile: errors <= 20 %
'''
[[phases]]
for = "9 s"
rate = "10 /s"
[mix]
connecting = 2
registering = 1
[[rates]]
operation = "user-profile getOwnProfile"
phases = [{ for = "9 s", rate = "20 /s" }]
[soundness]
lag = "50 %"
"""
CLOSED = """
summary = "Two who never stop"
arrivals = "closed"
users = 2
think = "10 ms"
for = "10 min"
people = 4
budget = "browsing: errors <= 40 %"
[mix]
browsing = 1
[soundness]
lag = "50 %"
"""


class Made:
    """A run on the sandbox with a profile of its own."""

    def __init__(self, folder: Path, sandbox: Sandbox, profile: str) -> None:
        self.folder = folder / "run"
        file = folder / "own.toml"
        file.write_text(profile)
        self.arguments = (
            *("-f", "loadtests/locustfile.py", "--headless", "--only-summary", "--profile", str(file)),
            *("--env", str(sandbox.environment_file), "--run-folder", str(self.folder)),
        )
        self.locust = Locust(folder, *self.arguments)

    @property
    def verdict(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / "verdict.json").read_text())
        return document


def samples(verdict: dict[str, Any]) -> dict[str, int]:
    return {subject: counted["samples"] for subject, counted in verdict["load"]["latencies"].items()}


def test_an_open_run_counts_everything_that_its_profile_has(tmp_path: Path, sandbox: Sandbox) -> None:
    """Journeys, rates of the engine and idle connections are judged together, and nobody is left behind."""
    made = Made(tmp_path, sandbox, OPEN)
    with made.locust as locust:
        assert locust.ends() == 0, locust.said
    verdict = made.verdict
    counted = samples(verdict)
    assert counted["idle connection"] == 20
    of_the_engine = counted["user-profile getOwnProfile"]
    assert of_the_engine == pytest.approx(180, abs=67)
    assert counted["connecting"] + counted["registering"] + of_the_engine == verdict["load"]["arrivals"]["started"]
    assert open_items(made.folder / "ledger") == ()


def test_a_closed_run_that_is_interrupted_leaves_nobody_behind(tmp_path: Path, sandbox: Sandbox) -> None:
    """Its people are removed, its report is written, and it says that its users waited with the platform."""
    made = Made(tmp_path, sandbox, CLOSED)
    with made.locust as locust:
        locust.says("so far")
        locust.signalled(signal.SIGINT)
        assert locust.ends() == 75, locust.said
    assert samples(made.verdict)["browsing"] > 0
    assert "users were closed" in str(made.verdict)
    assert open_items(made.folder / "ledger") == ()
    assert "Ctrl-C" in (made.folder / "report.html").read_text()
