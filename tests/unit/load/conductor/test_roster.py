"""What the leader knows of its members: nothing is added up that has a gap, and who was away once is lost."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from fixtures.statistics.histogram import Histogram
from loadtests.conductor.messages import Done, Leaving, Pong, Ready, Report, Unable
from loadtests.conductor.roster import SILENCE, Roster
from loadtests.counts import Counts
from loadtests.said import MOST

ONE, OTHER = "host_aaaaaaaaaa", "host_bbbbbbbbbb"


def counted(started: int) -> bytes:
    """Arrivals of which nobody says how late they were."""
    counts = Counts((1.0,))
    counts.started[9] += started
    return counts.encode()


def roster(*names: str) -> Roster:
    return Roster(names or (ONE, OTHER), (1.0,), 100.0)


def histogram(*values: float) -> bytes:
    made = Histogram()
    made.add(values)
    return made.encode()


def report(number: int, *, before: int = 10, cpu: float = 0.1, elapsed: float = 1.0, late: float = 0.001) -> Report:
    counts = Counts((1.0,))
    counts.add("chat sendMessage", before - 1, [0.05])
    counts.asked[before - 1] += 1
    counts.started[before - 1] += 1
    counts.lag.add([late])
    return Report(
        "run",
        number=number,
        before=before,
        counts=counts.encode(),
        loop=histogram(late),
        own_loops=histogram(),
        cpu=cpu,
        elapsed=elapsed,
        drift=0.0,
        missing=0,
        sightings=[("chat", 'chat;slot=blue;build="b1";instance="chat-1"')],
    )


def test_reports_of_all_members_add_up() -> None:
    """What two members counted is what one would have counted."""
    known = roster()
    for number in range(3):
        known.hear(ONE, report(number), 101.0)
        known.hear(OTHER, report(number), 101.0)
    assert known.counts.tallies["chat sendMessage"].requests == 6
    assert known.counts.asked.total() == known.counts.started.total() == 6
    assert list(known.sightings) == [("chat", 'chat;slot=blue;build="b1";instance="chat-1"')]


def test_members_that_see_other_instances_are_remembered_together_for_a_few_hundred() -> None:
    """Each reports no more than that, and their sum is no larger."""
    known = roster()
    for name in (ONE, OTHER):
        seen = [("chat", f'chat;slot=blue;build="b1";instance="{name}-{number}"') for number in range(MOST)]
        known.hear(name, replace(report(0), sightings=seen), 101.0)
    assert len(known.sightings) == MOST


def test_what_the_generator_ran_out_of_is_told_apart_from_what_the_platform_did() -> None:
    """A missing port is the generator's own failure, whoever it happened to; a time-out is not."""
    known = roster()
    for subject, cause in (("chat sendMessage", "generator: no port left"), ("connection", "generator: no port left")):
        known.counts.add(subject, 1, [0.1], [cause])
    known.counts.add("connection", 1, [10.0], ["time-out"])
    assert known.exhausted == ("no port left (2 times)",)


def test_what_is_somebody_elses_is_told_by_subject() -> None:
    """What people were given that is not theirs is told with its times, and what is only wrong or late is not."""
    known = roster()
    for cause in ("somebody else's user_id", "somebody else's user_id", "wrong state", "time-out"):
        known.counts.add("browsing", 1, [0.1], [cause])
    known.counts.add("delivery", 1, [0.1], ["somebody else's"])
    assert known.mixed_up == ("browsing: somebody else's user_id (2 times)", "delivery: somebody else's (1 time)")


def test_a_second_is_complete_when_every_member_says_so() -> None:
    """The slowest member decides which seconds may be judged, and one that has said nothing holds back all."""
    known = roster()
    known.hear(ONE, report(0, before=20), 101.0)
    assert known.before == 0
    known.hear(OTHER, report(0, before=18), 101.0)
    assert known.before == 18


def test_a_member_whose_reports_have_a_gap_is_lost() -> None:
    """Who was the last to speak knows how many reports there were; what is behind the gap is not added up, either."""
    known = roster(ONE)
    known.hear(ONE, report(0), 101.0)
    known.hear(ONE, report(2), 103.0)
    known.hear(ONE, Done("run", 3, 0, ""), 104.0)
    assert known.settled
    assert known.lost == ("host-aaaaaa (2 of 3 reports are missing)",)
    assert known.counts.asked.total() == 1


def test_a_report_that_comes_twice_is_added_up_once() -> None:
    """Its number says that it was there already."""
    known = roster(ONE)
    for number in (0, 1, 1, 0):
        known.hear(ONE, report(number), 101.0)
    known.hear(ONE, Done("run", 2, 0, ""), 102.0)
    assert known.counts.asked.total() == 2
    assert known.lost == ()


