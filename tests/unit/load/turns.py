"""Turns of gevent's loop: a test that waits in it lets greenlets run, and comes to an end whatever they do."""

from collections.abc import Callable

import gevent

ENOUGH = 30.0
"""Seconds for what has to come: the machine may stand still meanwhile, more than once."""


def waits(holds: Callable[[], object]) -> None:
    """Let greenlets run until something holds, or that takes too long."""
    with gevent.Timeout(ENOUGH):
        while not holds():
            gevent.sleep(0.001)


def passes(turns: int = 3) -> None:
    """Let the loop see what there is: it polls in one turn, tells in the same or the next, and is told in another."""
    for _ in range(turns):
        gevent.sleep(0.001)
