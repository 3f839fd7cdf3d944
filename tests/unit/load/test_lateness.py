"""Looks at a loop: those that a stall left out were as late as whoever came then."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.lateness import looks


@given(st.floats(-1.0, 10.0), st.floats(0.001, 1.0))
def test_every_look_that_fell_into_a_stall_is_one(late: float, every: float) -> None:
    """The first waited longest, each later one a period less, and the last for what is left of it."""
    found = list(looks(late, every))
    assert found[0] == max(0.0, late)
    assert all(one - other == pytest.approx(every) for one, other in pairwise(found))
    assert 0.0 <= found[-1] <= every
    assert len(found) == pytest.approx(max(late, 0.0) / every, abs=1.01) or len(found) == 1


def test_ten_stalls_in_twenty_seconds_are_seen_in_a_hundredth() -> None:
    """Ten looks of a thousand would be a hundredth at most; for half of the time nobody was served."""
    stalled = [look for _ in range(10) for look in looks(1.0, 0.01)]
    assert len(stalled) == pytest.approx(1000, abs=10)
    assert sorted(stalled)[len(stalled) // 2] == pytest.approx(0.5, abs=0.02)
