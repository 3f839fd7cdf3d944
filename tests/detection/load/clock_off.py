"""A worker's locustfile on a machine whose clock is set: all of the real one, and a while later another time of day."""

import time

from loadtests import clock
from loadtests.locustfile import *  # noqa: F403 - a locustfile is what it makes visible

_LATER = 20.0
"""Seconds from now: a run has begun by then, and has not ended."""
_right, _began = clock.told, time.perf_counter()
clock.told = lambda: _right() + 5.0 * (time.perf_counter() > _began + _LATER)
