"""Whole runs with people on a sandbox: open and closed ones, idle connections, rates; nobody is left behind."""

from __future__ import annotations

import json
import re
import signal
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from fixtures.runs.ledger import open_items
from loadtests.soundness import Cause
from tests.load.processes import Locust, until

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


FEW = """
summary = "More than two people can do"
arrivals = "constant"
people = 2
budget = "chatting: errors <= 40 %"
[[phases]]
for = "1 s"
rate = "50 /s"
[mix]
chatting = 1
[soundness]
cpu = "100 %"
lag = "100 %"
"""


class Made:
    """A run on the sandbox with a profile of its own."""

    def __init__(self, folder: Path, sandbox: Sandbox, profile: str, *arguments: str) -> None:
        self.folder = folder / "run"
        file = folder / "own.toml"
        file.write_text(profile)
        self.arguments = (
            *("-f", "loadtests/locustfile.py", "--headless", "--only-summary", "--profile", str(file)),
            *("--env", str(sandbox.environment_file), "--run-folder", str(self.folder), *arguments),
        )
        self.locust = Locust(folder, *self.arguments)

    @property
    def came(self) -> list[Counter[str]]:
        """By process, how many its ledger says were made: of the pool (`p`), and newcomers (`n`)."""
        account = re.compile(r'"confirmed", "kind": "account", "name": "[^"@]*-([np])[0-9]+[ab]?@')
        return [Counter(account.findall(file.read_text())) for file in (self.folder / "ledger").glob("*.jsonl")]

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


def test_two_processes_share_all_of_it_and_end_when_it_is_decided(tmp_path: Path, sandbox: Sandbox) -> None:
    """Both make people, load them and remove them; what both counted is one verdict, which ends the run."""
    profile = OPEN.replace("9 s", "10 min").replace("poisson", "constant")
    made = Made(tmp_path, sandbox, profile, "--processes", "2", "--stop-when-decided")
    with made.locust as locust:
        assert locust.ends() == 0, locust.said
    verdict = made.verdict
    assert "it was ended as soon as the verdict was certain (--stop-when-decided)" in verdict["notes"]
    counted, arrivals, lasted = samples(verdict), verdict["load"]["arrivals"], verdict["checks"][0]["seconds"]
    assert counted["idle connection"] == 20
    of_the_engine = counted["user-profile getOwnProfile"]
    # A second more or less may be in its time; half of what comes may not be missing.
    assert of_the_engine == pytest.approx(20 * lasted, rel=0.4)
    of_people = counted["connecting"] + counted["registering"]
    assert of_people == pytest.approx(10 * lasted, rel=0.4)
    assert of_people + of_the_engine == arrivals["started"] == arrivals["asked"]
    one, other = made.came
    assert one["p"] == other["p"] == 40
    assert min(one["n"], other["n"]) > 0
    assert one["n"] + other["n"] == counted["registering"]
    assert open_items(made.folder / "ledger") == ()


def test_arrivals_that_find_nobody_make_the_run_invalid(tmp_path: Path, sandbox: Sandbox) -> None:
    """They are counted, and have an exit code of their own, however well those went that were started."""
    made = Made(tmp_path, sandbox, FEW)
    with made.locust as locust:
        assert locust.ends() == Cause.NOT_STARTED.code, locust.said
    arrivals, started = made.verdict["load"]["arrivals"], samples(made.verdict)["chatting"]
    assert 0 < arrivals["started"] == started
    assert arrivals["refused"] == 50 - started
    assert made.verdict["reasons"][0] == f"arrivals-not-started: {50 - started} arrivals were due and not started"
    assert open_items(made.folder / "ledger") == ()


def test_ctrl_c_while_people_are_made_leaves_nobody_behind(tmp_path: Path, sandbox: Sandbox) -> None:
    """A terminal tells all processes: they make nobody more, remove who is there, and end with a verdict."""
    made = Made(tmp_path, sandbox, CLOSED.replace("people = 4", "people = 1000"), "--processes", "2")
    with made.locust as locust:
        until(lambda: [*map(bool, made.came)] == [True, True], told=lambda: locust.said)
        locust.signalled(signal.SIGINT, group=True)
        assert locust.process.wait(30) == 75, locust.said
    assert made.verdict["verdict"] == "INCONCLUSIVE"
    assert "so far" not in locust.said
    assert sum(process["p"] for process in made.came) < 1000
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
