"""The pulse of a process: a stall is seen, and weighs as much as it lasted."""

import time
from types import SimpleNamespace

import gevent
import pytest

from loadtests.conductor.pulse import EVERY, Pulse


def test_a_stall_counts_for_everybody_who_would_have_come_in_it() -> None:
    """One second in which the loop stands still is a hundred looks that were late, not one."""
    pulse = Pulse()
    beating = gevent.spawn(pulse.beat)
    gevent.sleep(0.05)
    pulse.take()
    busy_until = time.thread_time() + 0.3
    while time.thread_time() < busy_until:
        pass
    gevent.sleep(0.05)
    late, used, elapsed = pulse.take()
    beating.kill()
    assert len(late) >= 0.3 / EVERY
    assert (late.quantile(0.5) or 0) > 0.05
    assert 0.3 <= used <= elapsed
    assert elapsed >= 0.35


def test_a_loop_with_nothing_to_do_costs_nothing() -> None:
    """What is measured is what the greenlets of the process do."""
    pulse = Pulse()
    beating = gevent.spawn(pulse.beat)
    gevent.sleep(0.2)
    late, used, elapsed = pulse.take()
    beating.kill()
    assert len(late) > 1
    assert used < elapsed / 2


@pytest.mark.parametrize("late", [0.0, 0.004])
def test_a_loop_that_comes_round_on_time_is_not_late(monkeypatch: pytest.MonkeyPatch, late: float) -> None:
    """Each look is as late as its sleep was too long, and the next is due a beat after it."""
    now = 100.0
    sleeps: list[float] = []

    def sleep(seconds: float) -> None:
        nonlocal now
        if len(sleeps) == 50:
            raise gevent.GreenletExit
        sleeps.append(seconds)
        now += seconds + late

    clock = SimpleNamespace(perf_counter=lambda: now, thread_time=lambda: 0.0)
    monkeypatch.setattr("loadtests.conductor.pulse.time", clock)
    pulse = Pulse(sleep)
    with pytest.raises(gevent.GreenletExit):
        pulse.beat()
    seen, used, elapsed = pulse.take()
    assert sleeps == pytest.approx([EVERY] * 50)
    assert (len(seen), used) == (50, 0.0)
    assert elapsed == pytest.approx(50 * (EVERY + late))
    assert [seen.quantile(share) for share in (0.0, 1.0)] == pytest.approx([late] * 2, rel=0.01, abs=1e-9)


def test_what_was_told_is_not_told_again() -> None:
    """Each report has its own part: a busy second is not spread over all that were before it."""
    began = time.perf_counter()
    pulse = Pulse()
    pulse._late = [0.5, 0.25]
    until = time.thread_time() + 0.1
    while time.thread_time() < until:
        pass
    first, second = pulse.take(), pulse.take()
    assert [len(histogram) for histogram, _, _ in (first, second)] == [2, 0]
    assert first[1] >= 0.1 > second[1]
    assert first[2] + second[2] <= time.perf_counter() - began
