import itertools
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.checks import CheckFailure, eventually, throughout
from fixtures.checks.eventually import FIRST_PAUSE, LONGEST_PAUSE, MONOTONIC
from fixtures.checks.match import at_least, equals, has
from fixtures.checks.time_scale import forget_time_scale, scaled, set_time_scale
from tests.unit.checks.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(autouse=True)
def _no_scale() -> Iterator[None]:
    forget_time_scale()
    yield
    forget_time_scale()


def looks_at_ease(clock: ManualClock) -> bool:
    """Whether no pause is so long that much could pass unseen, and they are as few as that takes."""
    few = 12 + (clock.now() - 1_000) / LONGEST_PAUSE
    return len(clock.pauses) <= few and all(pause <= LONGEST_PAUSE for pause in clock.pauses)


def from_time(clock: ManualClock, moment: float, *, before: str = "no", after: str = "yes") -> Callable[[], str]:
    began = clock.now()
    return lambda: after if clock.now() - began >= moment else before


def test_what_holds_at_once_takes_no_time(clock: ManualClock) -> None:
    """No pause is made for what holds at the first look."""
    assert eventually(lambda: 1, equals(1), within=5, clock=clock) == 1
    assert clock.pauses == []


@given(st.floats(0, 30), st.floats(0.05, 30))
def test_it_holds_if_it_comes_true_by_the_deadline(moment: float, within: float) -> None:
    """What comes true by the deadline and stays is found; what comes clearly later never is; the wait is bounded."""
    clock = ManualClock()
    try:
        value = eventually(from_time(clock, moment), equals("yes"), within=within, clock=clock)
    except CheckFailure:
        assert moment > within
    else:
        assert value == "yes"
        assert moment <= within + 0.002
    assert clock.now() - 1_000 <= within + 0.002
    assert looks_at_ease(clock)


def test_the_failure_shows_what_was_seen_and_when(clock: ManualClock) -> None:
    """A time-out shows the distinct states in order with their times, and how often each was seen."""
    states = itertools.chain(["ringing", "ringing"], itertools.repeat("ended"))
    with pytest.raises(CheckFailure) as caught:
        eventually(lambda: next(states), equals("accepted"), within=2, subject="the call", service="auth", clock=clock)
    assert [seen.state for seen in caught.value.history] == ["'ringing'", "'ended'"]
    assert caught.value.history[0].times == 2
    assert caught.value.history[0].first == 0
    assert caught.value.history[0].last == pytest.approx(FIRST_PAUSE)
    assert caught.value.service == "auth"
    assert "the call" in str(caught.value)
    assert "within 2 s" in caught.value.expected
    assert caught.value.got == f"'ended' after 2.00 s and {len(clock.pauses) + 1} tries"
    assert caught.value.likely == ""


def test_the_failure_says_which_part_was_wrong_and_what_that_usually_means(clock: ManualClock) -> None:
    """A time-out names the place within what was looked at, and a check's own word on the cause goes before ours."""
    with pytest.raises(CheckFailure) as caught:
        eventually(lambda: {"n": 1}, has(n=2), within=1, likely="nobody counts", clock=clock)
    assert (caught.value.where, caught.value.likely) == (".n", "nobody counts")


def test_a_named_error_means_not_yet(clock: ManualClock) -> None:
    """An error named as transient is waited through and kept in the history."""
    answers: Iterator[int | Exception] = iter([ConnectionError("refused"), ConnectionError("refused"), 7])

    def probe() -> int:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert eventually(probe, equals(7), within=5, transient=(ConnectionError,), clock=clock) == 7


def test_only_errors_until_the_end_say_so(clock: ManualClock) -> None:
    """Where nothing ever answered, the failure says that and shows the error."""

    def probe() -> int:
        raise ConnectionError("refused")

    with pytest.raises(CheckFailure, match="never answered") as caught:
        eventually(probe, equals(7), within=1, transient=(ConnectionError,), clock=clock)
    assert "refused" in caught.value.got
    assert [seen.state for seen in caught.value.history] == ["ConnectionError: refused"]
    # By this the verdict knows what cannot be reached from what answers wrongly.
    assert isinstance(caught.value.__cause__, ConnectionError)


def test_an_error_before_an_answer_is_not_its_cause(clock: ManualClock) -> None:
    """What answers in the end, and wrongly, is not laid to its having been out of reach before."""
    asked = itertools.count()

    def probe() -> int:
        if next(asked) == 0:
            raise ConnectionError("refused")
        return 0

    with pytest.raises(CheckFailure) as caught:
        eventually(probe, equals(7), within=1, transient=(ConnectionError,), clock=clock)
    assert caught.value.__cause__ is None


def test_an_unnamed_error_ends_the_wait(clock: ManualClock) -> None:
    """An error nobody named is raised at once, as it is, with a note of what was awaited."""

    def probe() -> int:
        raise KeyError("oops")

    with pytest.raises(KeyError) as caught:
        eventually(probe, equals(7), within=1, clock=clock)
    assert clock.pauses == []
    assert "while waiting for 7" in caught.value.__notes__[0]


