"""Clocks of a run: how far apart, and whether one was set."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests import clock
from loadtests.conductor.clocks import Drift, Offset, disagreement
from tests.unit.load.working import session


@given(st.floats(-100, 100), st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1))
def test_an_offset_is_known_to_half_the_quickest_way(offset: float, ways: list[tuple[float, float]]) -> None:
    """However unequal the ways there and back, the error is at most half of the quickest of them together."""
    known = Offset()
    for there, back in ways:
        known.answered(1000.0, 1000.0 + there + offset, 1000.0 + there + back)
    assert abs(known.seconds - offset) <= known.uncertain + 1e-9
    assert known.uncertain == pytest.approx(min(there + back for there, back in ways) / 2, abs=1e-9)


def test_an_answer_from_before_its_question_is_not_believed() -> None:
    """A clock that was set back while a letter was under way tells nothing."""
    known = Offset()
    known.answered(1000.0, 1000.0, 999.0)
    assert not known.known


def test_the_largest_distance_counts() -> None:
    """Between any two clocks."""
    assert disagreement([0.0, -0.2, 0.1]) == pytest.approx(0.3)
    assert disagreement([]) == 0.0


def test_a_clock_that_is_set_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against a clock that nobody can set."""
    drift, real = Drift(), clock.told
    assert drift.seconds() == pytest.approx(0.0, abs=0.05)
    monkeypatch.setattr(clock, "told", lambda: real() - 3600)
    assert drift.seconds() == pytest.approx(-3600, abs=0.05)


def test_a_second_lasts_until_the_next_begins() -> None:
    """An arrival belongs to the second that it comes in, and not to the nearest: blocks begin when runs do."""
    made = session()
    made.began = 1000.0
    assert [made.second_of(offset) for offset in (0.0, 0.51, 0.99, 1.0, 59.999)] == [1000, 1000, 1000, 1001, 1059]


@pytest.mark.parametrize("by", [-3600.0, 3600.0])
def test_a_clock_that_is_set_moves_no_second_of_a_run(monkeypatch: pytest.MonkeyPatch, by: float) -> None:
    """Seconds come one after the other until another run begins, which goes by what the machine's clock says then."""
    monkeypatch.setattr(clock, "_since", clock._since)
    real = clock.told
    clock.keep()
    monkeypatch.setattr(clock, "told", lambda: real() + by)
    assert clock.wall() == pytest.approx(real(), abs=0.05)
    clock.keep()
    assert clock.wall() == pytest.approx(real() + by, abs=0.05)
