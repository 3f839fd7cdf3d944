"""Blocks: no alarm for bursts that are within the limit, and not much slower for shares that are not."""

import math
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.statistics.blocks import GREED, BlockTest, design_effect, effective
from fixtures.statistics.bounds import exceeds, upper_bound
from fixtures.statistics.characteristics import characteristics
from fixtures.statistics.sequential import Decision, ShareTest
from tests.unit.statistics.bursts import blocks, runs_of_blocks

RATE, SECONDS = 10, 300
"""Ten requests a second for five minutes: a canary's probes."""
CONFIDENCE = 0.001
"""Of the Monte Carlo bound: the share of alarms is below the bound but once in a thousand seeds."""


@pytest.mark.parametrize("limit", [0.01, 0.05])
@pytest.mark.parametrize("length", [2, 5, 10])
def test_bursts_at_half_the_limit_do_not_alarm(limit: float, length: int) -> None:
    """Looked at every second, bursts of mean length 2 to 10 at half the limit alarm in <= 0.001 of runs, proven."""
    random, runs = Random(20), 20_000 if length == 10 else 8_000
    alarms = 0
    for _ in range(runs):
        test = BlockTest(limit)
        for n, bad, times in runs_of_blocks(random, share=limit / 2, length=length, seconds=SECONDS, rate=RATE):
            test.observe(n, bad, times)
        alarms += test.decision is Decision.REJECT
    assert upper_bound(alarms, runs, CONFIDENCE) <= 0.001


@pytest.mark.parametrize("length", [2, 5, 10])
def test_bursts_at_half_the_limit_do_not_fail_a_finished_run(length: int) -> None:
    """Judged once at the end on effective counts, the same bursts alarm in <= 0.001 of runs, proven."""
    random, runs, limit = Random(21), 12_000, 0.01
    alarms = 0
    for _ in range(runs):
        n, bad = effective(list(blocks(random, share=limit / 2, length=length, seconds=SECONDS, rate=RATE)))
        alarms += exceeds(bad, n, limit) <= 0.001
    assert upper_bound(alarms, runs, CONFIDENCE) <= 0.001


@pytest.mark.parametrize("length", [5, 10])
def test_requests_taken_for_independent_do_alarm(length: int) -> None:
    """The reason for blocks: the test by request alarms in more than five of a hundred of the same runs."""
    random, test, alarms = Random(22), ShareTest(0.01), 0
    for _ in range(400):
        n = bad = 0
        for block, failed in blocks(random, share=0.005, length=length, seconds=SECONDS, rate=RATE):
            n, bad = n + block, bad + failed
            if test.decide(n, bad) is Decision.REJECT:
                alarms += 1
                break
    assert alarms / 400 > 0.05


@pytest.mark.parametrize("share", [0.02, 0.05, 0.10])
def test_detection_costs_at_most_twice_the_time(share: float) -> None:
    """Independent errors of 2, 5 and 10 % against 1 %: mean seconds by blocks <= 2 x those by requests (exact)."""
    random, runs, total = Random(23), 400, 0
    for _ in range(runs):
        test = BlockTest(0.01)
        for block in runs_of_blocks(random, share=share, length=1 / (1 - share), seconds=5000, rate=RATE):
            if test.observe(*block) is Decision.REJECT:
                break
        assert test.decision is Decision.REJECT
        total += test.blocks
    by_request = characteristics(ShareTest(0.01, below=0.02), share).mean / RATE
    assert total / runs <= 2 * by_request


def test_a_total_outage_takes_seven_blocks() -> None:
    """However many requests a second holds, seven of nothing but errors are evidence, and six are not."""
    for rate in (1, 10, 1000, 100_000):
        test = BlockTest(0.01)
        assert [test.observe(rate, rate) for _ in range(6)] == [Decision.UNDECIDED] * 6
        assert test.observe(rate, rate) is Decision.REJECT
        assert test.observe(rate, 0) is Decision.REJECT


@given(st.floats(0.001, 0.9), st.lists(st.tuples(st.integers(0, 2000), st.floats(0, 1)), max_size=30))
def test_no_block_multiplies_evidence_beyond_its_greed(limit: float, seen: list[tuple[int, float]]) -> None:
    """One second, be it as bad as it may, is worth at most a factor of four."""
    test, evidence = BlockTest(limit), [0.0]
    for n, share in seen:
        test.observe(n, int(n * share))
        evidence.append(test.log_evidence())
    assert all(after - before <= math.log(GREED) + 1e-9 for before, after in pairwise(evidence))


