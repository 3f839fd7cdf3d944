"""Every journey, by several pairs of people at the same time, in a process patched as Locust patches it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from fixtures.runs.ledger import open_items
from loadtests.journeys import JOURNEYS
from loadtests.journeys.chatting import Chatting
from tests.architecture.source import ROOT
from tests.load.amount import PAIRS, ROUNDS

if TYPE_CHECKING:
    from pathlib import Path

    from fixtures.sandbox import Sandbox

DEADLINE = 60.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def counted(sandbox: Sandbox, folder: Path) -> dict[str, Any]:
    """What a process with people counted, from making them to removing them."""
    command = [sys.executable, "-m", "gevent.monkey", "--module", "tests.load.walking"]
    ended = subprocess.run(
        [*command, str(sandbox.environment_file), str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    result: dict[str, Any] = json.loads(ended.stdout)
    assert result["patched"]
    return result


def test_nothing_fails_on_a_healthy_platform(counted: dict[str, Any]) -> None:
    """On a platform that works no request, message, call, connection or journey fails."""
    assert [sample for sample in counted["samples"] if sample["failure"] is not None] == []
    assert all(sample["latency"] > 0 for sample in counted["samples"])


def test_every_journey_is_counted(counted: dict[str, Any]) -> None:
    """Each pair made each journey as often as it was asked to, with all that the journeys name."""
    times = Counter(sample["name"] for sample in counted["samples"])
    walks = PAIRS * ROUNDS
    assert {name: times[name] for name in JOURNEYS} == dict.fromkeys(JOURNEYS, walks)
    assert times["delivery"] == walks * Chatting().messages
    assert times["call"] == walks
    assert times["connection"] == walks * 4
    named = {name for journey in JOURNEYS.values() for name in journey.operations | journey.measures | {journey.name}}
    assert set(times) == named


def test_who_answered_is_told(counted: dict[str, Any]) -> None:
    """Every service whose operations the journeys call is sighted, so that a change of the target is noticed."""
    called = {label.partition(" ")[0] for journey in JOURNEYS.values() for label in journey.operations}
    assert counted["served"] == sorted(called)


def test_people_are_made_before_anything_is_counted_and_gone_after(counted: dict[str, Any], folder: Path) -> None:
    """Making and removing people counts as no load, and leaves neither a person nor an open line of the ledger."""
    assert counted["counted_while_people_were_made"] == 0
    assert len(counted["people"]) == 2 * PAIRS
    assert counted["left"] == []
    assert open_items(folder / "ledger") == ()
