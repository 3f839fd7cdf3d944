"""The platform's own `/metrics`, read while load runs: what each service says it answers, how fast, at what cost.

Two looks at one replica make a reading of what lay between them. A service that cannot be read costs a note, never the
run. Names are those of Prometheus' conventions; which of them a service offers is its own matter.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Final

from fixtures.contract.operation import ADDRESS, Endpoint, Operation
from fixtures.contract.served_by import HEADER
from fixtures.environments import Environment
from fixtures.http1.connections import Connections, Limits
from fixtures.http1.errors import NotHttpError, TooLargeError
from fixtures.http1.way import Way
from loadtests.report.exposition import Sample, samples
from loadtests.report.model import Reading
from loadtests.said import cut

EVERY_S: Final = 5.0
"""Seconds from one look to the next."""
REQUESTS: Final = "requests a second"
FAILED: Final = "share answered 5xx"
SECONDS: Final = "mean time to answer"
CPU: Final = "processor"
SOCKETS: Final = "open websockets"
NAMES: Final = (SECONDS, FAILED, REQUESTS, CPU, SOCKETS)
"""What is read, in the order of reports: seconds, a share, a rate, cores, a number."""

_LIMITS: Final = Limits(connect=2.0, read=2.0, whole=EVERY_S)
_LARGEST: Final = 4 << 20
_REPLICAS: Final = 1024
"""Replicas of all services of which the last look is remembered: who was looked at longest ago is forgotten."""
_GIVE_UP: Final = 3
"""Failures in a row after which a service is asked no more."""
_OWN: Final = "/metrics"
_READ: Final[Endpoint[None]] = Endpoint("platform", "readMetrics", "GET", ADDRESS, {}, auth="none")


@dataclass(frozen=True, slots=True)
class Exposition:
    """What one replica exposes; `replica` is empty if it does not say which it is."""

    replica: str
    text: str


@dataclass(frozen=True, slots=True)
class _Look:
    second: float
    at: float
    requests: float
    failed: float
    answered: float
    took: float
    cpu: float | None
    sockets: float | None


@dataclass(slots=True)
class PlatformMetrics:
    """Reads all services at the slots' addresses. Empty where the environment does not declare metrics.

    `services` is service to path prefix, `fetch` gives the exposition at a URL and raises `OSError` or `ValueError`.
    """

    environment: Environment
    services: Mapping[str, str]
    fetch: Callable[[str], Exposition]
    now: Callable[[], float]
    """When it is, in reports: seconds of the epoch."""
    elapsed: Callable[[], float] = time.monotonic
    """By what two looks lie apart, however the other one is set."""
    apart: Callable[[Callable[[], list[Sample]]], list[Sample]] = lambda read: read()
    """By what an exposition is read, which is long: where nobody has to wait for that."""
    readings: list[Reading] = field(default_factory=list)
    _last: dict[tuple[str, str], _Look] = field(default_factory=dict)
    _failed: dict[str, int] = field(default_factory=dict)
    _unread: dict[str, str] = field(default_factory=dict)

    def look(self) -> None:
        """Read every service once, one after the other; takes at most a few seconds for each that does not answer."""
        for name, url in self._urls():
            if self._given_up(name):
                continue
            try:
                exposition = self.fetch(url)
                now, elapsed = self.now(), self.elapsed()
                found = _look(now, elapsed, self.apart(partial(_samples, exposition.text)))
            except (OSError, ValueError) as error:
                self._failed[name] = self._failed.get(name, 0) + 1
                self._unread[name] = str(error) or type(error).__name__
                continue
            self._failed.pop(name, None)
            replica = name, cut(exposition.replica)
            before = self._last.pop(replica, None)
            self._last[replica] = found
            if len(self._last) > _REPLICAS:
                del self._last[next(iter(self._last))]
            if before is not None:
                self.readings += _readings(name, before, found)

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each cause why services could not always be read."""
        alike: dict[str, list[str]] = {}
        for name, why in sorted(self._unread.items()):
            how = "could not" if self._given_up(name) else "could not always"
            alike.setdefault(f"{how} be read: {why}", []).append(name)
        return tuple(f"/metrics of {', '.join(names)} {what}" for what, names in alike.items())

    def _given_up(self, name: str) -> bool:
        return self._failed.get(name, 0) >= _GIVE_UP

    def _urls(self) -> Iterator[tuple[str, str]]:
        """Name and URL of each; of the environment's own slot, or of every slot if that is whichever is live."""
        if not self.environment.metrics:
            return
        slots = self.environment.slots
        own = {self.environment.slot: slots[self.environment.slot]} if self.environment.slot in slots else slots
        for slot, base in own.items():
            for service, prefix in self.services.items():
                yield (service if len(own) == 1 else f"{service} ({slot})"), f"{base}{prefix}{_OWN}"


def fetching(ca_file: Path | None) -> Callable[[str], Exposition]:
    """Return a `fetch` that trusts this authority: one request, one connection, bounded in time and size."""

    def fetch(url: str) -> Exposition:
        way = Way.to(url, ca_file)
        try:
            # Each in a connection of its own, for which a balancer chooses a replica anew.
            with closing(Connections(_LARGEST)) as connections:
                answer = connections.exchange(way.target, way.request(Operation(_READ, url)), _LIMITS)
        except NotHttpError as error:
            raise ValueError(f"not HTTP: {error}") from error
        except TooLargeError as error:
            raise ValueError(f"too large: {error}") from error
        if answer.status != HTTPStatus.OK:
            raise ValueError(f"status {answer.status}")
        return Exposition(answer.headers.get(HEADER, ""), answer.body.decode(errors="replace"))

    return fetch


def _samples(text: str) -> list[Sample]:
    return list(samples(text))


def _look(second: float, at: float, found: Sequence[Sample]) -> _Look:
    def total(name: str, *, status: str = "") -> float:
        return sum(
            sample.value
            for sample in found
            if sample.name == name
            and sample.labels.get("route") != _OWN
            and sample.labels.get("status", "").startswith(status)
        )

    def whole(name: str) -> float | None:
        return total(name) if any(sample.name == name for sample in found) else None

    return _Look(
        second=second,
        at=at,
        requests=total("http_requests_total"),
        failed=total("http_requests_total", status="5"),
        answered=total("http_request_duration_seconds_count"),
        took=total("http_request_duration_seconds_sum"),
        cpu=whole("process_cpu_seconds_total"),
        sockets=whole("websocket_connections"),
    )


def _readings(service: str, before: _Look, after: _Look) -> Iterator[Reading]:
    """What happened between two looks; nothing where a counter went back, since the replica has begun anew."""
    lasted = after.at - before.at
    requests, answered = after.requests - before.requests, after.answered - before.answered
    if lasted <= 0 or requests < 0 or answered < 0:
        return
    yield Reading(after.second, service, REQUESTS, requests / lasted)
    if requests:
        yield Reading(after.second, service, FAILED, max(0.0, after.failed - before.failed) / requests)
    if answered:
        yield Reading(after.second, service, SECONDS, max(0.0, after.took - before.took) / answered)
    if before.cpu is not None and after.cpu is not None and after.cpu >= before.cpu:
        yield Reading(after.second, service, CPU, (after.cpu - before.cpu) / lasted)
    if after.sockets is not None:
        yield Reading(after.second, service, SOCKETS, after.sockets)
