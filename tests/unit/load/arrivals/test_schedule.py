"""Arrivals: complete, in order, the same for any number of processes, and distributed as they should be."""

from collections import Counter
from dataclasses import replace
from heapq import merge
from itertools import islice, pairwise
from math import exp, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtests.arrivals import Arrival, arrivals, offsets
from loadtests.arrivals.processes import LANES, even, poisson
from loadtests.profiles.model import Arriving, OperationRate, Profile
from loadtests.profiles.phases import Segment, spike, steady
from tests.unit.load.arrivals.make import MIX, profile, profiles

KINDS: tuple[Arriving, ...] = ("constant", "poisson")


@settings(max_examples=40)
@given(profiles, st.integers(1, 12))
def test_all_shares_together_are_the_profiles_arrivals(profile: Profile, of: int) -> None:
    """However many processes share a profile, together they make exactly its arrivals, each with its journey."""
    shares = [list(arrivals(profile, share, of)) for share in range(of)]
    assert sorted(arrival for share in shares for arrival in share) == sorted(arrivals(profile))


@settings(max_examples=40)
@given(profiles, st.integers(1, 12), st.data())
def test_arrivals_are_in_order_and_within_the_phases(profile: Profile, of: int, data: st.DataObject) -> None:
    """Every share's arrivals ascend and lie within the profile's duration."""
    share = data.draw(st.integers(0, of - 1))
    moments = [arrival.offset for arrival in arrivals(profile, share, of)]
    assert moments == sorted(moments)
    assert all(0 <= moment <= profile.duration * (1 + 1e-12) for moment in moments)


@settings(max_examples=40)
@given(profiles)
def test_the_seed_decides(profile: Profile) -> None:
    """The same profile gives the same arrivals every time."""
    assert list(arrivals(profile)) == list(arrivals(profile))


def test_another_seed_gives_other_arrivals() -> None:
    """Two seeds share no moment."""
    one, other = ({a.offset for a in arrivals(profile(steady(10, 10), seed=seed))} for seed in (1, 2))
    assert one
    assert not one & other


def test_another_seed_gives_other_journeys_to_the_same_moments() -> None:
    """Of constant arrivals, who does what when is all that a seed can decide."""
    one, other = ([*arrivals(profile(steady(10, 10), arrivals="constant", seed=seed))] for seed in (1, 2))
    assert [arrival.offset for arrival in one] == [arrival.offset for arrival in other]
    assert one != other


@settings(max_examples=40)
@given(profiles)
def test_constant_arrivals_are_as_many_as_are_expected(profile: Profile) -> None:
    """Constant arrivals are the expected number, rounded, and nothing else."""
    if profile.arrivals == "constant":
        assert sum(1 for _ in arrivals(profile)) == round(profile.expected)


@settings(max_examples=60)
@given(profiles)
def test_no_schedule_has_fewer_arrivals_than_its_profile_says(profile: Profile) -> None:
    """What a whole run is held against is never more than its schedule asks for, and hardly less."""
    rate = OperationRate("auth health", (steady(20, 3),))
    both = replace(profile, rates=(rate,))
    asked = sum(1 for _ in arrivals(both)) + sum(1 for _ in offsets(both, rate))
    assert both.fewest_arrivals <= asked <= both.fewest_arrivals + 11 * sqrt(asked) + 26
    if both.arrivals == "constant":
        assert both.fewest_arrivals == asked


def test_each_schedule_of_constant_arrivals_is_rounded_by_itself() -> None:
    """Seven and a half, twice, are eight and eight; as they are asked for, so they are held against."""
    rate = OperationRate("auth health", (steady(5, 1.5),))
    both = replace(profile(steady(5, 1.5), arrivals="constant"), rates=(rate,))
    asked = sum(1 for _ in arrivals(both)) + sum(1 for _ in offsets(both, rate))
    assert both.fewest_arrivals == asked == 16


def test_constant_arrivals_are_evenly_spaced() -> None:
    """At 10 a second constant arrivals are a tenth of a second apart, and half of that from either end."""
    moments = [arrival.offset for arrival in arrivals(profile(steady(2, 10), arrivals="constant"))]
    assert moments == pytest.approx([0.05 + 0.1 * index for index in range(20)])


@given(st.integers(1, 400), st.integers(1, 9), st.integers(0, 100))
def test_constant_arrivals_are_shared_fairly(total: int, of: int, seed: int) -> None:
    """Of constant arrivals no process gets two more than another."""
    shares = [sum(1 for _ in even(total, str(seed), share, of)) for share in range(of)]
    assert sum(shares) == total
    assert max(shares) - min(shares) <= 1


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("share", "of"), [(0, 1), (1, 2), (2, 7)])
def test_constant_arrivals_keep_the_mix_at_every_moment(seed: int, share: int, of: int) -> None:
    """After any number of constant arrivals, of any share, each journey was made as often as its weight says, but 6."""
    made: Counter[str] = Counter()
    level = profile(steady(100, 40), arrivals="constant", seed=seed)
    for number, arrival in enumerate(arrivals(level, share, of), 1):
        made[arrival.journey] += 1
        assert all(abs(made[name] - number * weight / 10) <= 6 for name, weight in MIX.items())


