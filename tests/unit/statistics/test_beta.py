"""The incomplete beta function and the binomial tails."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.statistics.beta import _log_complement, log_at_least, log_at_most, log_beta, log_mass_above, log_tails

shares = st.floats(0.0005, 0.9995)


def exact_at_most(count: int, of: int, share: float) -> Fraction:
    p = Fraction(share)
    terms = (Fraction(math.comb(of, k)) * p**k * (1 - p) ** (of - k) for k in range(count + 1))
    return sum(terms, Fraction(0))


def logarithm(value: Fraction) -> float:
    return math.log(value.numerator) - math.log(value.denominator)


@given(st.integers(1, 60), st.data(), shares)
def test_tails_of_the_binomial_are_those_of_exact_arithmetic(of: int, data: st.DataObject, share: float) -> None:
    """Both tails agree with rational arithmetic to nine digits, however small they are."""
    count = data.draw(st.integers(0, of - 1))
    exact = exact_at_most(count, of, share)
    assert log_at_most(count, of, share) == pytest.approx(logarithm(exact), rel=1e-9, abs=1e-9)
    assert log_at_least(count + 1, of, share) == pytest.approx(logarithm(1 - exact), rel=1e-9, abs=1e-9)


@given(st.floats(0.1, 1e8), st.floats(0.1, 1e8), shares)
def test_the_two_tails_add_up_to_one(a: float, b: float, x: float) -> None:
    """What is not below is above."""
    lower, upper = log_tails(x, a, b)
    assert math.exp(lower) + math.exp(upper) == pytest.approx(1, abs=1e-9)


@given(st.floats(0.1, 1e6), st.floats(0.1, 1e6), shares)
def test_the_function_is_symmetric(a: float, b: float, x: float) -> None:
    """I_x(a, b) is 1 - I_{1-x}(b, a) (DLMF 8.17.4)."""
    assert math.exp(log_tails(x, a, b)[0]) == pytest.approx(math.exp(log_tails(1 - x, b, a)[1]), abs=1e-8)


def test_large_counts_lose_no_digits() -> None:
    """At the mean of a hundred million requests the tails are a half, less and more what the skewness says."""
    n, share = 10**8, 0.01
    sigma = math.sqrt(n * share * (1 - share))
    correction = (0.5 + (1 - 2 * share) / 6) / (sigma * math.sqrt(2 * math.pi))
    assert math.exp(log_at_most(n * share, n, share)) == pytest.approx(0.5 + correction, abs=1e-8)


@given(st.floats(0.2, 500), st.floats(0.2, 500))
def test_the_beta_function_is_that_of_the_gamma_function(a: float, b: float) -> None:
    """B(a, b) is what three gamma functions say."""
    assert log_beta(a, b) == pytest.approx(math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b), abs=1e-9)


@pytest.mark.parametrize("b", [1, 2, 7, 400])
def test_mass_above_needs_no_integrable_density_at_zero(b: int) -> None:
    """For a = 0 the mass above x is -ln x less a finite series."""
    x = 0.01
    series = -math.log(x) - math.fsum((1 - x) ** j / j for j in range(1, b))
    assert math.exp(log_mass_above(x, 0, b)) == pytest.approx(series, rel=1e-6)


def test_the_certain_has_no_complement() -> None:
    """Where rounding makes a tail certain, the other one is impossible, not an error."""
    assert _log_complement(0.0) == -math.inf


def test_edges_are_certain() -> None:
    """At 0 and 1, and for counts outside the possible, there is nothing to compute."""
    assert log_tails(0, 1, 1) == (-math.inf, 0.0)
    assert log_tails(1, 1, 1) == (0.0, -math.inf)
    assert (log_at_least(0, 5, 0.5), log_at_least(6, 5, 0.5)) == (0.0, -math.inf)
    assert (log_at_most(5, 5, 0.5), log_at_most(-1, 5, 0.5)) == (0.0, -math.inf)


@pytest.mark.parametrize(("x", "a", "b"), [(-0.1, 1, 1), (1.1, 1, 1), (0.5, 0, 1), (0.5, 1, 0), (math.nan, 1, 1)])
def test_outside_its_domain_it_refuses(x: float, a: float, b: float) -> None:
    """No number comes out for arguments that have none."""
    with pytest.raises(ValueError, match="not defined"):
        log_tails(x, a, b)