def test_a_probe_that_takes_longer_than_the_deadline_is_asked_once(clock: ManualClock) -> None:
    """No probe begins after the deadline."""
    asked = []

    def probe() -> int:
        asked.append(clock.now())
        clock.time += 10
        return 0

    with pytest.raises(CheckFailure):
        eventually(probe, equals(7), within=1, clock=clock)
    assert len(asked) == 1


def test_a_probe_begins_at_the_deadline_and_none_does_later() -> None:
    """The deadline is the last moment at which anybody looks."""
    clock = ManualClock(0.0)
    asked = []

    def probe() -> int:
        asked.append(clock.now())
        return 0

    with pytest.raises(CheckFailure):
        eventually(probe, equals(7), within=FIRST_PAUSE, clock=clock)
    assert asked == [0.0, FIRST_PAUSE]


def test_one_factor_scales_every_deadline(clock: ManualClock) -> None:
    """The time scale multiplies deadlines, and the message says the deadline that was waited for."""
    set_time_scale(3)
    with pytest.raises(CheckFailure, match="within 6 s"):
        eventually(lambda: 0, equals(7), within=2, clock=clock)
    assert clock.now() == pytest.approx(1_006, abs=0.01)
    throughout(lambda: 7, equals(7), lasting=2, subject="n", clock=clock)
    assert clock.now() == pytest.approx(1_012, abs=0.02)


def test_the_time_scale_is_set_once() -> None:
    """A second, different time scale in one run is refused; the same again is not."""
    set_time_scale(2)
    set_time_scale(2)
    with pytest.raises(RuntimeError):
        set_time_scale(3)
    assert scaled(2) == 4


@pytest.mark.parametrize("factor", [0, -1, float("inf"), float("nan")])
def test_a_time_scale_is_a_number_above_zero(factor: float) -> None:
    """A time scale that would end all waits at once or never is refused."""
    with pytest.raises(ValueError, match="above 0"):
        set_time_scale(factor)


@pytest.mark.parametrize("seconds", [0, -1, float("inf"), float("nan")])
def test_a_wait_needs_a_length(seconds: float) -> None:
    """A wait without a positive, finite length is a mistake of the check."""
    with pytest.raises(ValueError, match="above 0"):
        eventually(lambda: 0, equals(0), within=seconds)
    with pytest.raises(ValueError, match="above 0"):
        throughout(lambda: 0, equals(0), lasting=seconds, subject="n")


@given(st.floats(0, 20), st.floats(0.05, 20))
def test_throughout_finds_every_lasting_change(moment: float, lasting: float) -> None:
    """A change before the end that stays is found; without one all the time is watched, at short intervals."""
    clock = ManualClock()
    probe = from_time(clock, moment, before="up", after="down")
    try:
        throughout(probe, equals("up"), lasting=lasting, subject="health", clock=clock)
    except CheckFailure as failure:
        assert "throughout" in failure.expected  # noqa: PT017  # whether it raises depends on the example
        held = False
    else:
        assert clock.now() - 1_000 >= lasting
        held = True
    if held:
        assert moment > lasting
    else:
        assert moment <= lasting + 0.002
    assert looks_at_ease(clock)


def test_what_did_not_last_is_told_with_all_that_was_seen(clock: ManualClock) -> None:
    """A change says what, where, whose, when, and what was seen before it."""
    probe = from_time(clock, 1, before="up", after="down")
    with pytest.raises(CheckFailure) as caught:
        throughout(
            lambda: {"state": probe()}, has(state="up"), lasting=5, subject="health", service="auth", clock=clock
        )
    failure = caught.value
    assert (failure.what, failure.where, failure.service) == ("health", ".state", "auth")
    assert [seen.state for seen in failure.history] == ["{'state': 'up'}", "{'state': 'down'}"]
    assert failure.got == f"'down' after {clock.now() - 1_000:.2f} s"


def test_an_error_ends_the_watch(clock: ManualClock) -> None:
    """What could not be looked at proves nothing: the error is raised at once, with a note of what was seen before."""
    values = iter([1])
    with pytest.raises(StopIteration) as caught:
        throughout(lambda: next(values), equals(1), lasting=1, subject="n", clock=clock)
    assert "seen: +0.00 s  1" in caught.value.__notes__[0]


def test_the_subject_falls_back_to_the_name_of_the_probe(clock: ManualClock) -> None:
    """A probe with a name need not be named twice."""

    def unread_count() -> int:
        return 0

    with pytest.raises(CheckFailure, match="unread count"):
        eventually(unread_count, at_least(1), within=0.1, clock=clock)
    with pytest.raises(CheckFailure, match="what was awaited"):
        eventually(lambda: 0, at_least(1), within=0.1, clock=clock)


def test_real_time_passes_on_the_monotonic_clock() -> None:
    """Without an injected clock the machine's monotonic clock is used."""
    with pytest.raises(CheckFailure, match="nothing changed at all"):
        eventually(lambda: 0, at_least(1), within=0.03)
    assert MONOTONIC.now() == pytest.approx(time.monotonic(), abs=60)
