"""The histogram: its error, its merging, its encoding."""

import math
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.statistics.histogram import RELATIVE_ERROR, Batch, Histogram
from fixtures.statistics.varint import pack, unpack

latencies = st.one_of(st.floats(1e-9, 1e6), st.floats(0.0001, 60), st.just(0.0), st.just(math.inf))


def histogram(values: list[float]) -> Histogram:
    made = Histogram()
    made.add(values)
    return made


@given(st.floats(1e-30, 1e30))
def test_a_value_is_known_to_its_stated_error(value: float) -> None:
    """What is reported for a value differs from it by less than 1/255 of it."""
    reported = histogram([value]).quantile(0.5)
    assert reported is not None
    assert abs(reported - value) <= RELATIVE_ERROR * value
    [(low, high, count)] = histogram([value]).buckets()
    assert low * (1 - 1e-7) <= value <= high * (1 + 1e-7)
    assert (high - low) / low <= 1 / 128
    assert count == 1


def test_what_never_came_lies_beyond_every_number() -> None:
    """Its bucket has no other value in it."""
    assert list(histogram([math.inf, 3e38]).buckets())[1:] == [(math.inf, math.inf, 1)]


@given(st.lists(latencies), st.lists(latencies), st.lists(latencies))
def test_merging_is_recording_all(first: list[float], second: list[float], third: list[float]) -> None:
    """Merged in any order and grouping, histograms are the histogram of all values."""
    left = histogram(first)
    left.merge(histogram(second))
    left.merge(histogram(third))
    right = histogram(third)
    rest = histogram(second)
    rest.merge(histogram(first))
    right.merge(rest)
    assert left == right == histogram(first + second + third)
    assert len(left) == len(first) + len(second) + len(third)


@given(st.lists(latencies))
def test_the_encoding_is_lossless(values: list[float]) -> None:
    """What arrives is what was sent."""
    sent = histogram(values)
    assert Histogram.decode(sent.encode()) == sent


@given(st.binary(max_size=40))
def test_garbage_is_refused_or_is_a_histogram(data: bytes) -> None:
    """Bytes that are no encoding raise ValueError, never anything else."""
    try:
        decoded = Histogram.decode(data)
    except ValueError:
        return
    assert Histogram.decode(decoded.encode()) == decoded


@given(st.lists(latencies, min_size=1), st.floats(0.01, 1))
def test_a_quantile_is_a_value_that_was_seen(values: list[float], quantile: float) -> None:
    """The reported quantile is, to its error, the value of that rank."""
    rank = max(1, math.ceil(quantile * len(values)))
    exact, reported = sorted(values)[rank - 1], histogram(values).quantile(quantile)
    assert reported is not None
    assert reported == exact or abs(reported - exact) <= RELATIVE_ERROR * exact + 1e-38


@given(st.integers(), st.floats(0.9, 1.1))
def test_a_few_beside_the_limit_are_looked_up(seed: int, limit: float) -> None:
    """In a large batch those that share the limit's bucket are found one by one, and none is missed or miscounted."""
    random = Random(seed)
    values = [random.uniform(0.1, 2) for _ in range(500)] + [limit, math.nextafter(limit, 0), math.nextafter(limit, 2)]
    random.shuffle(values)
    assert Batch(values).over(limit) == sum(value > limit for value in values)


@given(st.integers(1, 1000), st.integers(1, 1000))
def test_a_crowd_beside_the_limit_is_compared_one_by_one(below: int, above: int) -> None:
    """A batch of any size that is all but equal to the limit is counted as exactly as any other."""
    values = [math.nextafter(0.1, 0)] * below + [math.nextafter(0.1, 1)] * above
    assert Batch(values).over(0.1) == above


def test_half_of_one_value_and_half_of_the_next_is_no_value() -> None:
    """Where the bytes of two neighbours look like the limit's bucket, neither is taken for it."""
    assert Batch([0.5625, 2.984375] * 80 + [0.7465]).over(0.7461) == 81


def test_an_empty_histogram_has_no_quantile() -> None:
    """Nothing observed is not zero seconds."""
    assert Histogram().quantile(0.5) is None


@pytest.mark.parametrize("bad", [-0.001, math.nan, -math.inf])
def test_a_batch_with_an_impossible_latency_counts_nothing(bad: float) -> None:
    """A negative latency, or one that is no number, is an error of the caller and leaves no trace."""
    made = histogram([1.0])
    with pytest.raises(ValueError, match="negative or not a number"):
        made.add([0.5, bad])
    assert made == histogram([1.0])


@pytest.mark.parametrize(
    "numbers", [[], [1], [1, 5], [1, 0x7F81, 1], [1, 5, 0], [2, 5, 1, 0, 1], [1, 5, 1, 9]], ids=str
)
def test_what_is_no_encoding_is_refused(numbers: list[int]) -> None:
    """Cut off, out of range, empty, repeated or too long: each is an error."""
    with pytest.raises(ValueError, match=r"histogram|ends too early"):
        Histogram.decode(pack(numbers))


@given(st.lists(st.integers(0, 2**70)))
def test_numbers_survive_the_wire(numbers: list[int]) -> None:
    """Unpacking gives what was packed, and one byte less gives an error or fewer numbers."""
    assert list(unpack(pack(numbers))) == numbers


def test_negative_and_broken_numbers_are_refused() -> None:
    """There is no sign on the wire, and no half number."""
    with pytest.raises(ValueError, match="negative"):
        pack([-1])
    with pytest.raises(ValueError, match="cut off"):
        list(unpack(b"\x80"))
