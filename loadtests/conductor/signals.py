"""Ctrl-C, SIGTERM and a lost terminal: the first ends the run in good order, the second ends the process at once."""

import contextlib
import os
import signal
from collections.abc import Callable, Sequence
from signal import SIGHUP, SIGINT, SIGTERM, Signals
from typing import Final

import gevent

__all__ = ["NAMES", "SIGHUP", "SIGINT", "SIGTERM", "on_signals"]

AT_ONCE: Final = 75
"""Exit code of a process that was not given the time to write its verdict: whatever it had was not enough."""
_UNDONE: Final = b"INCONCLUSIVE: ended at once by a second signal: no report, and people who were made may be there\n"
NAMES: Final = {SIGINT: "Ctrl-C", SIGTERM: "SIGTERM", SIGHUP: "SIGHUP"}


def on_signals(numbers: Sequence[Signals], end: Callable[[str], None]) -> None:
    """Call `end(name)` in a greenlet of its own on the first of these signals; not of those that are to be ignored."""
    said: list[str] = []

    def heard(number: Signals) -> None:
        if said:
            if number is SIGHUP:
                return  # Shell and kernel both send it when a terminal is closed.
            with contextlib.suppress(OSError):
                os.write(2, _UNDONE)
            os._exit(AT_ONCE)
        said.append(NAMES[number])
        end(said[0])

    for number in numbers:
        if signal.getsignal(number) is signal.SIG_IGN and number is SIGHUP:
            continue  # nohup
        gevent.signal_handler(number, heard, number)
