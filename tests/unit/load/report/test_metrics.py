"""The platform's own metrics: the text format, what lies between two looks, and whom nobody could read."""

import math
import time
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from fixtures.environments import Environment
from loadtests.report import metrics as reading
from loadtests.report.exposition import LONGEST_LINE, samples
from loadtests.report.metrics import CPU, FAILED, REQUESTS, SECONDS, SOCKETS, Exposition, PlatformMetrics
from loadtests.report.model import Reading
from loadtests.said import LONGEST

ENVIRONMENT = Environment(
    name="local",
    slot="live",
    source="x.toml",
    api="https://127.0.0.1:1",
    live_api="https://127.0.0.1:1",
    issuer="x",
    reported_environment="production",
    metrics=True,
    slots={"green": "https://127.0.0.1:2"},
)
LABEL_VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=12)


@given(
    st.dictionaries(st.tuples(LABEL_VALUES, LABEL_VALUES), st.floats(), max_size=6),
    st.lists(st.floats(0, 100), max_size=6),
)
def test_the_text_reads_as_the_reference_reads_it(values: dict[tuple[str, str], float], observed: list[float]) -> None:
    """What the reference library writes is read as its own parser reads it."""
    registry = CollectorRegistry()
    gauge = Gauge("g", "help \\ with\nlines", ("one", "other"), registry=registry)
    for labels, value in values.items():
        gauge.labels(*labels).set(value)
    histogram = Histogram("h", "help", registry=registry)
    for value in observed:
        histogram.observe(value)
    text = generate_latest(registry).decode()
    expected = [
        (one.name, dict(one.labels), one.value)
        for family in text_string_to_metric_families(text)
        for one in family.samples
    ]
    found = [(one.name, dict(one.labels), one.value) for one in samples(text)]
    assert len(found) == len(expected)
    for mine, its in zip(sorted(found, key=repr), sorted(expected, key=repr), strict=True):
        assert mine[:2] == its[:2]
        assert mine[2] == its[2] or (math.isnan(mine[2]) and math.isnan(its[2]))


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever a service answers, there are samples or a ValueError."""
    with suppress(ValueError):
        list(samples(text))


@pytest.mark.parametrize(
    "line", ["a", "a1", "a b c", 'a{b="c} 1', "a{b=c} 1", "{} 1", "a{} ", "<html>", 'a{b="c" d="e"} 1']
)
def test_what_is_no_sample_is_refused_with_its_line(line: str) -> None:
    """A line that is no sample is named."""
    with pytest.raises(ValueError, match="line 2"):
        list(samples(f"# HELP a b\n{line}\n"))


def filled(line: str) -> str:
    """A line of the longest that are read, with as many of its last letter but one as fit."""
    return line[:-1].ljust(LONGEST_LINE - 1, line[-2]) + line[-1]


@pytest.mark.parametrize("line", ["a #", "aa#"])
def test_no_line_keeps_the_generator_from_its_work(line: str) -> None:
    """Whatever a service answers, it is read in a moment: no other thread has a turn meanwhile."""
    began = time.thread_time()
    with suppress(ValueError):
        list(samples(filled(line)))
    assert time.thread_time() - began < 0.1


def test_a_line_that_is_too_long_is_refused_unread() -> None:
    """Up to the longest it is read, and one letter more is named as no other trouble is."""
    fits = f"a 1 # {'x' * (LONGEST_LINE - 6)}"
    assert [one.value for one in samples(f"# {'x' * LONGEST_LINE}\n{fits}\n")] == [1.0]
    with pytest.raises(ValueError, match="line 2 has 8193 characters, and 8192 are read"):
        list(samples(f"a 1\n{fits}x\n"))


class Service:
    """A replica whose counters grow as they are told."""

    def __init__(self, replica: str = "chat;instance=1") -> None:
        self.replica = replica
        self._registry = CollectorRegistry()
        names = ("route", "status")
        self._requests = Counter("http_requests", "x", names, registry=self._registry)
        self._durations = Histogram("http_request_duration_seconds", "x", ("route",), registry=self._registry)
        self._cpu = Counter("process_cpu_seconds", "x", registry=self._registry)
        self._sockets = Gauge("websocket_connections", "x", registry=self._registry)

    def serve(self, times: int, took: float, status: str = "200", route: str = "/v1/x") -> None:
        for _ in range(times):
            self._requests.labels(route, status).inc()
            self._durations.labels(route).observe(took)
            self._cpu.inc(0.01)
        self._sockets.set(times)

    def exposition(self) -> Exposition:
        return Exposition(self.replica, generate_latest(self._registry).decode())


class World:
    """A clock, services by URL, and who does not answer."""

    def __init__(self, **services: Service) -> None:
        self.second = 100.0
        self.services = services
        self.trouble: dict[str, Exception] = {}
        self.asked: list[str] = []

    def now(self) -> float:
        return self.second

    def fetch(self, url: str) -> Exposition:
        name = url.removeprefix("https://127.0.0.1:2/api/").removesuffix("-service/metrics")
        self.asked.append(name)
        if name in self.trouble:
            raise self.trouble[name]
        return self.services[name].exposition()

    def metrics(self, environment: Environment = ENVIRONMENT) -> PlatformMetrics:
        services = {name: f"/api/{name}-service" for name in self.services}
        return PlatformMetrics(environment, services, self.fetch, self.now, self.now)


def test_two_looks_make_a_reading() -> None:
    """Rates, shares and means are those of what happened between two looks, without the looking itself."""
    chat = Service()
    world = World(chat=chat)
    metrics = world.metrics()
    chat.serve(1000, 9.0)
    metrics.look()
    assert metrics.readings == []
    chat.serve(8, 0.1)
    chat.serve(2, 0.6, "503")
    chat.serve(5, 3.0, route="/metrics")
    world.second += 5
    metrics.look()
    found = {reading.name: reading.value for reading in metrics.readings}
    assert found == pytest.approx({REQUESTS: 2.0, FAILED: 0.2, SECONDS: 0.2, CPU: 0.03, SOCKETS: 5.0})
    assert {(reading.service, reading.second) for reading in metrics.readings} == {("chat", 105.0)}
    assert metrics.notes == ()


def test_a_clock_that_is_set_makes_no_rate() -> None:
    """What lay between two looks took as long as it took, whatever time it is by then."""
    chat, set_by = Service(), [0.0]
    world = World(chat=chat)
    metrics = PlatformMetrics(
        ENVIRONMENT, {"chat": "/api/chat-service"}, world.fetch, lambda: world.second + set_by[0], world.now
    )
    metrics.look()
    chat.serve(10, 0.1)
    world.second += 5
    set_by[0] = -3600.0
    metrics.look()
    rates = {reading.second: reading.value for reading in metrics.readings if reading.name == REQUESTS}
    assert rates == {105.0 - 3600: 2.0}


def test_what_a_service_does_not_expose_is_not_made_up() -> None:
    """Of a service that tells requests alone there is no reading of anything else."""
    world = World(chat=Service())
    metrics = PlatformMetrics(
        ENVIRONMENT, {"chat": ""}, lambda _: Exposition("", "http_requests_total 5\n"), world.now, world.now
    )
    for _ in range(2):
        world.second += 5
        metrics.look()
    assert [reading.name for reading in metrics.readings] == [REQUESTS]


def test_a_replica_that_begins_anew_makes_no_reading() -> None:
    """Where a counter went back, or another replica answers, nothing is said of what lay between."""
    world = World(chat=Service())
    metrics = world.metrics()
    world.services["chat"].serve(10, 0.1)
    metrics.look()
    for replica in ("chat;instance=1", "chat;instance=2"):
        world.services["chat"] = Service(replica)
        world.second += 5
        metrics.look()
    assert metrics.readings == []


def test_another_replica_at_each_look_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who was looked at longest ago is forgotten, and one that answers again and again is not."""
    monkeypatch.setattr(reading, "_REPLICAS", 3)
    world = World(chat=Service("steady"))
    metrics, steady = world.metrics(), world.services["chat"]
    for number in range(10):
        for replica in (steady, Service("x" * 60_000 + str(number))):
            world.services["chat"] = replica
            world.second += 5
            metrics.look()
    assert len(metrics._last) == 3
    assert all(len(replica) <= LONGEST for _, replica in metrics._last)
    assert len({one.second for one in metrics.readings}) == 9


