"""The clock that seconds are counted by: the same epoch in all processes of a run.

Latencies are measured by `time.perf_counter`, which nobody can set. The machine's clock can be set under the run, so it
is only asked when a run begins (`keep`), and `wall` goes on from there: seconds come one after the other, whatever
becomes of the machine's. Two machines' may differ; the conductor measures both (`loadtests.conductor.clocks`).
"""

import time


def told() -> float:
    """Seconds since 1970 by the machine's clock. Always called as `clock.told()`, so that a test can replace it."""
    return time.time()


_since = told() - time.perf_counter()


def keep() -> None:
    """Go by what the machine's clock says now, until this is called again."""
    global _since  # noqa: PLW0603 - a process has one clock
    _since = told() - time.perf_counter()


def wall() -> float:
    """Seconds since 1970. Always called as `clock.wall()`, so that a test can replace it."""
    return _since + time.perf_counter()


def second() -> int:
    """The second that it is."""
    return int(wall())