@pytest.mark.parametrize("seed", range(20))
def test_random_arrivals_keep_the_mix_in_the_long_run(seed: int) -> None:
    """Of 4,000 random arrivals each journey gets its share within four standard deviations."""
    made = Counter(arrival.journey for arrival in arrivals(profile(steady(100, 40), seed=seed)))
    total = made.total()
    for name, weight in MIX.items():
        share = weight / 10
        assert abs(made[name] - total * share) <= 4 * sqrt(total * share * (1 - share))


@pytest.mark.parametrize("seed", range(20))
def test_random_arrivals_are_as_many_as_a_poisson_process_has(seed: int) -> None:
    """The number of random arrivals is within four standard deviations of what is expected, in each phase."""
    phases = (Segment(20, 0, 50), steady(10, 50), *spike(20, 20, 200, 4))
    moments = [arrival.offset for arrival in arrivals(profile(*phases, seed=seed))]
    for begins, ends, expected in ((0, 20, 500), (20, 30, 500), (30, 38, 160), (38, 42, 800), (42, 50, 160)):
        assert abs(sum(begins <= moment < ends for moment in moments) - expected) <= 4 * sqrt(expected)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(("share", "of"), [(0, 1), (3, 4), (6, 7)])
def test_gaps_of_random_arrivals_are_exponential(seed: int, share: int, of: int) -> None:
    """The gaps of each share are exponentially distributed: Kolmogorov's distance stays below its bound at 1e-4."""
    rate = 200 * len(range(share, LANES, of)) / LANES
    moments = [arrival.offset for arrival in arrivals(profile(steady(50, 200), seed=seed), share, of)]
    gaps = sorted(after - before for before, after in pairwise(moments))
    distance = max(
        max(abs(1 - exp(-rate * gap) - index / len(gaps)), abs(1 - exp(-rate * gap) - (index + 1) / len(gaps)))
        for index, gap in enumerate(gaps)
    )
    # 2 exp(-2 n d^2) = 1e-4
    assert distance <= 2.23 / sqrt(len(gaps))


@pytest.mark.parametrize("seed", range(10))
def test_random_arrivals_forget(seed: int) -> None:
    """One gap says nothing of the next: their correlation is that of chance."""
    moments = [arrival.offset for arrival in arrivals(profile(steady(50, 200), seed=seed))]
    gaps = [after - before for before, after in pairwise(moments)]
    mean = sum(gaps) / len(gaps)
    variance = sum((gap - mean) ** 2 for gap in gaps)
    correlation = sum((one - mean) * (next_one - mean) for one, next_one in pairwise(gaps)) / variance
    assert abs(correlation) <= 4 / sqrt(len(gaps))


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_run_is_drawn_as_it_goes(kind: Arriving) -> None:
    """The first arrivals of a week at a million a second are there at once."""
    assert len(list(islice(arrivals(profile(steady(7 * 86400, 1e6), arrivals=kind)), 3))) == 3


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("share", "of"), [(-1, 1), (1, 1), (0, 0), (0, LANES + 1)])
def test_a_share_that_does_not_exist(kind: Arriving, share: int, of: int) -> None:
    """A share that is none of all, and more shares than lanes, is an error."""
    with pytest.raises(ValueError, match=f"no share {share} of {of}"):
        next(arrivals(profile(steady(1, 1), arrivals=kind), share, of))


def test_without_phases_nobody_arrives() -> None:
    """A profile without phases has no arrivals."""
    assert list(arrivals(profile(arrivals="closed"))) == []


@pytest.mark.parametrize("kind", KINDS)
def test_rates_have_a_schedule_of_their_own(kind: Arriving) -> None:
    """The requests of a rate are shared like arrivals, and two operations of the same rate share no random moment."""
    both = [OperationRate(name, (steady(20, 50),)) for name in ("auth getKeySet", "chat getHealth")]
    run = profile(arrivals=kind)
    one, other = (list(offsets(run, rate)) for rate in both)
    assert list(merge(*(offsets(run, both[0], share, 3) for share in range(3)))) == one
    assert abs(len(one) - 1000) <= 4 * sqrt(1000)
    assert (one == other) == (kind == "constant")


def test_an_arrival_is_a_moment_and_a_journey() -> None:
    """An arrival can be taken apart."""
    offset, journey = Arrival(1.5, "browsing")
    assert (offset, journey) == (1.5, "browsing")


@given(st.floats(0.1, 300), st.integers(0, 1000))
def test_random_counts_end_where_they_should(total: float, seed: int) -> None:
    """No random count reaches the total."""
    assert all(0 < count < total and 0 <= choice < 1 for count, choice in poisson(total, str(seed)))
