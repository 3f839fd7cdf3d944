"""Closed users: one journey after the other, never two at once."""

import random
from dataclasses import replace

import gevent

from loadtests.rounds import Rounds
from loadtests.session import Session
from loadtests.visits import UNFINISHED
from tests.unit.load.working import Journey, Pool, session


def rounds(made: Session, pool: Pool, journey: Journey, think: float = 0.0) -> Rounds:
    made.profile = replace(made.profile, mix={"browsing": 1}, think=think)
    return Rounds(made, pool, {"browsing": journey}, random.Random(1))  # type: ignore[arg-type]


def test_a_user_walks_thinks_and_walks_again() -> None:
    """Each journey counts from its own beginning, and is asked for and started."""
    made = session(0.0)
    walking = rounds(made, Pool(1), Journey(made.fire, takes=0.05), think=0.05)
    walking.begin()
    gevent.sleep(0.6)
    assert walking.stop(1.0) == 0
    counts = made.recorder.take()
    made_journeys = counts.tallies["browsing"].requests
    assert 3 <= made_journeys <= 6
    assert counts.asked.total() == counts.started.total() == made_journeys


def test_the_journey_that_is_made_at_the_end_is_drained() -> None:
    """It is waited for within the bound, and counted as failed beyond it."""
    made, pool = session(0.0), Pool(1)
    quick = rounds(made, pool, Journey(made.fire, takes=0.2))
    quick.begin()
    gevent.sleep(0.1)
    assert quick.stop(1.0) == 0
    assert made.recorder.take().tallies["browsing"].failed == 0
    slow = rounds(made, pool, Journey(made.fire, takes=30))
    slow.begin()
    gevent.sleep(0.1)
    assert slow.stop(0.1) == 1
    assert made.recorder.take().causes == {("browsing", UNFINISHED): 1}
    assert len(pool.free) == 1


def test_a_user_who_only_tidies_up_at_the_end_is_counted_already() -> None:
    """A journey is one sample, however it is ended."""
    made, pool = session(0.0), Pool(1)
    walking = rounds(made, pool, Journey(made.fire, tidies=30))
    walking.begin()
    gevent.sleep(0.1)
    assert walking.stop(0.1) == 0
    tally = made.recorder.take().tallies["browsing"]
    assert (tally.requests, tally.failed) == (1, 0)
    assert len(pool.free) == 1


def test_a_user_without_people_is_refused() -> None:
    """A pool that is too small for the users makes the run INVALID instead of quiet."""
    made = session(0.0)
    walking = rounds(made, Pool(0), Journey(made.fire), think=0.05)
    walking.begin()
    gevent.sleep(0.1)
    assert walking.stop(1.0) == 0
    counts = made.recorder.take()
    assert counts.asked.total() == counts.refused.total() > 0


def test_a_user_that_breaks_makes_the_run_unsound() -> None:
    """One user fewer makes less load than was asked for, so it is said."""
    made = session(0.0)
    walking = rounds(made, Pool(1), Journey(made.fire))
    made.profile = replace(made.profile, mix={"nowhere": 1})
    walking.begin()
    gevent.sleep(0.1)
    walking.stop(1.0)
    assert made.trouble == ["a user ended: KeyError('nowhere')"]


def test_a_journey_that_breaks_makes_the_run_unsound_and_ends_no_user() -> None:
    """Each kind of journey that broke is said once, however often it did."""
    made = session(0.0)
    broken = Journey(made.fire, breaks=ValueError("of ours"))
    walking = rounds(made, Pool(1), broken, think=0.02)
    walking.begin()
    gevent.sleep(0.3)
    assert walking.stop(1.0) == 0
    assert len(broken.since) > 1
    assert made.trouble == ["the journey browsing broke: ValueError('of ours')"]
    assert not made.recorder.take().causes
