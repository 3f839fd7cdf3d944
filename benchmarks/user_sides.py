"""One kind of user in its own process, for `benchmarks.users`: `... benchmarks.user_sides works NAME URL CA_FILE`.

It works only while it is told to: for each number of seconds on its standard input it answers with a line of what was
done in them, what failed of it, and how many CPU seconds of the process it took. Between two windows it stands still
as a whole, so two generators can take turns on one core. With `grows` it tells instead what a user costs in memory.
"""

import gc
import json
import logging
import os
import sys
import time
from itertools import count
from pathlib import Path
from typing import Any, Final

import gevent
import psutil
from locust import FastHttpUser, HttpUser, constant, task
from locust.env import Environment

from benchmarks.targets import CONVERSATION, pin
from fixtures.contract import chat
from fixtures.contract.answer import Answer, Headers
from fixtures.contract.errors import UnexpectedAnswer
from fixtures.contract.operation import Operation
from fixtures.contract.served_by import HEADER
from fixtures.http1.tls import trust
from loadtests.client import Timeouts
from loadtests.client.user import PlatformUser

USERS: Final = 32
WARM_S: Final = 0.7
WARM_USERS: Final = 20
MANY: Final = 1000
TOKEN: Final = "a" * 600
TIMEOUTS: Final = Timeouts()
_number = count(1).__next__


def message() -> Operation[chat.Message]:
    """The operation that everybody sends, each time with a key of its own."""
    return chat.send(CONVERSATION, "hello", idempotency_key=f"key-{_number()}")


class Ours(PlatformUser):
    """The user class that is measured."""

    def on_start(self) -> None:
        """Log in."""
        self.client.token = TOKEN

    @task
    def says(self) -> None:
        """Send a message."""
        self.client.send(message())


def says(user: Any) -> Any:  # noqa: ANN401 - either of Locust's
    """Send the same operation with a client that Locust brings; what is not good is said in Locust's way."""
    number = _number()
    traceparent = f"00-{number:032x}-{number:016x}-01"
    operation = message().with_headers({"Authorization": f"Bearer {TOKEN}", "traceparent": traceparent})
    with user.client.request(
        operation.method,
        operation.path,
        data=operation.content,
        headers=operation.headers,
        name=operation.label,
        catch_response=True,
    ) as answer:
        if answer.status_code not in operation.expects:
            answer.failure(f"status {answer.status_code}")
            return answer
        try:
            operation.read(Answer(answer.status_code, Headers(answer.headers.items()), answer.content, 0.0))
        except UnexpectedAnswer as wrong:
            answer.failure(str(wrong))
    return answer


def says_as_ours(user: Any) -> None:  # noqa: ANN401
    """The same, with the answer's end bound in time, and a look at who answered."""
    with gevent.Timeout(TIMEOUTS.read):
        answer = says(user)
    who = answer.headers.get(HEADER)
    if who != user.served_by:
        user.served_by = who


class Fast(FastHttpUser):
    """Locust's fast user, doing what ours does."""

    served_by: str | None = None
    tasks = [says_as_ours]  # noqa: RUF012 - Locust's own form


class Common(FastHttpUser):
    """Locust's fast user as it is commonly used."""

    tasks = [says]  # noqa: RUF012


class Http(HttpUser):
    """Locust's usual user."""

    tasks = [says]  # noqa: RUF012


GENERATORS: Final[dict[str, Any]] = {"ours": Ours, "fast": Fast, "common": Common, "http": Http}


def prepared(name: str, base: str, ca_file: Path) -> Environment:
    """Locust's environment for one class of users, on the first core."""
    pin()
    user = GENERATORS[name]
    user.host = base
    if base.startswith("https:"):
        user.ca_file = ca_file
        user.ssl_context_factory = staticmethod(lambda: trust(ca_file))
    return Environment(user_classes=[user])


def works(environment: Environment) -> None:
    """Warm up, then work in windows until there is no more input."""
    environment.user_classes[0].wait_time = constant(0)
    environment.create_local_runner().start(USERS, spawn_rate=100)
    gevent.sleep(WARM_S)
    total = environment.stats.total
    print("ready", flush=True)
    for line in iter(lambda: os.read(0, 100), b""):
        done, failed, cpu = total.num_requests, total.num_failures, time.process_time()
        gevent.sleep(float(line))
        cpu = time.process_time() - cpu
        figures = {"done": total.num_requests - done, "failed": total.num_failures - failed, "cpu": cpu}
        print(json.dumps(figures), flush=True)


def grows(environment: Environment) -> None:
    """Print by how many KiB the process grew for each user, once each has sent one request and thinks."""
    environment.user_classes[0].wait_time = constant(3600)
    runner, process = environment.create_local_runner(), psutil.Process()
    runner.start(WARM_USERS, spawn_rate=100)
    _until_sent(environment, WARM_USERS)
    before = process.memory_full_info().uss
    runner.start(WARM_USERS + MANY, spawn_rate=100)
    _until_sent(environment, WARM_USERS + MANY)
    print(json.dumps((process.memory_full_info().uss - before) / 1024 / MANY), flush=True)


def _until_sent(environment: Environment, requests: int) -> None:
    with gevent.Timeout(60):
        while environment.stats.total.num_requests < requests:
            gevent.sleep(0.1)
    if environment.stats.total.num_failures:
        raise SystemExit(f"failed: {environment.stats.errors}")
    gc.collect()


def main() -> None:
    """Work, or grow."""
    what, name, base, ca_file = sys.argv[1:]
    # Locust would tell at length that this is fast.
    logging.disable(logging.WARNING)
    {"works": works, "grows": grows}[what](prepared(name, base, Path(ca_file)))
    # Nobody is left to say goodbye to.
    os._exit(0)


if __name__ == "__main__":
    main()
