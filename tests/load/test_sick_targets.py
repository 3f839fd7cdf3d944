"""Targets that are sick from the start: each is NO-GO, in bounded time, and the cause is named."""

from __future__ import annotations

import re
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from tests.closed import closed_port
from tests.load.processes import Stage, stage

if TYPE_CHECKING:
    from collections.abc import Iterator

ANNOUNCED = b"HTTP/1.1 200 OK\r\nContent-Length: 8000000000\r\n\r\n{"
UNANNOUNCED = b"HTTP/1.1 200 OK\r\n\r\n{"
CAUSES = {
    "refuses": "refused",
    "resets": "reset",
    "hangs": "time-out",
    "talks nonsense": "not HTTP",
    "announces gigabytes": "answer too large",
}


def falls_sick(staged: Stage, how: str) -> None:
    target = staged.target
    match how:
        case "refuses":
            target.address = f"https://127.0.0.1:{closed_port()}"
        case "resets":
            target.instead = b""
        case "hangs":
            target.delay = 60
        case "talks nonsense":
            target.instead = b"\x16\x03 what?\r\n\r\n"
        case _:
            target.instead = ANNOUNCED
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


def test_gigabytes_that_come_are_too_large_and_take_no_gigabytes(staged: Stage) -> None:
    """Each is given up at the largest that any answer may be, which is the most of it that is kept."""
    staged.target.instead, staged.target.endless = UNANNOUNCED, True
    telling = staged.folder / "telling_locustfile.py"
    telling.write_text(
        "from pathlib import Path\n"
        "from locust import events\n"
        "from loadtests.locustfile import *\n"
        "def tell(**_):\n"
        "    print(Path('/proc/self/status').read_text(), flush=True)\n"
        "events.init.add_listener(tell)\n"
        "events.quit.add_listener(tell)\n"
    )
    profile = staged.profile("8 s")
    profile.write_text(profile.read_text().replace("50 /s", "2 /s"))  # few at a time
    with staged.locust("-f", str(telling), lasting="") as locust:
        assert locust.ends() == 1, locust.said
    (error,) = staged.verdict()["load"]["errors"]
    assert re.fullmatch("[0-9a-f]{32}", error.pop("trace"))
    assert error == {"subject": "chat getHealth", "cause": "answer too large", "times": 16}
    at_first, at_most = (int(kib) >> 10 for kib in re.findall(r"VmHWM:\s+(\d+) kB", locust.said))
    assert at_most - at_first < 400
