"""The sequential test: its tables, its evidence, and what lies past their end."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fixtures.statistics.sequential import TABLE_ROWS, Decision, ShareTest, anytime_interval, share_test

ERRORS = ShareTest(0.01, below=0.02)
limits = st.sampled_from([0.0005, 0.001, 0.01, 0.05, 0.3])
levels = st.sampled_from([1e-4, 1e-3, 0.01, 0.05])


@given(limits, st.sampled_from([1.0, 1.5, 2.0]), levels, levels)
@settings(max_examples=40)
def test_the_tables_are_where_the_evidence_crosses(limit: float, ratio: float, alpha: float, beta: float) -> None:
    """The recursion's integers are those of the mixtures evaluated directly: one less does not reach the threshold."""
    test = ShareTest(limit, below=limit * ratio, alpha=alpha, beta=beta)
    for n in (1, 2, 3, 10, 99, 1000, 20_000, 60_000):
        reject, accept = test.reject_from(n), test.accept_to(n)
        if reject <= n:
            assert test.log_evidence(n, reject)[0] >= math.log(1 / alpha) - 1e-6
        assert test.log_evidence(n, min(n, reject - 1))[0] < math.log(1 / alpha) + 1e-6
        if accept >= 0:
            assert test.log_evidence(n, accept)[1] >= math.log(1 / beta) - 1e-6
        if accept + 1 <= n:
            assert test.log_evidence(n, max(0, accept + 1))[1] < math.log(1 / beta) + 1e-6


@given(limits, levels)
@settings(max_examples=20)
def test_both_tables_are_monotone(limit: float, level: float) -> None:
    """With one more request a boundary stays or moves up by one, never down."""
    test = ShareTest(limit, alpha=level, beta=level)
    rejects = [test.reject_from(n) for n in range(5001)]
    accepts = [n - test.accept_to(n) for n in range(5001)]
    for table in (rejects, accepts):
        first = next((n for n in range(1, 5001) if table[n] <= n), 5000)
        assert all(table[n + 1] - table[n] in {0, 1} for n in range(first, 5000))


@given(st.floats(0.001, 0.3), st.integers(1, 400), st.data())
def test_evidence_is_fair_at_the_edge(limit: float, n: int, data: st.DataObject) -> None:
    """At the edge of the hypothesis the evidence is a martingale, so that Ville's inequality bounds it for ever."""
    test, bad = ShareTest(limit), data.draw(st.integers(0, n))
    now, worse, better = (test.log_evidence(*seen) for seen in ((n, bad), (n + 1, bad + 1), (n + 1, bad)))
    for today, if_bad, if_good in zip(now, worse, better, strict=True):
        growth = limit * math.exp(if_bad - today) + (1 - limit) * math.exp(if_good - today)
        assert growth == pytest.approx(1, rel=1e-5)


def test_past_the_end_of_the_tables_the_mixtures_are_evaluated() -> None:
    """Millions of requests are judged by the same law, in bounded memory."""
    test = ShareTest(0.01)
    n = 5_000_000
    assert test.decide(n, 48_000) is Decision.ACCEPT
    assert test.decide(n, 50_100) is Decision.UNDECIDED
    assert test.decide(n, 52_000) is Decision.REJECT
    test.reject_from(TABLE_ROWS - 1)
    assert test.decide(n, 50_100) is Decision.UNDECIDED
    assert len(test._reject.rows) == TABLE_ROWS


def test_the_last_row_and_the_first_evaluation_agree() -> None:
    """Nothing jumps where the tables end."""
    test = ShareTest(0.01)
    last = TABLE_ROWS - 1
    reject, accept = test.reject_from(last), test.accept_to(last)
    assert test.decide(TABLE_ROWS, reject + 1) is Decision.REJECT
    assert test.decide(TABLE_ROWS, reject - 1) is Decision.UNDECIDED
    assert test.decide(TABLE_ROWS, accept) is Decision.ACCEPT
    assert test.decide(TABLE_ROWS, accept + 2) is Decision.UNDECIDED


@pytest.mark.parametrize(
    ("limit", "below", "alpha", "beta"),
    [(0, 0.1, 0.1, 0.1), (0.1, 0.05, 0.1, 0.1), (0.1, 1, 0.1, 0.1), (0.1, 0.2, 0, 0.1), (0.1, 0.2, 0.1, 1)],
)
def test_a_test_that_means_nothing_is_refused(limit: float, below: float, alpha: float, beta: float) -> None:
    """Limits and levels lie between 0 and 1, and what is to be proven is not stricter than the limit."""
    with pytest.raises(ValueError, match="not"):
        ShareTest(limit, below=below, alpha=alpha, beta=beta)


def test_an_interval_ends_where_shares_do() -> None:
    """If all were bad, or none, the interval goes to the end."""
    assert anytime_interval(20, 20, 0.001, 0.001)[1] == 1
    assert anytime_interval(20, 0, 0.001, 0.001)[0] == 0
    assert anytime_interval(0, 0, 0.001, 0.001) == (0, 1)


@pytest.mark.parametrize(("n", "bad"), [(3, 1000), (5, -1), (-1, 0)])
def test_impossible_counts_are_refused(n: int, bad: int) -> None:
    """Counts that cannot be, such as those of a call that has mixed them up, prove nothing: they are an error."""
    with pytest.raises(ValueError, match="cannot have been bad"):
        ShareTest(0.01).decide(n, bad)
    with pytest.raises(ValueError, match="cannot have been bad"):
        anytime_interval(n, bad, 0.001, 0.001)


def test_the_same_question_shares_its_tables() -> None:
    """Asking again does not build again."""
    assert share_test(0.01, 0.001, 0.001) is share_test(0.01, 0.001, 0.001)
