"""A process as Locust makes it, in which people make every journey at the same time.

`python -m gevent.monkey --module tests.load.walking <environment> <folder>` prints what was counted, as JSON.
"""

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import gevent
from gevent.monkey import is_module_patched

from fixtures.environments.load import load_environment
from fixtures.runs.run_id import new_run_id
from loadtests.journeys import JOURNEYS
from loadtests.people import Pool
from loadtests.profiles.load import load_profile
from loadtests.profiles.phases import steady
from loadtests.recording import Recorder
from loadtests.session import Session
from tests.load.amount import PAIRS, ROUNDS


def main(environment: str, folder: str) -> None:
    """Make people, have each pair make every journey, and remove them."""
    samples: list[dict[str, object]] = []

    def fire(**sample: object) -> None:
        failure = None if sample["exception"] is None else str(sample["exception"])
        samples.append({"name": sample["name"], "latency": sample["response_time"], "failure": failure})

    phases = (steady(1, PAIRS * ROUNDS),)
    session = Session(
        run_id=new_run_id(),
        folder=Path(folder),
        profile=replace(load_profile("smoke"), people=2 * PAIRS, mix={"registering": 1}, phases=phases),
        platform=load_environment(environment),
        recorder=Recorder(),
        share=0,
        of=1,
        fire=fire,
    )
    pool = Pool.make(session)
    try:
        made = len(samples)
        gevent.joinall([gevent.spawn(_walk, pool) for _ in range(PAIRS)], raise_error=True)
    finally:
        left = pool.remove()
    result = {
        "patched": is_module_patched("threading"),
        "counted_while_people_were_made": made,
        "samples": samples,
        "served": sorted({service for service, _ in session.sightings}),
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
