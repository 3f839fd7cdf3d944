"""What a run says on the terminal while it goes on, and at its end, when nothing is printed after it."""

import logging
import sys
from collections.abc import Iterable
from typing import Final

from gevent.monkey import get_original

from fixtures.runs.redaction import redact
from fixtures.runs.streams import lose
from loadtests.report.model import LoadRun
from loadtests.report.terminal import live_lines

IN_LOGS_EVERY: Final = 5
"""Seconds between two looks that are written where there is no terminal."""


def say(lines: Iterable[str]) -> None:
    """Print lines for people; Locust's own tables go the same way. Locust's page shows them among its logs.

    When whoever read has gone (`| head`, a terminal that was closed), or there is no room for more (`> log`), they go
    nowhere, and the run goes on: its verdict is in its folder.
    """
    told = [redact(line) for line in lines]
    for handler in logging.getLogger().handlers:
        if handler.name == "log_reader":
            for line in filter(None, told):
                handler.handle(logging.LogRecord("loadtests", logging.INFO, "", 0, line, None, None))
    _print(told)


def _print(lines: Iterable[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
        sys.stdout.flush()
    except OSError:
        lose(sys.stdout)


def say_live(run: LoadRun) -> None:
    """How it stands: every second to a person, more rarely to a log, and not to who has paused.

    Whoever reads may do so no more for a while (`| less`, Ctrl-S): the run, which is led by who tells it, goes on.
    """
    if (sys.stdout.isatty() or round(run.ended - run.began) % IN_LOGS_EVERY == 1) and _takes_more():
        # Not to the page: it keeps a few hundred lines.
        _print(live_lines(run))


def say_meanwhile(line: str) -> None:
    """Print a line while a run goes on, which does not wait for who has paused; see `say_live`."""
    if _takes_more():
        _print([redact(line)])


def _takes_more() -> bool:
    """Whether a few lines can be printed without waiting: a pipe is ready when it has room for thousands of letters."""
    # In a thread of its own, where gevent's would look for a loop of greenlets.
    return bool(get_original("select", "select")([], [sys.stdout], [], 0)[1])
