"""Ctrl-C, SIGTERM and a lost terminal: the first ends the run in good order, a second one ends the process at once."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Sequence
from signal import SIGHUP, SIGINT, SIGTERM, Signals
from typing import Final

import gevent

from fixtures.runs.verdict import ExitCode

_UNDONE: Final = "INCONCLUSIVE: ended at once by a second signal: no report, and people who were made may be there"
NAMES: Final = {SIGINT: "Ctrl-C", SIGTERM: "SIGTERM", SIGHUP: "SIGHUP"}
ONE: Final = 1.0
"""Seconds in which all signals are one: `timeout` sends it to its child, and at once to the child's group as well."""


def undone() -> tuple[int, str]:
    """What is left to say in the middle of a run: it has no time to write its verdict, and all it had is not enough."""
    return ExitCode.INCONCLUSIVE, _UNDONE


def on_signals(
    numbers: Sequence[Signals],
    end: Callable[[str], None],
    last_word: Callable[[], tuple[int, str]] = undone,
    now: Callable[[], float] = time.monotonic,
) -> None:
    """Call `end(name)` in a greenlet of its own on the first of these signals; not of those that are to be ignored.

    `last_word` gives what a second one ends the process with, and what is said then.
    """
    heard_at: list[float] = []

    def heard(number: Signals) -> None:
        if not heard_at:
            heard_at.append(now())
            end(NAMES[number])
        # Shell and kernel both send SIGHUP when a terminal is closed.
        elif number is not SIGHUP and now() - heard_at[0] > ONE:
            code, text = last_word()
            with contextlib.suppress(OSError):
                os.write(2, f"{text}\n".encode())
            os._exit(code)

    for number in numbers:
        if signal.getsignal(number) is signal.SIG_IGN and number is SIGHUP:
            continue  # nohup
        gevent.signal_handler(number, heard, number)


def ignore_ctrl_c() -> None:
    """From now on it ends nothing: all is said, and what Python tidies up would take it for another end than this."""
    signal.signal(SIGINT, signal.SIG_IGN)
