"""The engine in a process of Locust: beside gevent, and in Locust's own statistics."""

import json
import os
import subprocess
import sys
from typing import Any

from tests.architecture.source import ROOT
from tests.unit.load.engine.server import answering, serving

BESIDE = """
from gevent import monkey
monkey.patch_all()
import gevent, json, sys, time
from loadtests.engine import Engine, Plan
from tests.unit.load.engine.server import Server

ticks = 0
def tick():
    global ticks
    while True:
        ticks += 1
        gevent.sleep(0.01)
gevent.spawn(tick)
asked = 0
def request():
    global asked
    asked += 1
    return b"GET / HTTP/1.1\\r\\nHost: t\\r\\n\\r\\n"
engine = Engine(Server(int(sys.argv[1])), over=(1.0,))
engine.start(Plan("health", request, connections=2))
until = time.monotonic() + 30
while min(asked, ticks) <= 10 and time.monotonic() < until:
    gevent.sleep(0.01)
assert engine.stop(sleep=gevent.sleep) and engine.broken is None, engine.broken
tally = engine.take().tally("health")
print(json.dumps([tally.requests, tally.failed, ticks]))
"""

STATISTICS = """
import json, math
from locust.stats import RequestStats
from loadtests.counts import Counts
from loadtests.engine.locust_statistics import report

stats = RequestStats()
for second in (1000, 1001):
    counts = Counts((1.0,))
    counts.add("chat health", second, [0.01, 0.02, 0.25, math.inf], ["time-out", "status 503"])
    counts.add("chat list", second, [0.1])
    report(stats, counts, {"chat health": "GET", "chat list": "GET"})
entry, total = stats.get("chat health", "GET"), stats.total
print(json.dumps({
    "requests": [entry.num_requests, stats.get("chat list", "GET").num_requests, total.num_requests],
    "failures": [entry.num_failures, total.num_failures],
    "never": entry.num_none_requests,
    "by second": [total.num_reqs_per_sec[1000], total.num_reqs_per_sec[1001], total.num_fail_per_sec[1001]],
    "times": {str(key): value for key, value in entry.response_times.items()},
    "mean": entry.avg_response_time,
    "ends": [entry.min_response_time, entry.max_response_time],
    "p50": entry.median_response_time,
    "errors": sorted([error.error, error.occurrences] for error in stats.errors.values()),
    "last": total.last_request_timestamp,
    "serialized": len(stats.serialize_stats()),
}))
"""


def run(program: str, *arguments: str) -> Any:  # noqa: ANN401 - whatever it says
    """Run a program of its own, for it changes its process, and return what it says."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        env={**os.environ, "LOCUST_SKIP_MONKEY_PATCH": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_it_works_beside_gevent_and_does_not_hold_it_up() -> None:
    """In a process that gevent has patched the engine has a real thread, and greenlets go on, while it ends too."""
    with serving(answering) as server:
        requests, failed, ticks = run(BESIDE, str(server.port))
    assert requests == server.requests > 10
    assert failed == 0
    assert ticks > 10


def test_locusts_own_statistics_have_the_same_counts() -> None:
    """Requests and failures, in all and by second, are exactly the engine's; times within Locust's own rounding."""
    shown = run(STATISTICS)
    assert shown == {
        "requests": [8, 2, 10],
        "failures": [4, 4],
        "never": 2,
        "by second": [5, 5, 2],
        "times": {"10": 2, "20": 2, "250": 2},
        "mean": shown["mean"],
        "ends": [10, 251],
        "p50": 20,
        "errors": [["status 503", 2], ["time-out", 2]],
        "last": 1001.0,
        "serialized": 2,
    }
    assert abs(shown["mean"] - 93.33) < 93.33 / 255 + 0.5
