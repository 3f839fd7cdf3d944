"""The run over time: whatever was counted is in the moment of its second, and nowhere else."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.counts import Counts
from loadtests.report.series import latest, series
from tests.unit.load.report import runs

RUN = runs.load_run(runs.BRIEF)
FIRST = RUN.first_second
OPERATION, OTHER = sorted(RUN.profile.called)[:2]
seconds = st.integers(-2, 40)


@given(st.lists(st.tuples(seconds, st.integers(0, 3), st.integers(0, 2))), st.none() | st.integers(1, 50))
def test_moments_hold_all_that_was_counted_each_in_its_time(told: list[tuple[int, int, int]], most: int | None) -> None:
    """As few seconds are put together as are needed for so many moments, and none is left out."""
    counts = Counts(RUN.counts.limits)
    for offset, number, failed in told:
        second = FIRST + offset
        counts.asked[second] += number + 1
        counts.started[second] += number
        counts.refused[second] += 1
        for name in (OPERATION, OTHER):
            counts.add(name, second, [0.01, 1.2, 9.0][:number], ["reset"] * min(failed, number), plotted=True)
        counts.add("chatting", second, [0.01])
    run = replace(RUN, counts=counts)
    moments = series(run, most)
    first, width = moments[0].second, moments[0].width
    all_of_it = {*range(FIRST, FIRST + runs.BRIEF.seconds), *(FIRST + offset for offset, _, _ in told)}
    assert first == min(all_of_it)
    assert [moment.second for moment in moments] == sorted({at - (at - first) % width for at in all_of_it})
    assert most is None or len(moments) <= most
    assert width == 1 or max(all_of_it) + 1 - first > (most or 0) * (width - 1)
    for moment in moments:
        within = range(moment.second, moment.second + width)
        for kind in ("asked", "started", "refused"):
            assert getattr(moment, kind) == sum(getattr(counts, kind)[second] for second in within)
        rows = [
            row
            for name in (OPERATION, OTHER)
            if name in counts.tallies
            for second, row in counts.tallies[name].seconds().items()
            if second in within
        ]
        columns = range(2 + len(counts.limits))
        assert [moment.requests, moment.failures, *moment.over] == [sum(row[at] for row in rows) for at in columns]
        assert moment.silent == (moment.started > 0 and not moment.requests)
        assert (moment.highest is None) == (not moment.requests)


def test_the_last_second_is_the_last_that_everybody_has_reported() -> None:
    """From the first one on: before it, nothing was asked for."""
    for reported, second in ((FIRST, None), (FIRST + 1, FIRST), (FIRST + 3, FIRST + 2)):
        moment = latest(replace(RUN, reported=reported))
        assert (moment and moment.second) == second
        assert moment is None or moment == series(RUN)[moment.second - FIRST]


def test_how_long_it_took_is_told_of_all_that_ended_in_a_moment() -> None:
    """Half of it, all but a twentieth, all but a hundredth, and the longest, whichever of its seconds each ended in."""
    counts = Counts(RUN.counts.limits)
    for second in (0, 1):
        counts.add(OPERATION, FIRST + second, [number / 1000 for number in range(1 + second, 101, 2)], plotted=True)
    moment, *_ = series(replace(RUN, counts=counts), most=2)
    assert moment.width > 1
    told = (moment.p50, moment.p95, moment.p99, moment.highest)
    assert told == pytest.approx((0.05, 0.095, 0.099, 0.1), rel=0.01)
