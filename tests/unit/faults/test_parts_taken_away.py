"""Parts that are killed, hang, stall or run with other settings: what the warden is told, to the end."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fixtures.checks import eventually
from fixtures.checks.match import at_least
from fixtures.sandbox.errors import SandboxError
from fixtures.sandbox.faults.model import FaultError, Way
from fixtures.sandbox.faults.ways import joints, processes
from fixtures.sandbox.faults.ways.joints import Replaced
from fixtures.sandbox.faults.ways.processes import Hung, Killed, Restarted, Stalling
from fixtures.sandbox.layout import Layout

Orders = list[dict[str, Any]]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


@pytest.fixture
def orders(monkeypatch: pytest.MonkeyPatch) -> Orders:
    """What the warden is told, in order."""
    given: Orders = []
    for module in (processes, joints):
        monkeypatch.setattr(module, "ask", lambda _, order: given.append(order))
    return given


@pytest.mark.parametrize(
    ("way", "begin", "end"),
    [
        (Killed("chat"), {"do": "kill", "part": "blue/chat"}, {"do": "start", "part": "blue/chat"}),
        (Killed("valkey", service=False), {"do": "kill", "part": "valkey"}, {"do": "start", "part": "valkey"}),
        (Hung("chat"), {"do": "pause", "part": "blue/chat"}, {"do": "resume", "part": "blue/chat"}),
        (Hung("kafka", service=False), {"do": "pause", "part": "kafka"}, {"do": "resume", "part": "kafka"}),
        (
            Restarted("chat", {"build": "x"}),
            {"do": "restart", "part": "blue/chat", "overrides": {"build": "x"}},
            {"do": "restart", "part": "blue/chat", "overrides": {}},
        ),
    ],
    ids=["killed", "datastore-killed", "hung", "datastore-hung", "restarted"],
)
def test_what_is_taken_away_is_given_back(
    layout: Layout, orders: Orders, way: Way, begin: dict[str, Any], end: dict[str, Any]
) -> None:
    """Of the slot that is judged, or of both, and also when what is done meanwhile fails."""

    def fail_meanwhile() -> None:
        with way.broken(layout, "blue"):
            assert orders == [begin]
            raise RuntimeError("meanwhile")

    with pytest.raises(RuntimeError, match="meanwhile"):
        fail_meanwhile()
    assert orders == [begin, end]


def test_a_part_stalls_again_and_again_and_runs_at_the_end(layout: Layout, orders: Orders) -> None:
    """Each stop is followed by going on, also the one that the end of the fault meets."""
    with Stalling("chat", every=0.02, seconds=0.01).broken(layout, "blue"):
        eventually(lambda: len(orders), at_least(5), within=20, subject="orders")
    assert [order["do"] for order in orders] == ["pause", "resume"] * (len(orders) // 2)
    assert {order["part"] for order in orders} == {"blue/chat"}


@pytest.mark.parametrize("way", [Killed("chat"), Hung("chat"), Restarted("chat"), Stalling("chat", 0.02, 0.01)])
def test_what_the_warden_does_not_do_is_told(layout: Layout, monkeypatch: pytest.MonkeyPatch, way: Way) -> None:
    """A fault that was never on must not seem undetected."""
    tried = threading.Event()

    def refuses(*_: object) -> None:
        tried.set()
        raise SandboxError("no such part")

    monkeypatch.setattr(processes, "ask", refuses)
    with pytest.raises(FaultError, match=r"blue/chat: no such part"), way.broken(layout, "blue"):
        assert tried.wait(20)


def _gone_after(times: int) -> Callable[..., dict[str, Any]]:
    """A service that takes so many orders and is gone then."""
    taken: list[object] = []

    def command(_path: Path, order: object) -> dict[str, Any]:
        taken.append(order)
        if len(taken) > times:
            raise ConnectionRefusedError("gone")
        return {"ok": True}

    return command


def test_a_service_that_its_fault_brought_down_is_started_anew(
    layout: Layout, orders: Orders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can give the original back to a process that is gone, and a new one has it."""
    monkeypatch.setattr(joints, "command", _gone_after(2))
    with Replaced("chat", "rules", "anything:decides").broken(layout, "green"):
        assert orders == []
    assert orders == [{"do": "restart", "part": f"{slot}/chat"} for slot in ("green", "blue")]
