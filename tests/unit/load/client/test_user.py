"""Locust's user with our client, in a process of its own, because Locust replaces the sockets of the whole process."""

import json
import subprocess
import sys
from pathlib import Path

from tests.unit.http1.peer import OK, server

ROOT = Path(__file__).parents[4]
PROGRAM = """
import sys, json
import gevent
from locust import task
from locust.env import Environment
from fixtures.contract.operation import Endpoint, Operation
from loadtests.client.user import PlatformUser
from loadtests.failure import Failure

GET = Operation(Endpoint("chat", "getText", "GET", "/text", {200: str}, auth="none"), "/text")

seen = []

class Reader(PlatformUser):
    sighted = staticmethod(lambda *who: seen.append(who))

    @task
    def reads(self):
        try:
            self.client.send(GET)
        except Failure:
            gevent.sleep(10)

environment = Environment(user_classes=[Reader], host=sys.argv[1])
runner = environment.create_local_runner()
runner.start(3, spawn_rate=3)
with gevent.Timeout(10):
    while environment.stats.total.num_failures < 3:
        gevent.sleep(0.01)
runner.quit()
entry = environment.stats.get("chat getText", "GET")
errors = [(error.name, repr(error.error), error.occurrences) for error in environment.stats.errors.values()]
print(json.dumps({"requests": entry.num_requests, "bytes": entry.total_content_length, "errors": errors, "seen": seen}))

class Homeless(PlatformUser):
    tasks = [lambda user: None]

try:
    Homeless(Environment(user_classes=[Homeless]))
except ValueError as error:
    print(error)
"""


def test_locust_counts_what_its_users_send() -> None:
    """Each user has a connection, every request is counted, failures of a cause are one row, who answers is told."""
    bad = b"HTTP/1.1 503 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    good = OK.replace(b"\r\n\r\n", b"\r\nX-Served-By: one\r\n\r\n")
    with server(lambda peer: peer.answers(*[good] * 5, bad)) as known:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, known.url],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    counted, homeless = done.stdout.splitlines()
    assert json.loads(counted) == {
        "requests": 18,
        "bytes": 60,
        "errors": [["chat getText", "Failure(status 503 before the service)", 3]],
        "seen": [["chat", "one"]],
    }
    assert known.connections == 3
    assert "Homeless has no host" in homeless
