"""Recording: what Locust's event says is counted exactly, in its second and under its cause."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests import clock
from loadtests.counts import Counts
from loadtests.failure import Failure
from loadtests.kinds import INSTANCE, TRACE
from loadtests.recording import Recorder, cause_of

LIMITS = (0.2, 1.0)


class Refused(Exception):  # noqa: N818 - as the client's own
    cause = "refused"


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["GET", "POST", "JOURNEY", "WS", "CALL"]),
            st.sampled_from(["chat sendMessage", "browsing"]),
            st.integers(0, 3),
            st.none() | st.floats(0, 5000),
            st.booleans(),
        )
    ),
    st.integers(0, 20),
)
def test_batches_count_what_single_samples_would(
    samples: list[tuple[str, str, int, float | None, bool]], handed_over: int
) -> None:
    """However samples are batched, and whenever they are handed over, the sum is that of the single samples."""
    recorder, expected, total = Recorder(LIMITS), Counts(LIMITS), Counts(LIMITS)
    with pytest.MonkeyPatch.context() as patch:
        for index, (kind, name, second, milliseconds, failed) in enumerate(samples):
            patch.setattr(clock, "wall", lambda second=second: second + 0.5)
            error = Refused() if failed else None
            recorder.heard(request_type=kind, name=name, response_time=milliseconds, exception=error)
            latency = float("inf") if milliseconds is None else milliseconds / 1000
            expected.add(name, second, [latency], ["refused"] if failed else ())
            # The picture over time is of requests alone: a call of three of them would look like a slow one.
            if kind in {"GET", "POST"}:
                expected.plot(second, [latency])
            if index == handed_over:
                total.merge(recorder.take())
    total.merge(recorder.take())
    assert total == expected


def test_204_9_milliseconds_are_over_a_limit_of_200() -> None:
    """Nothing is rounded on the way from the event to the count."""
    recorder = Recorder(LIMITS)
    for _ in range(100):
        recorder.heard(request_type="GET", name="chat conversations", response_time=204.9)
    assert recorder.take().tallies["chat conversations"].over(0.2) == 100


@given(st.lists(st.tuples(st.none() | st.floats(0, 5000), st.booleans(), st.sampled_from(["chat-1", "chat-2", None]))))
def test_bad_answers_are_counted_by_who_gave_them(samples: list[tuple[float | None, bool, str | None]]) -> None:
    """Failures, and what is over each limit, as what never came is, as far as it is known whose they were."""
    recorder, expected = Recorder(LIMITS), Counter[tuple[str, float | None, str]]()
    for milliseconds, failed, who in samples:
        recorder.heard(
            request_type="GET",
            name="chat listMessages",
            response_time=milliseconds,
            exception=Refused() if failed else None,
            context={} if who is None else {INSTANCE: who},
        )
        for limit in (None, *LIMITS):
            bad = failed if limit is None else milliseconds is None or milliseconds / 1000 > limit
            if bad and who is not None:
                expected["chat listMessages", limit, who] += 1
    assert recorder.take().instances == expected
    assert recorder.take().instances == {}


@pytest.mark.parametrize("context", [None, {}, {"mine": "chat-1"}, {INSTANCE: 7}])
def test_context_of_a_locustfile_of_ones_own_is_let_alone(context: dict[str, object] | None) -> None:
    """Whatever else somebody has Locust's event say names no instance."""
    recorder = Recorder(LIMITS)
    recorder.heard(request_type="GET", name="mine", response_time=2000, exception=Refused(), context=context)
    assert recorder.take().instances == {}


@pytest.mark.parametrize(("trace", "kept"), [("5c4e", True), ("", False), (7, False), (None, False)])
def test_a_failure_is_kept_with_its_trace_if_it_has_one(
    monkeypatch: pytest.MonkeyPatch, trace: object, *, kept: bool
) -> None:
    """By it the platform's logs tell more; what an exception of one's own calls so is none unless it is a text."""
    monkeypatch.setattr(clock, "wall", lambda: 7.5)
    failed = Failure("status 503")
    failed.trace = trace  # type: ignore[assignment]
    recorder = Recorder(LIMITS)
    recorder.heard(request_type="GET", name="chat listMessages", response_time=2, exception=failed)
    recorder.heard(request_type="GET", name="chat listMessages", response_time=2, exception=Refused())
    assert recorder.take().traces == ({("chat listMessages", "status 503"): (7, "5c4e")} if kept else {})


@pytest.mark.parametrize(
    ("context", "kept"), [({TRACE: "5c4e"}, True), ({TRACE: 7}, False), ({}, False), (None, False)]
)
def test_what_took_longest_is_kept_with_its_trace(context: dict[str, object] | None, *, kept: bool) -> None:
    """By it the platform tells where the time went; of what failed its cause has one, and who keeps a limit none."""
    recorder = Recorder(LIMITS)
    told: list[tuple[float, Exception | None, dict[str, object] | None]] = [
        (LIMITS[0], None, {TRACE: "quick"}),
        (2.0, None, context),
        (3.0, Refused(), {TRACE: "failed"}),
    ]
    for seconds, failure, its in told:
        recorder.heard(request_type="GET", name="mine", response_time=seconds * 1000, exception=failure, context=its)
    counts = recorder.take()
    assert counts.slowest == ({"mine": (2.0, "5c4e")} if kept else {})
    assert [trace for _, trace in counts.traces.values()] == ["failed"]
    recorder.heard(request_type="GET", name="mine", response_time=1500, context={TRACE: "slow"})
    assert recorder.take().slowest == {"mine": (1.5, "slow")}


def test_arrivals_are_counted_in_the_second_they_were_due_in() -> None:
    """What was asked for is started, however late, or refused; nothing is dropped silently."""
    recorder = Recorder()
    for _ in range(3):
        recorder.asks(7)
    recorder.starts(7, 0.25)
    recorder.starts(7, -0.001)
    recorder.refuses(7)
    counts = recorder.take()
    assert (counts.asked[7], counts.started[7], counts.refused[7]) == (3, 2, 1)
    assert counts.lag.quantile(1.0) == pytest.approx(0.25, rel=0.01)


def test_a_failure_names_its_own_cause() -> None:
    """A failure is counted under its few words, any other exception under its type."""
    assert cause_of(Refused("127.0.0.1:1 refused the connection")) == "refused"
    assert cause_of(ValueError("of high cardinality 1234")) == "ValueError"
