"""One kind of user in its own process, for `benchmarks.users`: `python -m benchmarks.user_sides NAME URL CA_FILE`.

It works only while it is told to: for each number of seconds on its standard input it answers with a line of what was
done in them, what failed of it, and how many CPU seconds of the process it took. Between two windows it stands still
as a whole, so two generators can take turns on one core.
"""

import json
import os
import sys
import time
from itertools import count
from pathlib import Path
from typing import Any, Final

import gevent
import msgspec
from locust import FastHttpUser, HttpUser, User, constant, task
from locust.env import Environment

from benchmarks.targets import CONVERSATION, pin
from fixtures.clients.tls import trust
from fixtures.contract import chat
from loadtests.client.user import PlatformUser

USERS: Final = 32
TOKEN: Final = "a" * 600
CREATED: Final = 201
_number = count(1).__next__


def message() -> Any:  # noqa: ANN401 - of no interest but as an operation
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


def says(user: Any) -> None:  # noqa: ANN401 - either of Locust's
    """Send the same operation with a client that Locust brings; what is not good is said in Locust's way."""
    operation, number = message(), _number()
    headers = {
        **operation.headers,
        "Authorization": f"Bearer {TOKEN}",
        "traceparent": f"00-{number:032x}-{number:016x}-01",
    }
    with user.client.request(
        operation.method,
        operation.path,
        data=operation.content,
        headers=headers,
        name=operation.label,
        catch_response=True,
    ) as answer:
        if answer.status_code != CREATED:
            answer.failure(f"status {answer.status_code}")
            return
        try:
            msgspec.json.decode(answer.content, type=chat.Message)
        except msgspec.ValidationError as error:
            answer.failure(str(error))


class Fast(FastHttpUser):
    """Locust's fast user."""

    tasks = [says]  # noqa: RUF012 - Locust's own form


class Http(HttpUser):
    """Locust's usual user."""

    tasks = [says]  # noqa: RUF012


class Nothing(User):
    """A user without a client."""

    tasks = [lambda _user: None]  # noqa: RUF012


GENERATORS: Final[dict[str, Any]] = {"ours": Ours, "fast": Fast, "http": Http, "nothing": Nothing}


def prepared(name: str, base: str, ca_file: Path) -> Environment:
    """Locust's environment for one class of users, on the first core."""
    pin()
    user = GENERATORS[name]
    user.host = base
    if base.startswith("https:"):
        user.ca_file = ca_file
        user.ssl_context_factory = staticmethod(lambda: trust(ca_file))
    return Environment(user_classes=[user])


def main() -> None:
    """Warm up, then work in windows until there is no more input."""
    name, base, ca_file = sys.argv[1:]
    environment = prepared(name, base, Path(ca_file))
    environment.user_classes[0].wait_time = constant(0)
    runner = environment.create_local_runner()
    runner.start(USERS, spawn_rate=100)
    gevent.sleep(0.7)
    total = environment.stats.total
    print("ready", flush=True)
    for line in iter(lambda: os.read(0, 100), b""):
        done, failed, cpu = total.num_requests, total.num_failures, time.process_time()
        gevent.sleep(float(line))
        cpu = time.process_time() - cpu
        figures = {"done": total.num_requests - done, "failed": total.num_failures - failed, "cpu": cpu}
        print(json.dumps(figures), flush=True)
    for error in environment.stats.errors.values():
        print(error.name, error.error, error.occurrences, file=sys.stderr)
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
