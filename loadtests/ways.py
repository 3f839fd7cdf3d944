"""How far a target is: what connecting took, in which no service has part.

Latencies are people's, so the way is in them. Whoever reads that a limit was broken must see how much of it is the
network's, between this generator and the target, and how much the platform's.
"""

from typing import Final

from fixtures.statistics.histogram import Histogram
from loadtests.numbers import latency, several

_NEAR: Final = 0.05
"""Of a latency limit: half of the connections came within it, and the way is in no figure that matters."""
_STALLED: Final = 0.5
"""Of a latency limit: so long took one of a hundred, which is no distance."""


def told(ways: Histogram, limit: float) -> tuple[str, ...]:
    """In words, how long connecting took, if that is much of the smallest latency `limit`; nothing if it is not."""
    half, worst = ways.quantile(0.5), ways.quantile(0.99)
    if half is None or worst is None or (half <= _NEAR * limit and worst <= _STALLED * limit):
        return ()
    took = f"{latency(half)} (p50) and {latency(worst)} (p99) for {several(len(ways), 'connection')}"
    note = (
        f"the way there: TCP and TLS, two round trips before any service is asked, took {took}. About half of that is "
        "in every latency, and all of it besides in the first of each connection: it is the network's from here, or "
        "the balancer's"
    )
    return (note,)
