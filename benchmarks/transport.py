"""What one exchange costs the suites' client: `python -m benchmarks.transport [--rounds N] [--requests N]`.

The client's own CPU time for an operation that is sent through the sandbox's gateway (TLS 1.3, one connection) and read
into its type, against httpx doing the same with the same operation. Both sides in one interleaved run, medians.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import TYPE_CHECKING

import httpx

from fixtures.clients.exchanges import Exchanges
from fixtures.clients.transport import Transport
from fixtures.clients.witness import Witness
from fixtures.contract import shared
from fixtures.contract.answer import Answer, Headers
from fixtures.environments import load_environment
from fixtures.http1.tls import trust
from fixtures.runs.run_id import new_run_id
from fixtures.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures.environments import Environment


def sides(environment: Environment, client: httpx.Client) -> dict[str, Callable[[], object]]:
    """What is compared: each sends one operation and reads its answer."""
    operation = shared.health("chat")
    transport = Transport(environment, run_id=new_run_id(), witness=Witness(), exchanges=Exchanges())

    def by_httpx() -> object:
        url = operation.url(environment.api)
        headers = {**operation.headers, **transport.headers("0" * 31 + "1")}
        came = client.request(operation.method, url, headers=headers, content=operation.content)
        seconds = came.elapsed.total_seconds()
        return operation.read(Answer(came.status_code, Headers(came.headers.multi_items()), came.content, seconds))

    return {"ours": lambda: transport.send(operation), "httpx": by_httpx}


def cost(side: Callable[[], object], requests: int) -> float:
    """CPU seconds of this process for one exchange."""
    began = time.process_time()
    for _ in range(requests):
        side()
    return (time.process_time() - began) / requests


def main() -> None:
    """Print a row for each side, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=1000, help="of each side in each round")
    options = parser.parse_args()
    with Sandbox.start() as sandbox:
        environment = load_environment(str(sandbox.environment_file))
        with httpx.Client(verify=trust(environment.ca_file), trust_env=False) as client:
            compared = sides(environment, client)
            for side in compared.values():
                cost(side, 100)
            rounds = [
                {name: cost(side, options.requests) for name, side in compared.items()} for _ in range(options.rounds)
            ]
    for name in compared:
        spent = sorted(one[name] * 1e6 for one in rounds)
        print(f"{name:6} {statistics.median(spent):6.0f} µs ({spent[0]:.0f} to {spent[-1]:.0f})")
    ratios = sorted(one["httpx"] / one["ours"] for one in rounds)
    print(f"httpx takes {statistics.median(ratios):.1f} times as much ({ratios[0]:.1f} to {ratios[-1]:.1f})")


if __name__ == "__main__":
    main()
