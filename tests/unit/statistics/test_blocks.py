"""Blocks: no alarm for bursts that are within the limit, and not much slower for shares that are not."""

import math
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.statistics.blocks import GREED, REQUESTS, Blocks, BlockTest
from fixtures.statistics.bounds import exceeds, lower_bound, stays_below, upper_bound
from fixtures.statistics.characteristics import characteristics
from fixtures.statistics.sequential import Decision, ShareTest
from tests.unit.statistics.bursts import blocks, runs_of_blocks

RATE, SECONDS = 10, 300
"""Ten requests a second for five minutes: a canary's probes."""
CONFIDENCE = 0.001
"""Of the Monte Carlo bound: the share of alarms is below the bound but once in a thousand seeds."""
DOCS = Path(__file__).parents[3] / "docs"
PAGE, OF_LOAD = (" ".join((DOCS / name).read_text("utf-8").split()) for name in ("statistics.md", "load.md"))


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
        counted = Blocks.of(blocks(random, share=limit / 2, length=length, seconds=SECONDS, rate=RATE))
        alarms += exceeds(counted.bad / counted.effect, counted.n / counted.effect, limit) <= 0.001
    assert upper_bound(alarms, runs, CONFIDENCE) <= 0.001


@pytest.mark.parametrize(
    ("share", "length", "accepted"), [(0.01, 2, 5), (0.01, 5, 33), (0.01, 10, 113), (0.02, 5, 1), (0.02, 10, 12)]
)
def test_bursts_that_a_run_hardly_saw_mislead_it_as_often_as_is_said(share: float, length: int, accepted: int) -> None:
    """Of the rarest operations of `release`, 2,900 in a run: GO at the limit and above it, in so many of a thousand."""
    assert " 5, 33 and 113 of 1,000 runs" in PAGE
    assert " in 0, 1 and 12;" in PAGE
    assert " in bursts of ten at exactly its limit is GO in 113 of 1,000 " in OF_LOAD
    random, runs, limit, held = Random(26), 4_000, 0.01, 0
    for _ in range(runs):
        counted = Blocks.of(blocks(random, share=share, length=length, seconds=580, rate=5))
        held += stays_below(counted.bad / counted.effect, counted.n / counted.effect, limit) <= 0.001
    assert lower_bound(held, runs, CONFIDENCE) <= accepted / 1000 <= upper_bound(held, runs, CONFIDENCE)


@pytest.mark.parametrize(("lasts", "accepted"), [(10, 34), (30, 140), (60, 306)])
def test_outages_of_many_blocks_mislead_as_often_as_is_said(lasts: int, accepted: int) -> None:
    """Four hours of which 1 % are outages that come at random, at exactly the limit: GO in so many of a thousand."""
    assert " in outages of 10, 30 and 60 s, four hours are GO at the limit of 1 % in 34, 140 and 306 of 1,000" in PAGE
    random, runs, limit, held = Random(29), 150, 0.01, 0
    for _ in range(runs):
        counted, until, ends = Blocks(), random.expovariate(limit / (1 - limit) / lasts), 0.0
        for second in range(14_400):
            if second >= until:
                ends = second + lasts
                until = ends + random.expovariate(limit / (1 - limit) / lasts)
            counted.add(10, 10 if second < ends else 0)
        held += stays_below(counted.bad / counted.effect, counted.n / counted.effect, limit) <= 0.001
    assert lower_bound(held, runs, CONFIDENCE) <= accepted / 1000 <= upper_bound(held, runs, CONFIDENCE)


def test_a_long_outage_counts_as_several_events() -> None:
    """A minute of it in four hours is worth twenty, where a second of it is worth one."""
    assert " one of a minute in four hours is worth twenty events" in PAGE
    for lasts, events in ((60, 20.2), (10, 3.6), (1, 1.0)):
        counted = Blocks.of([(10, 0)] * 5000 + [(10, 10)] * lasts + [(10, 0)] * (9400 - lasts))
        assert counted.bad / counted.effect == pytest.approx(events, rel=0.02)


def test_few_samples_mislead_as_often_as_is_said() -> None:
    """Bursts of mean length 10 at half the limit of 50 %, of 16 samples in 16 s, where 15 lines share the level."""
    assert " of the 16 registrations in `smoke`, are NO-GO in 53 of 1,000 runs" in PAGE
    assert " the 16 registrations of `smoke` in bursts of ten at half their limit are NO-GO in 53 of 1,000 " in OF_LOAD
    random, runs, broken = Random(27), 10_000, 0
    for _ in range(runs):
        counted = Blocks.of(blocks(random, share=0.25, length=10, seconds=16, rate=1))
        broken += exceeds(counted.bad / counted.effect, counted.n / counted.effect, 0.5) <= 0.001 / 15
    assert lower_bound(broken, runs, CONFIDENCE) <= 0.053 <= upper_bound(broken, runs, CONFIDENCE)


