"""Bounds of shares and quantiles, and what would settle a question."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.statistics.beta import log_at_least, log_at_most
from fixtures.statistics.bounds import (
    MOST_SAMPLES,
    exceeds,
    lower_bound,
    samples_to_settle,
    stays_below,
    upper_bound,
)

levels = st.sampled_from([1e-4, 1e-3, 0.025])
counts = st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("bad", "n", "low", "high"),
    [
        (1, 10, 0.00252858, 0.44501612),  # R: binom.test(1, 10)
        (0, 10, 0.0, 0.30849710),  # R: binom.test(0, 10)
        (10, 10, 0.69150290, 1.0),
        (81, 263, 0.25273674, 0.36762192),  # Newcombe 1998, table I
        (15, 148, 0.05784200, 0.16165140),  # Newcombe 1998, table I
    ],
)
def test_bounds_are_those_of_the_literature(bad: int, n: int, low: float, high: float) -> None:
    """The 95 % Clopper-Pearson intervals that R and Newcombe print."""
    assert lower_bound(bad, n, 0.025) == pytest.approx(low, abs=5e-5)
    assert upper_bound(bad, n, 0.025) == pytest.approx(high, abs=5e-5)


@given(counts, levels)
def test_a_bound_is_where_the_tail_has_the_level(count: tuple[int, int], level: float) -> None:
    """At the lower bound as many bad ones or more have the probability `level`, at the upper as many or fewer."""
    bad, n = count
    low, high = lower_bound(bad, n, level), upper_bound(bad, n, level)
    assert low <= bad / n <= high
    if bad:
        assert log_at_least(bad, n, low) == pytest.approx(math.log(level), abs=1e-5)
    if bad < n:
        assert log_at_most(bad, n, high) == pytest.approx(math.log(level), abs=1e-5)


@given(counts, levels, st.floats(0.001, 0.999))
def test_p_values_and_bounds_say_the_same(count: tuple[int, int], level: float, limit: float) -> None:
    """A limit outside the bound is refuted at the bound's level, and only then."""
    bad, n = count
    low, high = lower_bound(bad, n, level), upper_bound(bad, n, level)
    if abs(limit - low) > 1e-6:
        assert (exceeds(bad, n, limit) <= level) == (limit < low)
    if abs(limit - high) > 1e-6:
        assert (stays_below(bad, n, limit) <= level) == (limit > high)


def test_a_bound_beside_one_ends() -> None:
    """Where no number lies between the bound and 1, the search ends, outside of the truth."""
    n = 10**9
    assert (n - 1) / n < upper_bound(n - 1, n, 1e-4) <= 1
    assert 0 <= lower_bound(1, n, 1e-4) < 1 / n


def test_nothing_observed_proves_nothing() -> None:
    """Without a request both p-values are 1, and what would settle it is as many as prove most: good ones alone."""
    assert exceeds(0, 0, 0.01) == stays_below(0, 0, 0.01) == 1
    assert samples_to_settle(0, 0, 0.01, reject=0.001, accept=0.001) == 688


@given(counts, st.sampled_from([0.001, 0.01, 0.05, 0.5]))
def test_so_many_more_settle_it_and_no_fewer(count: tuple[int, int], limit: float) -> None:
    """With the samples it asks for, at the same share, the bound is beyond the limit; with one less it is not."""
    bad, n = count
    share = bad / n
    more = samples_to_settle(bad, n, limit, reject=0.001, accept=0.001)
    if more is None:
        assert abs(share - limit) < 0.001 * limit
        return

    def settled(total: float) -> bool:
        return min(exceeds(share * total, total, limit), stays_below(share * total, total, limit)) <= 0.001

    assert settled(n + more)
    assert more == 0 or not settled(n + more - 1)


def test_a_share_at_the_limit_is_never_settled() -> None:
    """Exactly at the limit, or as good as, no number of samples will do."""
    assert samples_to_settle(10, 1000, 0.01, reject=0.001, accept=0.001) is None
    assert samples_to_settle(1000, 99_999, 0.01, reject=0.001, accept=0.001) is None
    assert samples_to_settle(0, 1, 1e-9, reject=0.001, accept=0.001) is None
    assert MOST_SAMPLES == 10**9


@pytest.mark.parametrize(("bad", "n", "level"), [(-1, 5, 0.1), (6, 5, 0.1), (0, 0, 0.1), (1, 5, 0), (1, 5, 1)])
def test_impossible_counts_are_refused(bad: int, n: int, level: float) -> None:
    """There is no bound of what cannot have been counted."""
    for bound in (lower_bound, upper_bound):
        with pytest.raises(ValueError, match="no bound"):
            bound(bad, n, level)


@pytest.mark.parametrize(("bad", "n"), [(-1, 5), (6, 5), (0, -1)])
def test_impossible_counts_have_no_p_value(bad: int, n: int) -> None:
    """Counts that cannot be are an error, and no proof."""
    for p_value in (exceeds, stays_below):
        with pytest.raises(ValueError, match="cannot have been bad"):
            p_value(bad, n, 0.01)
