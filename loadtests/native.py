"""Threads of the system's own, beside gevent.

Locust makes Python's threads into greenlets. Who waits on an event loop, or an epoll, of its own needs a real one: a
greenlet would stop all others meanwhile. So gevent is asked for what was there before.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from gevent.monkey import get_original

if TYPE_CHECKING:
    from _thread import LockType


def start_thread(run: Callable[[], None]) -> None:
    """Run a function in a thread of the system's own."""
    get_original("_thread", "start_new_thread")(run, ())


def new_lock() -> "LockType":
    """Return a lock that holds such threads apart."""
    lock: LockType = get_original("_thread", "allocate_lock")()
    return lock
