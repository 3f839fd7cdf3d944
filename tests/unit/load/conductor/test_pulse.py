"""The pulse of a process: a stall is seen, and weighs as much as it lasted."""

import time

import gevent

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


def test_a_loop_with_nothing_to_do_is_on_time_and_costs_nothing() -> None:
    """What is measured is what the greenlets of the process do."""
    pulse = Pulse()
    beating = gevent.spawn(pulse.beat)
    gevent.sleep(0.5)
    late, used, elapsed = pulse.take()
    beating.kill()
    assert (late.quantile(0.5) or 0) < 0.01
    assert used < elapsed / 2