def test_silence_loses_a_member_and_speech_afterwards_does_not_bring_it_back() -> None:
    """What a member counted while nobody heard it is gone, so it stays lost."""
    known = roster(ONE)
    known.listen(100.0 + SILENCE)
    assert not known.lost
    known.listen(100.1 + SILENCE)
    known.hear(ONE, report(0), 107.0)
    assert known.lost == ("host-aaaaaa (silent for 5 s)",)


def test_the_first_reason_stays_and_who_is_gone_stays_gone() -> None:
    """Locust says more than once that a worker is lost, and not always that its process is: nobody waits for it."""
    known = roster(ONE)
    known.lose(ONE, "no heartbeat", gone=True)
    known.lose(ONE, "came back")
    assert known.lost == ("host-aaaaaa (no heartbeat)",)
    assert known.settled


def test_who_is_done_is_missed_by_nobody() -> None:
    """A member that has said that it was all may go."""
    known = roster(ONE)
    known.hear(ONE, report(0), 101.0)
    known.hear(ONE, Done("run", 1, 2, "account x (status 503)"), 101.0)
    known.lose(ONE, "quit")
    known.listen(200.0)
    assert known.lost == ()
    assert known.unfinished == 2
    assert known.left == ("host-aaaaaa: account x (status 503)",)


@pytest.mark.parametrize(("elapsed", "lost"), [(0.0, ("host-aaaaaa (it never heard that the run began)",)), (0.2, ())])
def test_who_reports_only_what_came_before_the_beginning_is_lost(elapsed: float, lost: tuple[str, ...]) -> None:
    """Its share of the load is missing, though what it says of making people counts; unless the run never began."""
    known = roster(ONE)
    known.begun = True
    known.hear(ONE, report(0, elapsed=elapsed), 101.0)
    known.hear(ONE, Done("run", 1, 0, ""), 102.0)
    assert known.lost == lost
    other = roster(ONE)
    other.hear(ONE, report(0, elapsed=elapsed), 101.0)
    other.hear(ONE, Done("run", 1, 0, ""), 102.0)
    assert other.lost == ()


def test_who_leaves_is_lost_and_who_cannot_begin_says_why() -> None:
    """Both end the run, each with its own words."""
    known = roster()
    known.hear(ONE, Leaving("run", "Ctrl-C"), 101.0)
    known.hear(OTHER, Unable("run", "no people"), 101.0)
    assert known.lost == ("host-aaaaaa (left: Ctrl-C)",)
    assert known.unable == ("host-bbbbbb: no people",)


def test_who_cannot_go_on_and_does_not_say_why_is_known_all_the_same() -> None:
    """No words are no reason to take it for able."""
    known = roster(ONE)
    known.hear(ONE, Unable("run", ""), 101.0)
    assert known.unable == ("host-aaaaaa: it did not say why",)


def test_the_first_reason_why_somebody_cannot_go_on_stays() -> None:
    """What breaks after it, mostly breaks because of it."""
    known = roster(ONE)
    for why in ("no people", "it did not end well", ""):
        known.hear(ONE, Unable("run", why), 101.0)
    assert known.unable == ("host-aaaaaa: no people",)


def test_who_cannot_begin_is_waited_for_until_it_is_done() -> None:
    """It may have people to remove, and its last counts to tell."""
    known = roster(ONE)
    known.hear(ONE, Unable("run", "no people"), 101.0)
    assert not known.settled
    known.hear(ONE, Done("run", 0, 0, "account a@b"), 102.0)
    assert known.settled
    assert known.left == ("host-aaaaaa: account a@b",)


def test_a_stranger_is_not_listened_to() -> None:
    """A worker that joined late changes neither the sum nor who is ready."""
    known = roster(ONE)
    known.hear("late_cccccccc", report(0), 101.0)
    known.hear("late_cccccccc", Ready("run", 4), 101.0)
    assert not known.counts.tallies
    assert not known.ready
    known.hear(ONE, Ready("run", 4), 101.0)
    assert known.ready


def test_the_busiest_stretch_of_the_busiest_member_counts() -> None:
    """One busy second is averaged away, five in a row are not, and a short run is averaged as a whole."""
    short = roster(ONE)
    short.hear(ONE, report(0, cpu=1.0), 101.0)
    short.hear(ONE, report(1, cpu=0.0), 102.0)
    assert short.cpu == pytest.approx(0.5)
    known = roster()
    for number in range(20):
        known.hear(ONE, report(number, cpu=1.0 if number == 3 else 0.1), 101.0)
        known.hear(OTHER, report(number, cpu=0.95 if 5 <= number < 12 else 0.1), 101.0)
    assert known.cpu == pytest.approx(0.95)


