"""What one operation did: exact counts that merge."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.statistics.tally import Tally, merged
from fixtures.statistics.varint import pack

LIMITS = (0.5, 1.0)
samples = st.lists(st.tuples(st.integers(0, 5), st.floats(0, 3) | st.just(math.inf), st.booleans()), max_size=80)
Samples = list[tuple[int, float, bool]]


def tally(recorded: Samples, limits: tuple[float, ...] = LIMITS) -> Tally:
    made = Tally(limits)
    for second, latency, failed in recorded:
        made.add(second, [latency], int(failed))
    return made


@given(samples)
def test_every_count_is_exact(recorded: Samples) -> None:
    """Requests, failures and those over a limit are counted one by one, in their second."""
    made = tally(recorded)
    assert made.requests == len(recorded)
    assert made.failed == sum(failed for _, _, failed in recorded)
    for limit in LIMITS:
        assert made.over(limit) == sum(latency > limit for _, latency, _ in recorded)
        assert made.counts(limit) == {
            second: (
                sum(at == second for at, _, _ in recorded),
                sum(at == second and latency > limit for at, latency, _ in recorded),
            )
            for second, _, _ in recorded
        }
    assert sum(bad for _, bad in made.counts().values()) == made.failed
    assert len(made.latencies) == made.requests


@given(samples, samples)
def test_workers_merge_exactly(first: Samples, second: Samples) -> None:
    """The tallies of two workers, sent and merged, are the tally of one that saw everything, in any order."""
    left, right = Tally.decode(tally(first).encode()), Tally.decode(tally(second).encode())
    together = merged([left, right])
    assert together == merged([right, left]) == tally(first + second)


@given(st.floats(0.9, 1.1), st.lists(st.floats(0.99, 1.01) | st.sampled_from([1.0, math.nextafter(1, 2)]), max_size=30))
def test_the_histogram_s_buckets_do_not_blur_a_limit(limit: float, latencies: list[float]) -> None:
    """Values in the bucket of a limit are compared with the limit itself, wherever in it the limit lies."""
    for cut in (limit, 1.0, *latencies[:1]):
        made = Tally((cut,))
        made.add(0, latencies)
        assert made.over(cut) == sum(latency > cut for latency in latencies)


def test_exactly_at_the_limit_is_not_over_it() -> None:
    """One second is within one second; the next number after it is not."""
    made = tally([(0, 1.0, False), (0, math.nextafter(1.0, 2), False)])
    assert made.over(1.0) == 1


def test_204_9_ms_are_over_204_8() -> None:
    """Nothing is rounded to two digits."""
    made = tally([(0, 0.2049, False)] * 100, limits=(0.2, 0.2048, 0.205))
    assert (made.over(0.2), made.over(0.2048), made.over(0.205)) == (100, 100, 0)


@pytest.mark.parametrize(("limit", "few", "over"), [(0.188, [3.0, 0.04638671875, 0.188], 1), (0.747, [1.0, 0.748], 2)])
def test_what_only_reads_like_a_limit_in_between_is_not_counted(limit: float, few: list[float], over: int) -> None:
    """Where two values read like the bucket of a limit across their border, none is counted twice or lost."""
    made = tally([], limits=(limit,))
    made.add(0, [*[0.01] * 500, *few * 9])
    assert made.over(limit) == 9 * over


@given(st.lists(st.tuples(st.floats(0, 3) | st.just(math.inf), st.booleans()), max_size=80))
def test_a_batch_counts_what_its_samples_would(recorded: list[tuple[float, bool]]) -> None:
    """However the samples of a second are cut into batches, the tally is the same."""
    made = Tally(LIMITS)
    made.add(7, [latency for latency, _ in recorded], sum(failed for _, failed in recorded))
    assert made == tally([(7, latency, failed) for latency, failed in recorded])


def test_nothing_merged_is_nothing() -> None:
    """No worker, no tally; an empty batch leaves no second behind."""
    assert merged([]) is None
    empty = Tally(LIMITS)
    empty.add(3, [])
    assert empty == Tally(LIMITS)
    assert empty.seconds() == {}


def test_tallies_that_differ_in_one_thing_are_not_the_same() -> None:
    """What is said here to be equal is so in all of its parts."""
    one = tally([(0, 0.1, False)])
    others = [(0, 0.11, False), (1, 0.1, False), (0, 0.1, True)]
    for other in (*(tally([recorded]) for recorded in others), tally([(0, 0.1, False)], limits=(9.0,))):
        assert one != other


def test_different_limits_do_not_merge() -> None:
    """Counts over other limits are other counts."""
    with pytest.raises(ValueError, match="cannot be merged"):
        Tally((1.0,)).merge(Tally((2.0,)))


def test_a_limit_that_was_not_counted_has_no_count() -> None:
    """Asking for another limit is an error, not an estimate."""
    with pytest.raises(ValueError, match="not in tuple"):
        Tally((1.0,)).over(0.9)


@pytest.mark.parametrize(("second", "latencies", "failed"), [(0, [1.0], 2), (0, [1.0], -1), (-1, [1.0], 0)])
def test_an_impossible_batch_is_refused(second: int, latencies: list[float], failed: int) -> None:
    """More failures than requests, or a second before time, is an error of the caller."""
    made = Tally(LIMITS)
    with pytest.raises(ValueError, match="cannot have failed"):
        made.add(second, latencies, failed)
    assert made == Tally(LIMITS)


@given(st.binary(max_size=60))
def test_garbage_from_a_worker_is_refused(data: bytes) -> None:
    """Bytes that are no tally raise ValueError, never anything else."""
    try:
        decoded = Tally.decode(data)
    except ValueError:
        return
    assert Tally.decode(decoded.encode()) == decoded


@pytest.mark.parametrize(
    "data",
    [
        pack([0, 1, 3, 0, 0]) + pack([0]),
        pack([0, 1, 3, 1, 2]) + pack([1, 5, 1]),
        pack([0, 2, 3, 1, 0, 0, 1, 0]) + pack([1, 5, 2]),
        pack([0, 1, 3, 1, 0]) + pack([1, 5, 2]),
        pack([0, 1, 3, 1, 0]) + pack([1, 5, 1, 7]),
        pack([1, 1 << 64, 0]) + pack([0]),
    ],
    ids=["empty second", "more bad than requests", "second twice", "counts differ", "goes on", "no limit"],
)
def test_a_tally_that_contradicts_itself_is_refused(data: bytes) -> None:
    """What a worker cannot have counted is not merged."""
    with pytest.raises(ValueError, match="not the encoding of a tally"):
        Tally.decode(data)
