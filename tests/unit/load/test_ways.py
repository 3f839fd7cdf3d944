"""How far a target is: told where it is much of what may be allowed, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.statistics.histogram import Histogram
from loadtests.ways import told


def ways(seconds: list[float]) -> Histogram:
    taken = Histogram()
    taken.add(seconds)
    return taken


@given(st.lists(st.floats(0, 0.049)), st.floats(1, 60))
def test_a_near_target_is_not_talked_about(seconds: list[float], limit: float) -> None:
    """What is within a twentieth of the limit explains no latency."""
    assert told(ways(seconds), limit) == ()


@given(st.lists(st.floats(0.06, 10), min_size=1))
def test_a_distant_target_is_always_told(seconds: list[float]) -> None:
    """However long its connections took, it is one sentence with their number."""
    [note] = told(ways(seconds), 1.0)
    assert f"for {len(seconds)} connection" in note


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        ([0.3] * 200, "took 300 ms (p50) and 300 ms (p99) for 200 connections"),
        ([0.01] * 97 + [1.0] * 3, "took 9.98 ms (p50) and 1 s (p99) for 100 connections"),
    ],
)
def test_it_says_how_long_and_how_often_the_network_stalled(seconds: list[float], said: str) -> None:
    """Who is on call has to tell the network from the platform: a stall is none of its services'."""
    [note] = told(ways(seconds), 1.0)
    assert said in note
    assert "two round trips before any service is asked" in note
