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
    return PlatformMetrics(environment, services, fetching(environment.ca_file), now, apart=in_a_thread)


def read_on(metrics: PlatformMetrics) -> None:
    """Read until the greenlet is killed, and what it waits for with it.

    Asked by a thread, distant services would be waited for in an event loop of that thread's own, in whose middle the
    process would end: that was a segmentation fault, once.
    """
    while True:
        metrics.look()
        gevent.sleep(EVERY_S)
