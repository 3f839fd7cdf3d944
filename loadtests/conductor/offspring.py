"""The workers that `--processes` made: they end before their master does, whatever state they were in.

Locust waits at the exit of the master, but only for those that have ended already; any other would be left behind.
"""

import contextlib
import time
from collections.abc import Callable
from typing import Final

import gevent
import psutil

SOON: Final = 2.0
"""Seconds for one that was terminated."""
_LOOK_EVERY: Final = 0.05


def await_offspring(within: float) -> None:
    """Wait until this process's copies have ended, and end those that do not. Whoever made them takes their status.

    `within` is in seconds: enough for one that was away, and was told to end only with all others.
    """
    me = psutil.Process()
    copies = [child for child in me.children() if _same_program(child, me)]
    for seconds, end in ((within, psutil.Process.terminate), (SOON, psutil.Process.kill), (SOON, None)):
        deadline = time.monotonic() + seconds
        while (copies := [copy for copy in copies if _lives(copy)]) and time.monotonic() < deadline:
            gevent.sleep(_LOOK_EVERY)
        if end is not None:
            for copy in copies:
                _try(end, copy)


def _same_program(process: psutil.Process, other: psutil.Process) -> bool:
    try:
        return bool(process.cmdline() == other.cmdline())
    except psutil.Error:
        return False


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _try(end: Callable[[psutil.Process], None], process: psutil.Process) -> None:
    with contextlib.suppress(psutil.Error):
        end(process)
