"""A worker's locustfile on a machine whose clock is five seconds fast: all of the real one, and another time of day."""

from loadtests import clock
from loadtests.locustfile import *  # noqa: F403 - a locustfile is what it makes visible

_right = clock.wall
clock.wall = lambda: _right() + 5.0
