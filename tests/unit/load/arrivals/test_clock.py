"""Expected counts as moments."""

from hypothesis import given
from hypothesis import strategies as st

from loadtests.arrivals.schedule import Clock
from loadtests.profiles.phases import Segment, duration, expected, spike, steady
from tests.unit.load.arrivals.make import phases


def due(lines: tuple[Segment, ...], moment: float) -> float:
    """How many are expected until `moment`, by the trapezium of each segment: the clock the other way round."""
    total = 0.0
    for line in lines:
        lasts = min(moment, line.lasts)
        total += lasts * (line.begins + (line.ends - line.begins) * lasts / line.lasts / 2)
        moment -= lasts
    return total


@given(phases, st.lists(st.floats(0, 1), max_size=20))
def test_the_clock_is_the_inverse_of_what_is_due(some: tuple[Segment, ...], parts: list[float]) -> None:
    """At the moment that the clock gives for a count, so many are due, whatever the phases."""
    clock = Clock(some)
    for count in sorted(part * expected(some) for part in parts):
        assert abs(due(some, clock.at(count)) - count) <= 1e-6 * max(1.0, expected(some))


@given(phases, st.lists(st.floats(0, 2), max_size=20))
def test_the_clock_never_goes_back_and_ends_with_the_phases(some: tuple[Segment, ...], parts: list[float]) -> None:
    """Moments ascend with their counts and stay within the phases, also for counts beyond all that are expected."""
    clock = Clock(some)
    moments = [clock.at(count) for count in sorted(part * expected(some) for part in parts)]
    assert moments == sorted(moments)
    assert all(0 <= moment <= duration(some) * (1 + 1e-12) for moment in moments)


def test_a_steady_rate_is_a_steady_clock() -> None:
    """At 4 a second the tenth is due after 2.5 s."""
    assert Clock([steady(10, 4)]).at(10) == 2.5


def test_a_ramp_from_nothing_begins_slowly() -> None:
    """On a ramp from 0 to 10 a second within 10 s, half of the 50 are due only after 7.07 s."""
    assert abs(Clock([Segment(10, 0, 10)]).at(25) - 50**0.5) < 1e-12


def test_a_spike_comes_in_the_middle() -> None:
    """Of a spike of 2 s in 10 s, the arrivals before it take the first 4 s, and those of it the next 2 s."""
    clock = Clock(spike(10, 1, 100, 2))
    assert [clock.at(count) for count in (0, 4, 104, 204, 208)] == [0, 4, 5, 6, 10]