def test_lags_are_those_of_the_latest_member() -> None:
    """A member that is late is not hidden by others that are not."""
    known = roster()
    known.hear(ONE, report(0, late=0.001), 101.0)
    known.hear(OTHER, report(0, late=0.2), 101.0)
    assert known.start_lag(0.99) == pytest.approx(0.2, rel=0.01)
    assert known.loop_lag(0.99) == pytest.approx(0.2, rel=0.01)


def test_a_loop_that_is_late_is_not_hidden_by_another_of_its_process() -> None:
    """Two of a hundred looks are more than a hundredth, also beside as many good ones of another loop."""
    known = roster(ONE)
    good, late = histogram(*[0.001] * 100), histogram(*[0.001] * 98, 0.2, 0.2)
    known.hear(ONE, replace(report(0), loop=good, own_loops=late), 101.0)
    assert known.loop_lag(0.99) == pytest.approx(0.2, rel=0.01)
    other = roster(ONE)
    other.hear(ONE, replace(report(0), loop=late, own_loops=good), 101.0)
    assert other.loop_lag(0.99) == pytest.approx(0.2, rel=0.01)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"loop": histogram()}, "how late its event loop came was never measured"),
        ({"counts": counted(1)}, "how late it started arrivals was never measured"),
        ({"counts": counted(0)}, ""),
        ({"loop": histogram(), "elapsed": 0.01}, ""),
    ],
)
def test_a_lag_that_was_never_measured_is_not_none(told: dict[str, Any], why: str) -> None:
    """Where there was something to measure; told when everything was, for arrivals and lags need not come together."""
    known = roster(ONE)
    known.hear(ONE, replace(report(0), **told), 101.0)
    assert known.unable == ()
    known.hear(ONE, Done("run", 1, 0, ""), 102.0)
    assert known.unable == ((f"host-aaaaaa: {why}",) if why else ())


@pytest.mark.parametrize(
    "told", [({"loop": histogram(), "elapsed": 0.6},) * 2, ({"counts": counted(1)}, {"counts": counted(0)})]
)
def test_what_was_never_measured_is_asked_of_all_reports(told: tuple[dict[str, Any], ...]) -> None:
    """What began by one report, or lasted for several, is not forgotten by the last."""
    known = roster(ONE)
    for number, each in enumerate(told):
        known.hear(ONE, replace(report(number), **each), 101.0)
    known.hear(ONE, Done("run", len(told), 0, ""), 102.0)
    assert len(known.unable) == 1


@given(drifts=st.lists(st.floats(-9, 9), min_size=1), missing=st.lists(st.integers(0, 3), min_size=1))
def test_a_clock_that_was_set_is_remembered_and_users_begin_in_time(drifts: list[float], missing: list[int]) -> None:
    """The farthest that a clock was ever away counts, and of the users that have not begun the newest word."""
    known = roster(ONE)
    for number, (drift, count) in enumerate(pairs := list(zip(drifts, missing, strict=False))):
        known.hear(ONE, replace(report(number), drift=drift, missing=count), 101.0)
        assert known.clock_moved == max(abs(before) for before, _ in pairs[: number + 1])
        assert known.at_work is not bool(count)


def test_only_whoever_answered_well_was_there() -> None:
    """Errors may be given by what stands before a service: of these nobody says who answered."""
    known, counts = roster(ONE), Counts((1.0,))
    counts.add("chat sendMessage", 9, [0.05, 0.05], ["status 503"])
    counts.add("auth issueTokens", 9, [0.05], ["status 503"])
    known.hear(ONE, replace(report(0), counts=counts.encode()), 101.0)
    assert known.good == {"chat sendMessage"}


def test_clocks_are_compared_by_the_quickest_answer() -> None:
    """A slow answer says little, so that a quicker one replaces it; the distance is between two members."""
    known = roster()
    known.hear(ONE, Pong("run", 50.0, 50.9), 51.0)
    known.hear(ONE, Pong("run", 60.0, 60.005), 60.01)
    known.hear(OTHER, Pong("run", 60.0, 60.305), 60.01)
    assert known.clock_disagreement == pytest.approx(0.3)
    known.hear(ONE, Pong("run", 70.0, 73.305), 70.009)
    known.hear(OTHER, Pong("run", 70.0, 73.305), 70.009)
    # The leader's own clock counts nothing.
    assert known.clock_disagreement == pytest.approx(0.0)
    # Nor does it matter which way one was moved.
    for name, drift in ((ONE, 0.2), (OTHER, -0.2)):
        known.hear(name, replace(report(0), drift=drift), 101.0)
    assert known.clock_moved == pytest.approx(0.2)