def test_bursts_of_what_is_rare_do_not_alarm_either() -> None:
    """Bursts of ten of an operation that is asked twice a second last for seconds, and so do its blocks."""
    random, runs, limit, alarms, failures = Random(25), 20_000, 0.01, 0, 0
    for _ in range(runs):
        test, counted = BlockTest(limit), Blocks()
        for second in blocks(random, share=limit / 2, length=10, seconds=SECONDS, rate=2):
            if complete := counted.add(*second):
                test.observe(*complete)
        alarms += test.decision is Decision.REJECT
        failures += exceeds(counted.bad / counted.effect, counted.n / counted.effect, limit) <= 0.001
    assert upper_bound(alarms, runs, CONFIDENCE) <= 0.001
    assert upper_bound(failures, runs, CONFIDENCE) <= 0.001


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
        assert 7 * REQUESTS <= (test.samples_to_reject() or 0) < 8 * REQUESTS
        assert [test.observe(rate, rate) for _ in range(6)] == [Decision.UNDECIDED] * 6
        assert test.observe(rate, rate) is Decision.REJECT
        assert test.observe(rate, 0) is Decision.REJECT


@pytest.mark.parametrize(("healthy", "within"), [(30, 14), (300, 17), (1_800, 19), (14_400, 21)])
def test_an_outage_after_hours_of_health_is_known_in_seconds(healthy: int, within: int) -> None:
    """What went well before costs at most three times the seven blocks of an outage from the beginning."""
    test = BlockTest(0.01)
    test.observe(10, 0, healthy)
    assert test.observe(10, 10, within - 2) is Decision.UNDECIDED
    assert test.observe(10, 10, 2) is Decision.REJECT


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
        together = limit * clumped[node] + (1 - limit) * spread[node]
        apart = math.fsum(chance * of[node] for chance, of in zip(counts, independent, strict=True))
        assert clumping * together + (1 - clumping) * apart <= 1 + 1e-9


@given(st.lists(st.tuples(st.integers(1, 50), st.floats(0, 1)), max_size=30))
def test_clumping_never_makes_requests_worth_more(seen: list[tuple[int, float]]) -> None:
    """However bad ones clump, or shun each other, counts are divided by 1 at least."""
    assert Blocks.of([(n, int(n * share)) for n, share in seen]).effect >= 1


seconds_of = st.lists(st.integers(0, 40).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n))), max_size=40)


def by_definition(counted: list[tuple[int, int]]) -> float:
    """The variance of what blocks have more than their part, over that of independent requests (Kish, 1965)."""
    n, bad = sum(n for n, _ in counted), sum(bad for _, bad in counted)
    if len(counted) < 2 or bad in {0, n}:
        return 1.0
    share = bad / n
    off = [block_bad - share * block_n for block_n, block_bad in counted]
    spread = sum(value * value for value in off)
    along = sum(value * following for value, following in pairwise(off))
    variance = (spread + 2 * max(0.0, along)) * len(counted) / (len(counted) - 1)
    return max(1.0, variance / (share * (1 - share) * n))


@given(seconds_of, st.integers(1, 30))
def test_sums_say_what_the_blocks_themselves_would(seen: list[tuple[int, int]], least: int) -> None:
    """However many blocks there are, and at every moment: nothing but sums is kept of them."""
    counted, joined, rest = Blocks(least), [], (0, 0)
    for n, bad in seen:
        complete = counted.add(n, bad)
        rest = rest[0] + n, rest[1] + bad
        assert (complete is not None) == (rest[0] >= least)
        if complete is not None:
            assert complete == rest
            joined.append(rest)
            rest = 0, 0
        assert counted.effect == pytest.approx(by_definition([*joined, rest] if rest[0] else joined))
    assert (counted.n, counted.bad) == (sum(n for n, _ in seen), sum(bad for _, bad in seen))


def test_a_block_holds_ten_requests_or_more() -> None:
    """Of frequent ones a second is a block, of rare ones several seconds are."""
    assert REQUESTS == 10
    assert Blocks().add(10, 3) == (10, 3)
    counted = Blocks()
    assert [counted.add(3, 1) for _ in range(8)] == [None, None, None, (12, 4)] * 2


def test_independent_errors_are_worth_themselves_and_clumped_ones_their_clumps() -> None:
    """The design effect of independent errors is about 1, that of clumps of ten about ten."""
    random = Random(24)
    free = list(blocks(random, share=0.02, length=1 / 0.98, seconds=20_000, rate=50))
    clumps = [(50, 10 * sum(random.random() < 0.02 for _ in range(5))) for _ in range(20_000)]
    assert Blocks.of(free).effect == pytest.approx(1, abs=0.1)
    assert Blocks.of(clumps).effect == pytest.approx(10, rel=0.1)


@pytest.mark.parametrize("seen", [[], [(10, 3)], [(10, 0), (10, 0)], [(10, 10), (5, 5)], [(10, 4), (0, 0)]])
def test_without_anything_to_compare_requests_are_independent(seen: list[tuple[int, int]]) -> None:
    """One block, no errors or nothing else: there is no clumping to be seen."""
    assert Blocks.of(seen).effect == 1


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
        for _ in range(times):
            single.observe(50, bad)
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
