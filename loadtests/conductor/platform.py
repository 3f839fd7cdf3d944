"""The platform's own `/metrics`, read while a run goes on, where its environment offers them."""

from collections.abc import Callable

import gevent

from fixtures.environments import Environment
from fixtures.guide import load_guide
from loadtests.conductor.apart import in_a_thread
from loadtests.report.metrics import EVERY_S, PlatformMetrics, fetching


def metrics_of(environment: Environment, now: Callable[[], float]) -> PlatformMetrics:
    """Who reads them, and when that is `now`, by the clock that the run's counts go by."""
    services = {service.name: service.public_prefix for service in load_guide().services}
    return PlatformMetrics(environment, services, fetching(environment.ca_file), now)


def read_on(metrics: PlatformMetrics) -> None:
    """Read until the greenlet is killed. In a thread: expositions are long, and reading one stops all greenlets."""
    while True:
        in_a_thread(metrics.look)
        gevent.sleep(EVERY_S)
