"""Targets that are sick from the start: each is NO-GO, in bounded time, and the cause is named."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.load.processes import Stage, free_port, stage

if TYPE_CHECKING:
    from collections.abc import Iterator

ENDLESS = b"HTTP/1.1 200 OK\r\nContent-Length: 8000000000\r\n\r\n{"
CAUSES = {
    "refuses": "refused",
    "resets": "reset",
    "hangs": "time-out",
    "talks nonsense": "not HTTP",
    "announces gigabytes": "time-out",
}


def falls_sick(staged: Stage, how: str) -> None:
    target = staged.target
    match how:
        case "refuses":
            target.address = f"https://127.0.0.1:{free_port()}"
        case "resets":
            target.instead = b""
        case "hangs":
            target.delay = 60
        case "talks nonsense":
            target.instead = b"\x16\x03 what?\r\n\r\n"
        case _:
            target.instead = ENDLESS
    staged.environment = target.environment()


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, tuple[int, dict[str, Any]]]]:
    """Exit code and verdict of a run against each, all made at the same time."""
    with ExitStack() as runs:
        going = []
        for how in CAUSES:
            staged = runs.enter_context(stage(tmp_path_factory.mktemp("sick")))
            falls_sick(staged, how)
            going.append((how, staged, runs.enter_context(staged.locust(lasting="2 s"))))
        yield {how: (locust.ends(), staged.verdict()) for how, staged, locust in going}


@pytest.mark.parametrize("how", CAUSES)
def test_it_is_no_go_and_its_cause_is_named(judged: dict[str, tuple[int, dict[str, Any]]], how: str) -> None:
    """Every arrival is a failed one, however little came back."""
    code, verdict = judged[how]
    assert (code, verdict["verdict"]) == (1, "NO-GO")
    load = verdict["load"]
    assert load["arrivals"]["asked"] == load["arrivals"]["started"] == 100
    # Three connections are opened before the first arrival, and refused, too.
    assert sum(error["times"] for error in load["errors"]) == 100 + (3 if how == "refuses" else 0)
    assert any(CAUSES[how] in error["cause"] for error in load["errors"]), load["errors"]
