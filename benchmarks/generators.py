"""Generators of load, each in a process of its own on the generator's core: the engine inside Locust, and FastHttpUser.

`python -m benchmarks.generators NAME ...` is run by the benchmarks; what it measured is its last line, as JSON. Both
send the same JSON and check the same of the answer; their CPU time is counted after they have warmed up.
"""

# Locust replaces what these import, so it goes first.
from locust import FastHttpUser, constant, task  # isort: skip
from locust.env import Environment  # isort: skip

import argparse
import itertools
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import gevent
import msgspec

from benchmarks.targets import CONNECTIONS, pin, stolen_seconds, waited_seconds
from fixtures.http1.target import Target
from fixtures.statistics.histogram import Histogram
from loadtests.arrivals import offsets
from loadtests.budgets.model import Budget
from loadtests.counts import Counts
from loadtests.engine import Engine, Plan
from loadtests.engine.awake import awake
from loadtests.profiles.model import OperationRate, Profile
from loadtests.profiles.phases import steady

WARM_S = 0.5
TAKEN_EVERY_S = 1.0
"""As a load test takes what was counted: to take it keeps the engine's thread from the interpreter."""
TEXT = "a message of usual length, as people write them"
HEADERS = {"Authorization": "Bearer " + "x" * 300, "Content-Type": "application/json"}
SUBJECT = "benchmark"


class Person(msgspec.Struct):
    """What the target answers."""

    id: str
    name: str
    friends: list[int]


_decode = msgspec.json.Decoder(Person).decode


def check(_status: int, body: bytes) -> None:
    """Raise `ValueError` unless the answer is right."""
    if _decode(body).name != "Ada":
        raise ValueError("somebody else")


def posts(authority: str) -> Iterator[bytes]:
    """Yield requests that all differ."""
    lines = [f"POST /messages HTTP/1.1\r\nHost: {authority}"]
    head = "\r\n".join(lines + [f"{name}: {value}" for name, value in HEADERS.items()]).encode()
    encode = msgspec.json.Encoder().encode
    for number in itertools.count():
        body = encode({"text": TEXT, "number": number})
        yield b"%b\r\nX-Request-Id: %d\r\nContent-Length: %d\r\n\r\n%b" % (head, number, len(body), body)


def schedule(chosen: argparse.Namespace) -> Iterator[float]:
    """Yield the times of arrivals, drawn as those of a profile's `[[rates]]` are."""
    rate = OperationRate(SUBJECT, (steady(chosen.seconds, chosen.rate),))
    profile = Profile(
        name=SUBJECT,
        summary=SUBJECT,
        source=__file__,
        arrivals="poisson" if chosen.poisson else "constant",
        rates=(rate,),
        budget=Budget(()),
        called=frozenset({SUBJECT}),
        measured=frozenset(),
    )
    return offsets(profile, rate)


def closed(chosen: argparse.Namespace, *, checked: bool) -> dict[str, float]:
    """Send as fast as the engine can, for some seconds."""
    target = Target.of(chosen.url, chosen.ca)
    get = f"GET {chosen.path} HTTP/1.1\r\nHost: {target.authority}\r\n\r\n".encode()
    request = posts(target.authority).__next__ if checked else get
    engine = Engine(target, over=(1.0,))
    engine.start(Plan(SUBJECT, request, connections=CONNECTIONS, check=check if checked else None))
    gevent.sleep(WARM_S)
    engine.take()
    cpu, wall = time.process_time(), time.perf_counter()
    gevent.sleep(chosen.seconds)
    counts = engine.take()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    _ends(engine)
    return _measured(counts, cpu, wall)


