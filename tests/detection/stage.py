"""The sandbox on which faults are tried, one after the other: healthy before each, or replaced by a new one."""

import threading
import time
from types import TracebackType
from typing import Self

import httpx

from fixtures.guide import load_guide
from fixtures.sandbox import Sandbox, SandboxError
from fixtures.sandbox.layout import SLOTS

HEALTHY_S = 20.0
_POLL_S = 0.1
_ASK_S = 2.0


class Stage:
    """A sandbox that is replaced when it cannot be brought back to health."""

    def __init__(self) -> None:
        self._sandbox: Sandbox | None = None
        self._pause = threading.Event()

    @property
    def sandbox(self) -> Sandbox:
        """The sandbox; started when there is none. Raises SandboxError."""
        if self._sandbox is None:
            self._sandbox = Sandbox.start()
        return self._sandbox

    def recovers(self, within: float = HEALTHY_S) -> str:
        """Wait until every service of both slots is up; return what is still wrong after `within` seconds, or ''."""
        deadline = time.monotonic() + within
        while True:
            wrong = self._wrong()
            if not wrong or time.monotonic() > deadline:
                return wrong
            self._pause.wait(_POLL_S)

    def _wrong(self) -> str:
        try:
            parts = self.sandbox.status()
        except SandboxError as error:
            return str(error)
        down = [f"{name} is {part['status']}" for name, part in parts.items() if part["status"] != "up"]
        return "; ".join(down) or "; ".join(self._ill())

    def _ill(self) -> list[str]:
        found = []
        for slot in SLOTS:
            for service in load_guide().services:
                route = self.sandbox.layout.route(slot, service.name)
                try:
                    with httpx.Client(transport=httpx.HTTPTransport(uds=str(route)), timeout=_ASK_S) as client:
                        health = client.get(f"http://localhost{service.health_path}").json()
                except (httpx.HTTPError, ValueError) as error:
                    found.append(f"{slot}/{service.name}: {type(error).__name__}")
                    continue
                if health.get("status") != "up" or health.get("service") != service.name:
                    found.append(f"{slot}/{service.name} says {health.get('status')}")
        return found

    def replace(self) -> None:
        """End the sandbox; the next use starts a new one."""
        if self._sandbox is not None:
            self._sandbox.stop()
            self._sandbox = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.replace()
