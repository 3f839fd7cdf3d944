"""A websocket into the town of the tests."""

from __future__ import annotations

import json
from collections import deque
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from loadtests.failure import Failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.load.journeys.town import Town


class Device:
    """A websocket whose other end is the town."""

    def __init__(self, town: Town, path: str, owner: str) -> None:
        self.town, self.path, self.owner = town, path, owner
        self.inbox: deque[str] = deque()
        self.closed = False
        self.lost: Failure | None = None
        """How the connection ended, if it did."""
        self._on_text: Callable[[str], None] | None = None
        self._on_end: Callable[[Any], None] | None = None

    def send(self, text: str) -> None:
        self.town.hears(self, json.loads(text))

    def receive(self, timeout: float) -> str:
        if self.lost is not None:
            raise self.lost
        if not self.inbox:
            raise Failure("time-out", f"no message within {timeout:g} s")
        return self.inbox.popleft()

    def listen(self, on_text: Callable[[str], None], on_end: Callable[[Any], None] | None = None) -> None:
        self._on_text, self._on_end = on_text, on_end

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self.town.at_closing()
            self._ends(by_us=True)

    def gets(self, frame: dict[str, Any]) -> None:
        text = json.dumps(frame)
        if self._on_text is None:
            self.inbox.append(text)
        else:
            self._on_text(text)

    def is_cut(self) -> None:
        self._ends(by_us=False)

    def _ends(self, *, by_us: bool) -> None:
        if self._on_end is not None:
            self._on_end(SimpleNamespace(by_us=by_us))
