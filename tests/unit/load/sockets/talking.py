"""Messages of a test in the engine, and what was counted of them."""

import gc
from pathlib import Path
from typing import Any

from fixtures.http1.target import Target
from loadtests.client import Timeouts
from loadtests.counts import Counts
from loadtests.sockets.engine import Talk
from tests.unit.load.engine.runs import Timed


def arrivals(count: int, **more: Any) -> Talk:  # noqa: ANN401 - of `Talk`
    """So many messages, one each 5 ms."""
    offsets = iter([number * 0.005 for number in range(count)])
    return Talk(**{"subject": "echo", "path": "/", "text": b"hello", "arrivals": offsets, "connections": 4, **more})


def counted(url: str, talk: Talk, *, ca_file: Path | None = None, timeouts: Timeouts | None = None) -> Counts:
    """Everything that the engine counted until the schedule was over and all was answered."""
    engine = Timed(Target.of(url, ca_file), timeouts=timeouts, drain=5)
    engine.start(talk)
    assert engine.wait(15)
    # An exception that nobody has taken breaks the engine when it is collected.
    gc.collect()
    assert engine.broken is None
    return engine.take()
