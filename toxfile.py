"""tox: Ctrl-C is first of all for the command that runs, which removes people and says by its code how it ended.

tox would send that command a second Ctrl-C at once, which cuts it off, and kill it half a second later. After one that
took longer to end, tox itself would end with 1, the code of a platform that is at fault.
"""

import os
import signal
import threading
from types import FrameType
from typing import Any

from tox.plugin import impl

_running: set[str] = set()
_asked = threading.Event()


def _interrupted(number: int, frame: FrameType | None) -> None:
    # The terminal has sent it to the command, too.
    if _running:
        _asked.set()
    else:
        signal.default_int_handler(number, frame)


@impl
def tox_before_run_commands(tox_env: Any) -> None:  # noqa: ANN401 - tox cannot be imported where types are checked
    """From now on tox waits for what its command makes of it."""
    _running.add(tox_env.name)


@impl
def tox_after_run_commands(tox_env: Any, exit_code: int, outcomes: list[Any]) -> None:  # noqa: ANN401, ARG001
    """Nothing more is run, if it was asked for."""
    _running.discard(tox_env.name)
    if _asked.is_set() and not _running:
        os.kill(os.getpid(), signal.SIGINT)


if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, _interrupted)
