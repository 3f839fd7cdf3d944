"""How far this machine's clock is from the platform's."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.runs.clocks import FAR, ahead, told

OFFSETS = st.floats(-1e6, 1e6)
SHORT = st.floats(0, 60)


@given(true=OFFSETS, sent=st.floats(0, 2e9), there=SHORT, back=SHORT)
def test_no_more_is_said_than_is_certain(true: float, sent: float, there: float, back: float) -> None:
    """However long request and answer take, and whenever in its second the answer was given."""
    found = ahead(sent, sent + there + back, math.floor(sent + there - true))
    assert abs(found) <= abs(true) + 1e-3
    assert found * true >= 0
    # What is not said is no more than the way took, and the second that a date is cut to.
    assert abs(true - found) <= there + back + 1 + 1e-3


@given(st.lists(OFFSETS, max_size=5))
def test_a_note_is_made_of_what_is_far_alone(differences: list[float]) -> None:
    """Nothing is said of clocks that agree, and something of one that does not."""
    assert bool(told(differences)) is any(abs(one) >= FAR for one in differences)


@pytest.mark.parametrize(
    ("differences", "how"),
    [
        ([30.0, 31.2], "is 31 s ahead of"),
        ([-300.0], "is 5 min behind"),
        ([3600.0, 3599.0], "is 60 min ahead of"),
        ([-31_536_000.0], "is 365 days behind"),
        ([351_632_852.0], "is 4,069.8 days ahead of"),
        ([0.0, FAR], "is from 0 s behind to 5 s ahead of"),
        ([0.0, 120.5], "is from 0 s behind to 2 min ahead of"),
    ],
)
def test_a_note_says_how_far_and_which_way(differences: list[float], how: str) -> None:
    """In a unit that people read, and as a range where answers do not agree."""
    assert f"this machine's clock {how} the platform's" in told(differences)
