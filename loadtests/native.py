"""Threads of the system's own, beside gevent.

Locust makes Python's threads into greenlets. Who waits on an event loop, or an epoll, of its own needs a real one: a
greenlet would stop all others meanwhile. So gevent is asked for what was there before.
"""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _thread import LockType


def original(module: str, name: str) -> Any:  # noqa: ANN401 - whatever the module has
    """Return what a module of the standard library has by this name where nobody has patched it."""
    monkey = sys.modules.get("gevent.monkey")
    return getattr(__import__(module), name) if monkey is None else monkey.get_original(module, name)


def start_thread(run: Callable[[], None]) -> None:
    """Run a function in a thread of the system's own."""
    original("_thread", "start_new_thread")(run, ())


def new_lock() -> "LockType":
    """Return a lock that holds such threads apart."""
    lock: LockType = original("_thread", "allocate_lock")()
    return lock
