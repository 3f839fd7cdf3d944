"""A profile scaled for another machine, or for less time."""

from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.budgets.model import Budget, Errors, Share
from loadtests.profiles.model import OperationRate, Profile
from loadtests.profiles.phases import Segment, duration, expected, highest, spike, steady, steady_from

PROFILE = Profile(
    name="made",
    summary="made by a test",
    source="made.toml",
    arrivals="poisson",
    phases=(Segment(10, 0, 20), steady(20, 20), *spike(30, 20, 100, 10)),
    mix=MappingProxyType({"browsing": 1}),
    people=100,
    rates=(OperationRate("auth getKeySet", (steady(30, 500),)),),
    connections=50,
    budget=Budget(()),
    called=frozenset({"auth getKeySet"}),
    measured=frozenset({"browsing"}),
)


def test_phases_are_made_of_straight_segments() -> None:
    """A steady rate is level, a ramp a slope, and a spike stands in the middle of its phase."""
    assert PROFILE.phases == (
        Segment(10, 0, 20),
        Segment(20, 20, 20),
        Segment(10, 20, 20),
        Segment(10, 100, 100),
        Segment(10, 20, 20),
    )
    assert (duration(PROFILE.phases), expected(PROFILE.phases), highest(PROFILE.phases)) == (60, 1900, 100)
    assert (duration(()), expected(()), highest(())) == (0, 0, 0)


def test_a_profile_lasts_as_long_as_the_longest_of_its_parts() -> None:
    """Phases, rates and closed users each may outlast the others; rates at their highest are added up."""
    assert (PROFILE.duration, PROFILE.expected, PROFILE.peak) == (60, 1900, 600)
    assert PROFILE.open
    assert (PROFILE.plan.people, replace(PROFILE, people=0).plan.people) == (True, False)


@given(st.floats(0.01, 100), st.floats(0.1, 10_000))
def test_scaling_keeps_the_shape(rate: float, lasting: float) -> None:
    """Rates go up by their factor, time to what was asked for, and what is expected by both."""
    scaled = PROFILE.scaled(rate=rate, lasting=lasting)
    assert scaled.duration == pytest.approx(lasting)
    assert scaled.peak == pytest.approx(PROFILE.peak * rate)
    assert scaled.expected == pytest.approx(PROFILE.expected * rate * lasting / 60)
    assert len(scaled.phases) == len(PROFILE.phases)
    assert (scaled.mix, scaled.budget, scaled.seed, scaled.called) == (
        PROFILE.mix,
        PROFILE.budget,
        PROFILE.seed,
        PROFILE.called,
    )


_TIMES, _RATES = st.integers(1, 600), st.integers(1, 50)
_SEGMENTS = st.builds(steady, _TIMES, _RATES) | st.builds(Segment, _TIMES, _RATES, _RATES)
_PHASES = st.lists(_SEGMENTS, min_size=1, max_size=9).map(tuple)


@given(_PHASES, st.floats(0.01, 100))
def test_load_is_steady_from_its_last_change(phases: tuple[Segment, ...], stretch: float) -> None:
    """From there to the end the rate is that of the end, and just before it was another; stretched, it is later."""
    lasts = duration(phases)
    since, at = steady_from(phases, lasts), 0.0
    for segment in phases:
        if at >= since:
            assert segment.begins == segment.ends == phases[-1].ends
        if (at := at + segment.lasts) == since:
            assert segment.begins != segment.ends or segment.ends != phases[-1].ends
    stretched = [phase.scaled(3.0, stretch) for phase in phases]
    assert steady_from(stretched, duration(stretched)) == pytest.approx(since * stretch)
    assert steady_from(phases, lasts + 1) == lasts


def test_a_profile_is_steady_when_all_its_parts_are() -> None:
    """Journeys, rates and idle connections: the one that changes last counts, and an end before the run is a change."""
    level = replace(PROFILE, phases=(Segment(10, 0, 20), steady(50, 20)))
    assert PROFILE.steady_from == 50
    assert level.steady_from == 30  # where its rates end
    assert replace(level, rates=()).steady_from == 10
    assert replace(level, rates=(), connections=5000).steady_from == 25
    assert replace(level, rates=(), phases=(steady(60, 20),), connections=0).steady_from == 0
    assert level.plan.steady_from == 30
    closed = replace(PROFILE, arrivals="closed", phases=(), users=5, closed_lasts=20, connections=0)
    assert closed.steady_from == 20  # where its users go
    assert replace(closed, closed_lasts=30).steady_from == 0


@given(_PHASES, st.integers(1, 7 * 86400))
def test_a_line_is_watched_in_shorter_runs_only(phases: tuple[Segment, ...], provable: int) -> None:
    """However the parts of a stretched profile are rounded: watched a millisecond below its time, and not at it."""
    line = Errors("*", Share(Decimal(1)), Decimal(provable))
    made = replace(PROFILE, phases=phases, rates=(), budget=Budget((line,)))
    assert [question.watched for question in made.scaled(lasting=provable).plan.asked] == [False]
    assert [question.watched for question in made.scaled(lasting=provable - 1e-3).plan.asked] == [True]


def test_nothing_is_scaled_away() -> None:
    """However small the factor, a pair of people and one connection are left; what there was none of stays so."""
    scaled = PROFILE.scaled(rate=1e-9)
    assert (scaled.people, scaled.connections, scaled.users) == (2, 1, 0)
    assert PROFILE.scaled(rate=0.5).people == 50
    assert PROFILE.scaled() == PROFILE


def test_closed_users_are_scaled_too() -> None:
    """Of closed users there are more, for as long as is asked."""
    closed = Profile(
        name="closed",
        summary="closed",
        source="closed.toml",
        arrivals="closed",
        users=10,
        think=1,
        closed_lasts=60,
        mix=MappingProxyType({"browsing": 1}),
        people=20,
        budget=Budget(()),
        called=frozenset(),
        measured=frozenset(),
    )
    scaled = closed.scaled(rate=1.05, lasting=30)
    assert (scaled.users, scaled.closed_lasts, scaled.duration, scaled.think) == (11, 30, 30, 1)
    assert (scaled.open, scaled.phases, scaled.peak) == (False, (), 0)


@pytest.mark.parametrize("factor", [0.0, -1.0, float("nan"), float("inf")])
def test_a_scale_is_a_positive_number(factor: float) -> None:
    """Neither rate nor time is scaled by nothing, by less, or by what is no number."""
    with pytest.raises(ValueError, match="positive, finite"):
        PROFILE.scaled(rate=factor)
    with pytest.raises(ValueError, match="positive, finite"):
        PROFILE.scaled(lasting=factor)
