"""The engine: rates of one request over keep-alive connections, from a native thread of the load-making process.

It speaks HTTP/1.1 by llhttp on a uvloop event loop, plain and over TLS, in one of two ways: a closed loop (each
connection sends as soon as it was answered) and open arrivals (work comes by schedule, and its latency counts from when
it should have begun). What it counts is handed over in batches, so that its cost for each request is small.

It knows nothing of Locust. `loadtests.engine.locust_statistics` puts its counts into Locust's own statistics.
"""

from loadtests.engine.engine import Engine
from loadtests.engine.plan import Plan

__all__ = ["Engine", "Plan"]
