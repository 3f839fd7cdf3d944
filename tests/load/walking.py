"""A process as Locust makes it, in which people make every journey at the same time.

`python -m gevent.monkey --module tests.load.walking <environment> <folder>` prints what was counted, as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import gevent
from gevent.monkey import is_module_patched

from fixtures.environments.load import load_environment
from fixtures.runs.run_id import new_run_id
from loadtests.journeys import JOURNEYS
from loadtests.people import Pool
from tests.load.amount import PAIRS, ROUNDS
from tests.unit.load.people.village import Load

if TYPE_CHECKING:
    from fixtures.environments import Environment


@dataclass
class Process:
    """What a pool is for, and what it counts."""

    platform: Environment
    folder: Path
    profile: Load
    share: int = 0
    of: int = 1
    run_id: str = field(default_factory=new_run_id)
    left: list[str] = field(default_factory=list)
    samples: list[dict[str, object]] = field(default_factory=list)
    served: set[str] = field(default_factory=set)

    def fire(self, **sample: object) -> None:
        self.samples.append(
            {
                "name": sample["name"],
                "latency": sample["response_time"],
                "failure": None if sample["exception"] is None else str(sample["exception"]),
            }
        )

    def sighted(self, service: str, served_by: str) -> None:  # noqa: ARG002 - as clients call it
        self.served.add(service)


def main(environment: str, folder: str) -> None:
    """Make people, have each pair make every journey, and remove them."""
    host = Process(load_environment(environment), Path(folder), Load(2 * PAIRS, {"registering": 1}, PAIRS * ROUNDS))
    pool = Pool.make(host)
    try:
        made = len(host.samples)
        gevent.joinall([gevent.spawn(_walk, pool) for _ in range(PAIRS)], raise_error=True)
    finally:
        left = pool.remove()
    result = {
        "patched": is_module_patched("threading"),
        "counted_while_people_were_made": made,
        "samples": host.samples,
        "served": sorted(host.served),
        "left": left,
        "people": sorted(person.identity.email for person in pool.people),
    }
    sys.stdout.write(json.dumps(result))


def _walk(pool: Pool) -> None:
    visitor = pool.borrow()
    assert visitor is not None
    for _ in range(ROUNDS):
        for journey in JOURNEYS.values():
            journey.run(visitor, time.perf_counter())
    pool.give_back(visitor)


if __name__ == "__main__":
    main(*sys.argv[1:])
