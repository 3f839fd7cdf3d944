"""Closed users: one journey after the other, never two at once."""

import itertools
import random
from dataclasses import replace

import gevent

from fixtures.checks import eventually
from fixtures.checks.match import at_least
from loadtests.rounds import Rounds
from loadtests.session import Session
from loadtests.visits import UNFINISHED
from tests.unit.load.working import GREENLETS, Journey, Pool, session


def rounds(made: Session, pool: Pool, journey: Journey, think: float = 0.0, lasts: float = 3600.0) -> Rounds:
    made.profile = replace(made.profile, mix={"browsing": 1}, think=think, closed_lasts=lasts)
    return Rounds(made, pool, {"browsing": journey}, random.Random(1))  # type: ignore[arg-type]


def begun(journey: Journey, number: int = 1) -> None:
    """Wait until so many journeys have begun."""
    eventually(lambda: len(journey.since), at_least(number), within=20, subject="journeys", clock=GREENLETS)


def test_a_user_walks_thinks_and_walks_again() -> None:
    """Each journey counts from its own beginning, and is asked for and started."""
    made = session(0.0)
    journey = Journey(made.fire, takes=0.05)
    walking = rounds(made, Pool(1), journey, think=0.05)
    walking.begin()
    begun(journey, 3)
    assert walking.stop(20) == 0
    assert all(later - earlier >= 0.09 for earlier, later in itertools.pairwise(journey.since))
    counts = made.recorder.take()
    assert counts.asked.total() == counts.started.total() == counts.tallies["browsing"].requests == len(journey.since)


class Unpunctual(random.Random):
    """Chooses to be so late as never by chance."""

    def uniform(self, a: float, b: float) -> float:
        return a + 5 * b


def test_users_do_not_begin_all_at_once() -> None:
    """Each is late by a part of its first pause: together they would be a spike that no profile asked for."""
    made = session(0.0)
    journey = Journey(made.fire)
    made.profile = replace(made.profile, mix={"browsing": 1}, think=0.05, closed_lasts=3600.0)
    walking = Rounds(made, Pool(1), {"browsing": journey}, Unpunctual(1))  # type: ignore[arg-type]
    walking.begin()
    begun(journey)
    walking.stop(20)
    assert journey.since[0] - made.begins >= 0.25


def test_journeys_are_chosen_by_the_weights_of_the_mix() -> None:
    """What a profile has nine times as often is made about so often."""
    made = session(0.0)
    rare, often = Journey(made.fire), Journey(made.fire)
    made.profile = replace(made.profile, mix={"rare": 1, "often": 9}, think=0.0, closed_lasts=3600.0)
    walking = Rounds(made, Pool(1), {"rare": rare, "often": often}, random.Random(1))  # type: ignore[arg-type]
    walking.begin()
    begun(often, 200)
    walking.stop(20)
    assert 5 <= len(often.since) / len(rare.since) <= 15


def test_a_user_whose_time_is_over_begins_nothing_though_the_run_goes_on() -> None:
    """Rates may outlast the users of a profile, who are to be gone by then."""
    made = session(-5.0)
    journey = Journey(made.fire)
    walking = rounds(made, Pool(1), journey, lasts=3.0)
    walking.begin()
    for _ in range(5):
        gevent.sleep(0)
    assert walking.stop(20) == 0
    assert journey.since == []


def test_the_journey_that_is_made_at_the_end_is_drained() -> None:
    """It is waited for within the bound, and counted as failed beyond it."""
    made, pool = session(0.0), Pool(1)
    journey = Journey(made.fire, takes=0.2)
    quick = rounds(made, pool, journey)
    quick.begin()
    begun(journey)
    assert quick.stop(20) == 0
    assert made.recorder.take().tallies["browsing"].failed == 0
    journey = Journey(made.fire, takes=60)
    slow = rounds(made, pool, journey)
    slow.begin()
    begun(journey)
    assert slow.stop(0.1) == 1
    counts = made.recorder.take()
    assert counts.causes == {("browsing", UNFINISHED): 1}
    assert [trace for _, trace in counts.traces.values()] == ["5c4e"]
    assert len(pool.free) == 1


def test_a_user_who_only_tidies_up_at_the_end_is_counted_already() -> None:
    """A journey is one sample, however it is ended."""
    made, pool = session(0.0), Pool(1)
    journey = Journey(made.fire, tidies=60)
    walking = rounds(made, pool, journey)
    walking.begin()
    eventually(lambda: journey.counted, at_least(1), within=20, clock=GREENLETS)
    assert walking.stop(0.1) == 0
    tally = made.recorder.take().tallies["browsing"]
    assert (tally.requests, tally.failed) == (1, 0)
    assert len(pool.free) == 1


def test_a_user_without_people_is_refused() -> None:
    """A pool that is too small for the users makes the run INVALID instead of quiet."""
    made = session(0.0)
    walking = rounds(made, Pool(0), Journey(made.fire), think=0.05)
    walking.begin()
    counts = made.recorder.take()

    def refused() -> int:
        counts.merge(made.recorder.take())
        return counts.refused.total()

    eventually(refused, at_least(1), within=20, clock=GREENLETS)
    assert walking.stop(20) == 0
    counts.merge(made.recorder.take())
    assert counts.asked.total() == counts.refused.total() > 0


def test_a_user_that_breaks_makes_the_run_unsound() -> None:
    """One user fewer makes less load than was asked for, so it is said."""
    made = session(0.0)
    walking = rounds(made, Pool(1), Journey(made.fire))
    made.profile = replace(made.profile, mix={"nowhere": 1})
    walking.begin()
    eventually(lambda: len(made.trouble), at_least(1), within=20, clock=GREENLETS)
    walking.stop(20)
    assert made.trouble == ["a user ended: KeyError('nowhere')"]


def test_a_journey_that_breaks_makes_the_run_unsound_and_ends_no_user() -> None:
    """Each kind of journey that broke is said once, however often it did."""
    made = session(0.0)
    broken = Journey(made.fire, breaks=ValueError("of ours"))
    walking = rounds(made, Pool(1), broken, think=0.02)
    walking.begin()
    begun(broken, 2)
    assert walking.stop(20) == 0
    assert made.trouble == ["the journey browsing broke: ValueError('of ours')"]
    assert not made.recorder.take().causes
