"""The clock that seconds are counted by: the same epoch in all processes of a run.

Latencies are measured by `time.perf_counter`, which nobody can set. This clock can be set under the run, and two
machines' may differ; the conductor measures both (`loadtests.conductor.clocks`).
"""

import time


def wall() -> float:
    """Seconds since 1970. Always called as `clock.wall()`, so that a test can replace it."""
    return time.time()


def second() -> int:
    """The second that it is."""
    return int(wall())