def arrivals(chosen: argparse.Namespace) -> dict[str, float]:
    """Follow a schedule, Poisson or constant, and say how late its arrivals were begun and answered.

    `kept` is the share of the time for which the host or other processes had one of the two cores.
    """
    target = Target.of(chosen.url, chosen.ca)
    request = f"GET / HTTP/1.1\r\nHost: {target.authority}\r\n\r\n".encode()
    engine = Engine(target, over=(0.5,))
    begins = time.perf_counter() + WARM_S
    cpu, wall = time.process_time(), time.perf_counter()
    engine.start(
        Plan(SUBJECT, request, arrivals=schedule(chosen), connections=CONNECTIONS, warm=CONNECTIONS, waiting=100_000),
        begins=begins,
    )
    print(f"begins {begins}", flush=True)
    total = Counts((0.5,))
    stolen, waited = stolen_seconds(), waited_seconds()
    kept = 0.0
    while engine.running:
        # Apart, since each keeps the engine from the core that both are on; a load test does only the second.
        kept = waited_seconds() - waited  # the engine's thread takes what it waited with it
        gevent.sleep(TAKEN_EVERY_S / 2)
        total.merge(engine.take())
        gevent.sleep(TAKEN_EVERY_S / 2)
    kept = max(kept, *(now - before for now, before in zip(stolen_seconds(), stolen, strict=True)))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    _ends(engine)
    total.merge(engine.take())
    tally = total.tally(SUBJECT)
    quantiles = {f"lag {q:g}": total.lag.quantile(q) or 0.0 for q in (0.5, 0.99, 0.999)}
    return {
        **_measured(total, cpu, wall),
        **quantiles,
        "p95": tally.latencies.quantile(0.95) or 0.0,
        "share": tally.over(0.5) / tally.requests,
        "kept": kept / wall,
        "asked": total.asked.total(),
        "refused": total.refused.total(),
    }


def floor(chosen: argparse.Namespace) -> dict[str, float]:
    """Follow the same schedule by a loop that does nothing but ask the clock: what no generator here could better."""
    lag, due = Histogram(), tuple(schedule(chosen))
    with awake():
        now = begins = time.perf_counter()
        for offset in due:
            while now < begins + offset:
                now = time.perf_counter()
            lag.add([max(0.0, now - begins - offset)])  # they may differ by rounding
    return {"failed": 0, **{f"lag {q:g}": lag.quantile(q) or 0.0 for q in (0.99, 0.999)}}


def fast_http_user(chosen: argparse.Namespace) -> dict[str, float]:
    """Do by Locust's own faster client what the engine does in `closed`, checked."""
    numbers = itertools.count()

    class Visitor(FastHttpUser):
        host = chosen.url
        wait_time = constant(0)
        insecure = True

        @task
        def send(self) -> None:
            number = next(numbers)
            body, headers = {"text": TEXT, "number": number}, {**HEADERS, "X-Request-Id": str(number)}
            with self.client.post("/messages", json=body, headers=headers, name=SUBJECT, catch_response=True) as answer:
                if answer.status_code != 200 or answer.json()["name"] != "Ada":  # noqa: PLR2004
                    answer.failure("somebody else")

    environment = Environment(user_classes=[Visitor])
    runner = environment.create_local_runner()
    runner.start(CONNECTIONS, spawn_rate=CONNECTIONS)
    gevent.sleep(1 + WARM_S)
    before, cpu, wall = environment.stats.num_requests, time.process_time(), time.perf_counter()
    gevent.sleep(chosen.seconds)
    requests, cpu, wall = (
        environment.stats.num_requests - before,
        time.process_time() - cpu,
        time.perf_counter() - wall,
    )
    runner.quit()
    return {"requests": requests, "failed": environment.stats.num_failures, "cpu": cpu, "wall": wall}


def _ends(engine: Engine) -> None:
    if not engine.stop(sleep=gevent.sleep) or engine.broken:
        raise SystemExit(f"the engine did not end well: {engine.broken!r}")


def _measured(counts: Counts, cpu: float, wall: float) -> dict[str, float]:
    tally = counts.tally(SUBJECT)
    return {"requests": tally.requests, "failed": tally.failed, "cpu": cpu, "wall": wall}


def main() -> None:
    """Measure one generator, once."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("name", choices=["get", "json", "arrivals", "floor", "fasthttpuser"])
    parser.add_argument("url")
    parser.add_argument("--ca", type=Path)
    parser.add_argument("--path", default="/")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rate", type=float, default=1000.0)
    parser.add_argument("--poisson", action="store_true")
    chosen = parser.parse_args(sys.argv[1:])
    pin()
    match chosen.name:
        case "arrivals":
            measured = arrivals(chosen)
        case "floor":
            measured = floor(chosen)
        case "fasthttpuser":
            measured = fast_http_user(chosen)
        case name:
            measured = closed(chosen, checked=name == "json")
    print(json.dumps(measured))


if __name__ == "__main__":
    main()
