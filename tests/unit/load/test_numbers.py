"""Numbers as people read them, and where charts put them."""

import math
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from loadtests import numbers
from loadtests.report.charts.frame import path
from loadtests.report.charts.scale import Scale, linear_ticks, log_edges, log_ticks, spread, time_ticks
from loadtests.report.charts.spark import spark

POSITIVE = st.floats(1e-6, 1e9)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, numbers.NOTHING),
        (math.inf, "never"),
        (0.0, "0 ms"),
        (0.2049, "205 ms"),
        (0.00453, "4.53 ms"),
        (0.000012, "0.012 ms"),
        (0.000000477, "< 0.001 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1 s"),
        (1.25, "1.25 s"),
        (75.04, "75 s"),
        (12_345.0, "12,300 s"),
    ],
)
def test_latencies_have_three_digits_and_a_unit(seconds: float | None, text: str) -> None:
    """A latency is read at once and rounded to no more than half a per cent of itself."""
    assert numbers.latency(seconds) == text


@pytest.mark.parametrize(
    ("fraction", "text"),
    [
        (None, numbers.NOTHING),
        (0.0, "0 %"),
        (1.0, "100 %"),
        (0.0052, "0.52 %"),
        (0.00083, "0.083 %"),
        (1e-9, "< 0.0001 %"),
        (0.999, "99.9 %"),
        (0.9997, "99.97 %"),
        (0.99999, "99.999 %"),
        (0.5, "50 %"),
    ],
)
def test_shares_tell_what_is_missing_to_all(fraction: float | None, text: str) -> None:
    """A small share keeps its digits, and one just below all does not read as all."""
    assert numbers.share(fraction) == text


def test_times_are_those_of_a_clock() -> None:
    """Offsets, durations and moments are written as clocks and people do."""
    assert [numbers.offset(seconds) for seconds in (0, 65, 3_600, 3_723)] == ["0:00", "1:05", "1:00:00", "1:02:03"]
    assert [numbers.duration(seconds) for seconds in (45, 60, 125, 3_600, 3_900)] == [
        "45 s",
        "1 min",
        "2 min 5 s",
        "1 h",
        "1 h 5 min",
    ]
    assert numbers.when(1_764_000_000) == "2025-11-24 16:00:00 UTC"
    assert (numbers.several(1, "sample"), numbers.several(12_345, "sample")) == ("1 sample", "12,345 samples")


@given(POSITIVE, st.integers(1, 6))
def test_rounding_stays_near(number: float, digits: int) -> None:
    """What is written differs from the number by half a unit of its last digit at most."""
    read = float(numbers.significant(number, digits).replace(",", ""))
    assert read == pytest.approx(number, rel=5.01 * 10.0**-digits)


@pytest.mark.parametrize(
    ("quantile", "text"), [(0.5, "p50"), (0.99, "p99"), (0.9995, "p99.95"), (0.999995, "p99.9995")]
)
def test_percentiles_are_called_as_budgets_call_them(quantile: float, text: str) -> None:
    """As many digits as it has, and none that says nothing."""
    assert numbers.percentile(quantile) == text


@given(POSITIVE, POSITIVE, st.booleans(), st.lists(st.floats(0, 2e9), min_size=2))
def test_scales_keep_order_and_stay_inside(low: float, high: float, log: bool, values: list[float]) -> None:  # noqa: FBT001
    """More is never drawn before less, and nothing beyond the edges, infinity included."""
    # Axes are longer than that; numbers that are neighbours have one logarithm.
    assume(low * 1.001 < high)
    scale = Scale(low, high, 10, 200, log=log)
    places = [scale(value) for value in (*sorted(values), math.inf)]
    assert places == sorted(places)
    assert places[0] >= 10 - 1e-6
    assert places[-1] <= 200 + 1e-6


@given(POSITIVE, POSITIVE)
def test_axes_have_round_ticks_within_their_edges(one: float, other: float) -> None:
    """A logarithmic axis holds its values, is at least a decade long, and names two to ten places of it."""
    low, high = log_edges(min(one, other), max(one, other))
    assert low <= min(one, other) * 1.001
    assert high >= max(one, other) * 0.999
    assert high >= low * 10 * 0.999
    ticks = log_ticks(low, high)
    assert 1 <= len(ticks) <= 16
    assert all(low * 0.99 <= tick <= high * 1.01 for tick in ticks)


@given(st.floats(0, 1e9))
def test_linear_axes_hold_their_values(high: float) -> None:
    """A linear axis begins at 0, goes as far as its values, and has few ticks."""
    ticks = linear_ticks(high)
    assert ticks[0] == 0
    assert ticks[-1] >= high * 0.999
    assert 2 <= len(ticks) <= 6


@given(st.floats(1, 1e6))
def test_clock_axes_have_few_ticks(seconds: float) -> None:
    """A run of a second and one of days have at most so many names on their axis."""
    assert 1 <= len(time_ticks(seconds)) <= 13


@given(st.lists(st.floats(0, 300), max_size=8))
def test_names_do_not_overlap(places: list[float]) -> None:
    """Names beside a chart keep their distance and their order, and stay on it while there is room."""
    moved = spread(places, 16, 0, 300)
    ordered = sorted(moved)
    assert all(later - earlier >= 16 - 1e-6 for earlier, later in pairwise(ordered))
    assert all(-1e-6 <= place <= 300 + 1e-6 for place in moved)
    by_place = sorted(range(len(places)), key=lambda index: places[index])
    assert [moved[index] for index in by_place] == ordered


def test_a_single_point_is_seen() -> None:
    """A line of one point is a short dash, and a line of none is nothing."""
    assert path([(5, 5)]) == "M2.5 5.0L7.5 5.0"
    assert [part.tag for part in spark([], 0, 10, "nothing")] == ["title", "line"]


def test_a_spark_keeps_its_peak() -> None:
    """Thinned to a few points, a line as small as a word still shows the highest."""
    points = [(float(second), 9.0 if second == 777 else 1.0) for second in range(1_000)]
    drawn = next(part.get("d", "") for part in spark(points, 0, 1_000, "peak") if part.tag == "path")
    assert drawn.count("L") < 70
    assert drawn.count(" 3.0") == 1
