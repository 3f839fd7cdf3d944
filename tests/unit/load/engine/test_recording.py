"""What the engine's thread records is counted exactly, in the second in which it ended."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests import clock
from loadtests.counts import NEVER, Counts
from loadtests.engine import recording
from loadtests.engine.recording import Ledger, Recorder
from loadtests.native import new_lock

LIMITS = (0.2, 1.0)
WALL = 5000.25
"""What everybody's clock shows when that of `time.perf_counter` shows nothing; both are exact in sixteenths."""


class Clock:
    """Stands until it is told."""

    now = 0.0

    def perf_counter(self) -> float:
        return self.now

    def wall(self) -> float:
        return WALL + self.now


HOW = st.sampled_from(["answered", "answered by chat-1", "wrong", "wrong by chat-1", "wrong by chat-2", "given up"])
SAMPLES = st.tuples(st.floats(0, 20), HOW) | st.just((NEVER, "given up"))
ARRIVALS = st.integers(0, 5).flatmap(
    lambda asked: st.tuples(st.integers(5000, 5003), st.just(asked), st.integers(0, asked), st.floats(0, 1))
)


@given(st.lists(st.tuples(st.integers(0, 20), SAMPLES | ARRIVALS | st.none())))
def test_batches_count_what_single_samples_and_arrivals_would(
    happened: list[tuple[int, tuple[float, str] | tuple[int, int, int, float] | None]],
) -> None:
    """However many are counted together, and whenever they are taken, the sum is that of each by itself."""
    time, expected, total = Clock(), Counts(LIMITS), Counts(LIMITS)
    ledger = Ledger(Counts(LIMITS), new_lock())
    recorder = Recorder("s", ledger)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recording, "time", time)
        patch.setattr(clock, "wall", time.wall)
        for sixteenths, what in happened:
            time.now += sixteenths / 16
            match what:
                case None:
                    recorder.settle()
                    total.merge(ledger.take())
                case (second, asked, refused, late):
                    recorder.arrivals(second, asked, refused)
                    recorder.lag(late)
                    expected.begun([late])
                    expected.asked[second] += asked
                    expected.started[second] += asked - refused
                    expected.refused[second] += refused
                case (latency, how):
                    if how == "given up":
                        recorder.fail(how, latency)
                    else:
                        if time.now >= recorder.border:
                            recorder.turn(time.now)
                        recorder.record(latency)
                    cause, _, who = how.partition(" by ")
                    if cause == "wrong":
                        recorder.failed(cause)
                    if who:
                        recorder.gave(who, latency, failed=cause == "wrong")
                        exceeded = [limit for limit in LIMITS if latency > limit]
                        for bad in ([None] if cause == "wrong" else []) + exceeded:
                            expected.instances.add(("s", bad, who))
                    expected.add("s", clock.second(), [latency], [cause] if cause != "answered" else [])
                    expected.plot(clock.second(), [latency] if latency != NEVER else [])
        recorder.settle()
    total.merge(ledger.take())
    assert total == expected