def test_who_cannot_be_read_costs_a_note_and_is_given_up() -> None:
    """A service that fails three times in a row is asked no more, the others still are, and a note says why."""
    world = World(auth=Service(), chat=Service())
    world.trouble["chat"] = TimeoutError("timed out")
    metrics = world.metrics()
    for _ in range(6):
        world.second += 5
        metrics.look()
    assert (world.asked.count("chat"), world.asked.count("auth")) == (3, 6)
    assert metrics.notes == ("/metrics of chat could not be read: timed out",)
    assert {reading.service for reading in metrics.readings} == {"auth"}


def test_one_cause_is_one_note() -> None:
    """Sixteen services that fail alike do not push the rest of a report out of sight."""
    world = World(auth=Service(), chat=Service(), otp=Service())
    world.trouble = {"auth": ValueError("status 500"), "chat": OSError("refused"), "otp": ValueError("status 500")}
    metrics = world.metrics()
    for _ in range(3):
        metrics.look()
    assert metrics.notes == (
        "/metrics of auth, otp could not be read: status 500",
        "/metrics of chat could not be read: refused",
    )


def test_who_answers_again_is_read_again() -> None:
    """One failure is a note, not the end."""
    world = World(chat=Service())
    metrics = world.metrics()
    world.trouble["chat"] = ValueError("status 502")
    metrics.look()
    world.trouble.clear()
    for _ in range(2):
        world.second += 5
        metrics.look()
    assert metrics.notes == ("/metrics of chat could not always be read: status 502",)
    assert Reading(110.0, "chat", REQUESTS, 0.0) in metrics.readings


def test_what_is_not_declared_is_not_asked() -> None:
    """Where the environment does not declare metrics, or has no slot's address, nobody is asked."""
    for environment in (replace(ENVIRONMENT, metrics=False), replace(ENVIRONMENT, slots={})):
        world = World(chat=Service())
        world.metrics(environment).look()
        assert world.asked == []


def test_slots_are_told_apart() -> None:
    """Where whichever slot is live, both are read and named; where the slot is meant, only that."""
    both = replace(ENVIRONMENT, slots={"green": "https://127.0.0.1:2", "blue": "https://127.0.0.1:2"})
    for environment, names in ((both, {"chat (green)", "chat (blue)"}), (replace(both, slot="blue"), {"chat"})):
        world = World(chat=Service())
        metrics = world.metrics(environment)
        for _ in range(2):
            world.second += 5
            metrics.look()
        assert {reading.service for reading in metrics.readings} == names