@given(st.floats(0.001, 0.9), st.integers(1, 60), st.floats(0, 1))
def test_a_bet_on_a_block_is_fair_whatever_happens_inside(limit: float, n: int, clumping: float) -> None:
    """All errors in one clump or spread evenly: at the limit the expected evidence of a block is at most 1."""
    clumped, spread = BlockTest(limit)._block(n, n), BlockTest(limit)._block(n, 0)
    counts = [math.comb(n, bad) * limit**bad * (1 - limit) ** (n - bad) for bad in range(n + 1)]
    independent = [BlockTest(limit)._block(n, bad) for bad in range(n + 1)]
    for node in range(len(clumped)):
        together = limit * math.exp(clumped[node]) + (1 - limit) * math.exp(spread[node])
        apart = math.fsum(chance * math.exp(of[node]) for chance, of in zip(counts, independent, strict=True))
        assert clumping * together + (1 - clumping) * apart <= 1 + 1e-9


@given(st.lists(st.tuples(st.integers(1, 50), st.floats(0, 1)), max_size=30))
def test_effective_counts_keep_the_share_and_never_grow(seen: list[tuple[int, float]]) -> None:
    """Clumping makes requests worth less, never more, and does not move the share."""
    counted = [(n, int(n * share)) for n, share in seen]
    n, bad = sum(n for n, _ in counted), sum(bad for _, bad in counted)
    worth, worth_bad = effective(counted)
    assert worth <= n
    assert worth_bad * n == pytest.approx(bad * worth)


def test_independent_errors_are_worth_themselves_and_clumped_ones_their_clumps() -> None:
    """The design effect of independent errors is about 1, that of clumps of ten about ten."""
    random = Random(24)
    free = list(blocks(random, share=0.02, length=1 / 0.98, seconds=20_000, rate=50))
    clumps = [(50, 10 * sum(random.random() < 0.02 for _ in range(5))) for _ in range(20_000)]
    assert design_effect(free) == pytest.approx(1, abs=0.1)
    assert design_effect(clumps) == pytest.approx(10, rel=0.1)


@pytest.mark.parametrize("seen", [[], [(10, 3)], [(10, 0), (10, 0)], [(10, 10), (5, 5)], [(10, 4), (0, 0)]])
def test_without_anything_to_compare_requests_are_independent(seen: list[tuple[int, int]]) -> None:
    """One block, no errors or nothing else: there is no clumping to be seen."""
    assert design_effect(seen) == 1


def test_an_empty_second_says_nothing() -> None:
    """A block without requests is no evidence in either direction."""
    test = BlockTest(0.01)
    test.observe(0, 0)
    assert test.blocks == 0
    assert test.log_evidence() == pytest.approx(0)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)), max_size=10))
def test_the_same_block_many_times_is_counted_as_often(seen: list[tuple[int, int]]) -> None:
    """Blocks given as runs of the same weigh what they weigh one by one."""
    joined, single = BlockTest(0.05), BlockTest(0.05)
    for bad, times in seen:
        joined.observe(50, bad, times)
        single.observe_all([(50, bad)] * times)
    assert joined.blocks == single.blocks
    assert joined.log_evidence() == pytest.approx(single.log_evidence(), abs=1e-9)


def test_a_table_of_factors_stays_small() -> None:
    """Blocks of ever different sizes do not fill the memory."""
    test = BlockTest(0.01)
    for n in range(6000, 1000, -1):
        test.observe(n, 1)
    assert len(test._factors) == 4096
    assert test.decision is Decision.UNDECIDED


@pytest.mark.parametrize(("limit", "alpha"), [(0, 0.1), (1, 0.1), (0.1, 0), (0.1, 1)])
def test_a_test_that_means_nothing_is_refused(limit: float, alpha: float) -> None:
    """Limits and levels lie between 0 and 1; bad requests are among the requests."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        BlockTest(limit, alpha=alpha)
    with pytest.raises(ValueError, match="cannot have been bad"):
        BlockTest(0.1).observe(1, 2)
