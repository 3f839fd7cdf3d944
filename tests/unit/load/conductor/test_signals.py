"""What a second signal is taken for."""

from __future__ import annotations

import os
from signal import SIGHUP, SIGINT, SIGTERM, Signals
from typing import TYPE_CHECKING

import gevent
import pytest

from fixtures.runs.verdict import ExitCode
from loadtests.conductor.signals import ONE, on_signals

if TYPE_CHECKING:
    from collections.abc import Callable


class Exited(Exception):  # noqa: N818 - it stands for an end
    """The process would have ended."""


@pytest.mark.parametrize(
    ("second", "later", "ended"),
    [(SIGTERM, 0.0, False), (SIGINT, ONE, False), (SIGTERM, ONE + 0.1, True), (SIGHUP, ONE + 0.1, False)],
    ids=["at once", "soon", "when the first was heard", "a terminal that is closed"],
)
def test_a_signal_that_comes_twice_at_once_is_one(
    monkeypatch: pytest.MonkeyPatch, second: Signals, later: float, *, ended: bool
) -> None:
    """`timeout` sends it to its child and to the child's group; whoever asks again later does not want to wait."""
    handlers: dict[Signals, Callable[[], None]] = {}
    monkeypatch.setattr(
        gevent, "signal_handler", lambda number, heard, *given: handlers.update({number: lambda: heard(*given)})
    )

    def exits(code: int) -> None:
        assert code == ExitCode.INCONCLUSIVE
        raise Exited

    monkeypatch.setattr(os, "_exit", exits)
    ends: list[str] = []
    clock = [100.0]
    on_signals([SIGINT, SIGTERM, SIGHUP], ends.append, now=lambda: clock[0])
    handlers[SIGTERM]()
    clock[0] += later
    if ended:
        with pytest.raises(Exited):
            handlers[second]()
    else:
        handlers[second]()
    assert ends == ["SIGTERM"]


def test_a_second_signal_has_the_last_word_of_who_listens(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A run that has its verdict by then ends with it, and says so."""
    handlers: list[Callable[[], None]] = []
    monkeypatch.setattr(gevent, "signal_handler", lambda _, heard, *given: handlers.append(lambda: heard(*given)))
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    times = iter([0.0, ONE + 0.1])
    on_signals([SIGINT], lambda _: None, lambda: (1, "VERDICT  NO-GO"), lambda: next(times))
    for handler in handlers * 2:
        handler()
    assert codes == [1]
    assert capfd.readouterr().err == "VERDICT  NO-GO\n"
