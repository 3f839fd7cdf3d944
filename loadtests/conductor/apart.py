"""Computing apart from the greenlets: what takes milliseconds would stop all of them, and be measured as lateness."""

import sys
from collections.abc import Callable
from typing import Final, TypeVar

import gevent

T = TypeVar("T")
_SWITCH: Final = 0.0005
"""Seconds that a thread may keep the interpreter when the greenlets want it: by default ten times as long."""


def in_a_thread(compute: Callable[[], T]) -> T:
    """Compute in a thread of the system's own, and wait for it as a greenlet does."""
    sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH))
    result: T = gevent.get_hub().threadpool.apply(compute)
    return result
