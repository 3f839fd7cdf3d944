"""What signals do to the process of a run, before its verdict, while it is made, and after it."""

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from fixtures.interruption.signals import NAMES, SIGNALS, Signals


@pytest.fixture
def run() -> Iterator[Signals]:
    """Those of a run that judges."""
    here = Signals()
    here.enter(judges=True)
    yield here
    here.code = None
    here.leave()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time in seconds, to be set."""
    seconds = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: seconds[0])
    return seconds


def raises(number: signal.Signals) -> bool:
    try:
        signal.raise_signal(number)
    except KeyboardInterrupt:
        return True
    return False


@pytest.mark.parametrize("number", NAMES)
def test_each_interrupts_until_it_is_held(run: Signals, number: signal.Signals) -> None:
    """The first is told by its name; while a verdict is made none is heard."""
    assert raises(number)
    assert run.heard == NAMES[number]
    run.hold()
    assert not any(raises(one) for one in NAMES)


@pytest.mark.parametrize(
    ("second", "later", "interrupts"),
    [
        (signal.SIGINT, 0.9, False),
        (signal.SIGINT, 1.1, True),
        (signal.SIGTERM, 1.1, False),
        (signal.SIGHUP, 0.9, False),
        (signal.SIGHUP, 1.1, True),
    ],
)
def test_a_second_one_is_another_after_a_second(
    run: Signals,
    clock: list[float],
    second: signal.Signals,
    later: float,
    interrupts: bool,  # noqa: FBT001 - a case's own word
) -> None:
    """Ctrl-C may cut a clean-up short, the same order to end may not; all within a second are one."""
    assert raises(signal.SIGTERM)
    clock[0] = later
    assert raises(second) is interrupts
    assert run.heard == "SIGTERM"


def test_after_the_verdict_each_ends_the_process_with_its_code(run: Signals, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when the run has been left: Python's own end is all that is to come."""
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    run.hold()
    run.told(68)
    run.leave()
    assert not any(raises(number) for number in NAMES)
    assert codes == [68] * 3
    run.enter(judges=True)


def test_a_run_that_judges_nothing_leaves_them_to_python() -> None:
    """Neither tests of our own nor a run that only collects has another answer to Ctrl-C than pytest's."""
    former = [signal.getsignal(number) for number in NAMES]
    here = Signals()
    here.listen()
    here.enter(judges=False)
    assert [signal.getsignal(number) for number in NAMES] == former
    assert here.begun


def test_a_run_that_finds_only_late_what_it_judges_has_a_verdict_as_well() -> None:
    """Whose tier is not told by its command is held for its verdict, and given back to Python after it."""
    former = [signal.getsignal(number) for number in NAMES]
    here = Signals()
    here.enter(judges=False)
    here.hold()
    assert not any(raises(number) for number in NAMES)
    here.leave()
    assert [signal.getsignal(number) for number in NAMES] == former


def test_who_listens_twice_gives_back_what_there_was_before() -> None:
    """What an import has begun a run goes on with, and its end is that of both."""
    former = [signal.getsignal(number) for number in NAMES]
    here = Signals()
    here.listen()
    here.enter(judges=True)
    here.leave()
    assert [signal.getsignal(number) for number in NAMES] == former


@pytest.mark.parametrize("judges", [True, False])
def test_a_run_within_a_test_leaves_them_to_the_process(run: Signals, *, judges: bool) -> None:
    """Its verdict is not that of the process that it is in."""
    run.enter(judges=judges)
    run.hold()
    run.told(1)
    run.leave()
    assert signal.getsignal(signal.SIGINT) == run._heard
    assert raises(signal.SIGINT)
    assert run.code is None


def test_what_is_ignored_and_what_another_thread_runs_is_left() -> None:
    """Under nohup the loss of a terminal ends nothing; and only the main thread may say what a signal does."""
    former = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        here = Signals()
        there = threading.Thread(target=here.listen)
        there.start()
        there.join()
        assert signal.getsignal(signal.SIGINT) != here._heard
        here.enter(judges=True)
        assert signal.getsignal(signal.SIGINT) == here._heard
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        here.leave()
    finally:
        signal.signal(signal.SIGHUP, former)


def test_our_own_tests_have_let_go() -> None:
    """This very process is one whose runs have no verdict."""
    assert SIGNALS.begun
    assert all(signal.getsignal(number) != SIGNALS._heard for number in NAMES)
