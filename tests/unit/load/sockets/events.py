"""What websockets of one greenlet fire, and a way to open them."""

from pathlib import Path
from typing import Any

from fixtures.http1.target import Target
from loadtests.client import Timeouts
from loadtests.sockets.greenlet import Socket
from tests.unit.load.turns import ENOUGH


class Events:
    """What was fired, and a way to open sockets that fire it."""

    def __init__(self) -> None:
        self.fired: list[dict[str, Any]] = []

    def fire(self, **event: Any) -> None:  # noqa: ANN401 - as Locust has it
        self.fired.append(event)

    def opens(self, url: str, *, ca_file: Path | None = None, connect: float = ENOUGH, **more: Any) -> Socket:  # noqa: ANN401
        timeouts = Timeouts(connect=connect)
        return Socket.connect(Target.of(url, ca_file), "/", fire=self.fire, timeouts=timeouts, **more)

    @property
    def causes(self) -> list[tuple[str, str]]:
        """Of every event the subject, and the cause if it is a failure."""
        return [(event["name"], getattr(event["exception"], "cause", "")) for event in self.fired]
