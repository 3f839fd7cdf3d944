"""Counts of a load run: adding them up is exact, in whatever pieces they arrive."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.statistics.histogram import RELATIVE_ERROR, Histogram
from loadtests.counts import NEVER, Counts
from loadtests.kinds import WAITED_FOR
from loadtests.said import MOST

LIMITS = (0.5, 1.0)
SAMPLES = st.lists(
    st.tuples(
        st.sampled_from(["chat sendMessage", "chatting", *sorted(WAITED_FOR)]),
        st.integers(0, 5),
        st.floats(0, 100) | st.just(math.inf),
        st.sampled_from(["", "timeout", "status 503"]),
    )
)


def _counted(samples: list[tuple[str, int, float, str]]) -> Counts:
    counts = Counts(LIMITS)
    for subject, second, latency, cause in samples:
        counts.add(subject, second, [latency], [cause] if cause else ())
        counts.plot(second, [latency])
        counts.asked[second] += 1
        counts.instances.add((subject, None if cause else 0.5, f"chat-{second}"))
        counts.passed_over.add((cause, f"10.0.0.{second}"))
        counts.traced(subject, cause, second, f"{latency}")
        counts.took(subject, latency, f"{second} {latency}")
        (counts.refused if cause else counts.started)[second] += 1
        counts.lag.add([0.001])
    return counts


@given(SAMPLES, SAMPLES)
def test_two_counts_added_are_what_one_would_have_counted(one: list, other: list) -> None:  # type: ignore[type-arg]
    """Merging loses nothing and invents nothing."""
    merged = _counted(one)
    merged.merge(_counted(other))
    assert merged == _counted(one + other)


@given(SAMPLES)
def test_the_slowest_is_kept_with_its_trace(samples: list) -> None:  # type: ignore[type-arg]
    """In whatever order they are heard of: of several that took as long it is always the same."""
    expected: dict[str, tuple[float, str]] = {}
    for subject, second, latency, _ in samples:
        expected[subject] = max(expected.get(subject, (-1.0, "")), (latency, f"{second} {latency}"))
    assert _counted(samples).slowest == expected


@given(SAMPLES)
def test_the_trace_of_a_cause_is_of_the_first_second_in_which_it_came(samples: list) -> None:  # type: ignore[type-arg]
    """In whatever order they are heard of: of the requests of that second it is always the same."""
    expected: dict[tuple[str, str], tuple[int, str]] = {}
    for subject, second, latency, cause in samples:
        expected[subject, cause] = min(expected.get((subject, cause), (second, str(latency))), (second, str(latency)))
    assert _counted(samples).traces == expected


def test_a_target_of_countless_causes_fills_no_memory_with_traces() -> None:
    """What is not told apart has no trace; what has one keeps the first."""
    counts = Counts()
    for number in range(5000):
        counts.traced("chat sendMessage", f"cause {number}", 5, "b")
    counts.traced("chat sendMessage", "cause 0", 4, "c")
    assert len(counts.traces) == 4 * MOST
    assert counts.traces["chat sendMessage", "cause 0"] == (4, "c")


def test_the_trace_of_a_long_cause_is_found_by_it() -> None:
    """Causes are cut where they are counted, and so they are here."""
    counts = Counts()
    counts.add("chat sendMessage", 1, [0.1], ["x" * 1000])
    counts.traced("chat sendMessage", "x" * 1000, 1, "a")
    assert list(counts.causes) == list(counts.traces)


@pytest.mark.parametrize("name", Counts.__slots__)
def test_counts_that_differ_in_one_thing_are_not_the_same(name: str) -> None:
    """What is said here to be equal is so in all of its parts."""
    counts = Counts(LIMITS)
    setattr(counts, name, None)
    assert counts != Counts(LIMITS)


@given(SAMPLES)
def test_what_travels_arrives_as_it_was(samples: list) -> None:  # type: ignore[type-arg]
    """Decoding what was encoded gives the same counts."""
    counts = _counted(samples)
    assert Counts.decode(counts.encode()) == counts


@given(SAMPLES, SAMPLES)
def test_what_was_taken_is_not_counted_again(before: list, after: list) -> None:  # type: ignore[type-arg]
    """A process that hands over begins anew, so that the pieces add up to the whole."""
    counts = _counted(before)
    total = counts.take()
    assert counts == Counts(LIMITS)
    counts.merge(_counted(after))
    total.merge(counts.take())
    assert total == _counted(before + after)


@given(SAMPLES)
def test_what_is_waited_for_is_kept_by_second_each_by_itself(samples: list) -> None:  # type: ignore[type-arg]
    """How long messages, calls and connections take is known of every second, also what never came; of no journey."""
    expected: dict[str, dict[int, Histogram]] = {}
    for subject, second, latency, _ in samples:
        if subject in WAITED_FOR:
            expected.setdefault(subject, {}).setdefault(second, Histogram()).add([latency])
    assert _counted(samples).waits == expected


def test_what_never_came_is_over_every_limit() -> None:
    """A message that was lost is a failure, and slow by any measure."""
    counts = Counts(LIMITS)
    counts.add("delivery", 1, [NEVER], ["lost"])
    tally = counts.tallies["delivery"]
    assert (tally.over(1.0), tally.failed, dict(counts.causes)) == (1, 1, {("delivery", "lost"): 1})


def test_a_batch_is_counted_like_its_samples() -> None:
    """However samples are cut into batches, they are counted alike."""
    batch, single = Counts(LIMITS), Counts(LIMITS)
    batch.add("chat sendMessage", 3, [0.1, 2.0], ["timeout"])
    single.add("chat sendMessage", 3, [0.1])
    single.add("chat sendMessage", 3, [2.0], ["timeout"])
    assert batch == single


@pytest.mark.parametrize("data", [b"", b"\x90", b"garbage"])
def test_anything_else_is_no_counts(data: bytes) -> None:
    """A broken report is an error, not a count of nothing."""
    with pytest.raises(ValueError, match="not the encoding"):
        Counts.decode(data)


@given(st.lists(st.floats(0, 10), min_size=1))
def test_lateness_is_never_understated(late: list[float]) -> None:
    """Each arrival counts once, in the microsecond above what it was late: by no more than that, and by no less."""
    counts = Counts()
    counts.begun(late)
    assert len(counts.lag) == len(late)
    edges = [(lower, upper) for lower, upper, _ in counts.lag.buckets()]
    assert edges[-1][1] >= max(late)
    assert edges[-1][0] <= (max(late) + 1e-6) * (1 + RELATIVE_ERROR)
