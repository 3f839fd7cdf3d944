"""Several questions at once."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.statistics.bounds import upper_bound
from fixtures.statistics.several import holm, how, shared

p_values = st.dictionaries(st.integers(0, 30), st.floats(0, 1), max_size=12)


@given(p_values, st.floats(0.0001, 0.5))
def test_holm_is_between_bonferroni_and_none(asked: dict[int, float], level: float) -> None:
    """It proves all that Bonferroni proves, nothing above the level, and nothing less convincing than what it left."""
    proven = holm(asked, level)
    assert {name for name, p in asked.items() if p <= shared(level, len(asked))} <= proven
    assert all(asked[name] <= level for name in proven)
    assert all(asked[name] <= asked[other] for name in proven for other in asked.keys() - proven)


def test_holm_shares_what_is_left() -> None:
    """Holm's own example of steps: each is held against the level over the number still open."""
    assert holm({"a": 0.01, "b": 0.02, "c": 0.045, "d": 0.004}, 0.05) == {"a", "b", "c", "d"}
    assert holm({"a": 0.01, "b": 0.03, "c": 0.04, "d": 0.004}, 0.05) == {"a", "d"}


def test_twenty_good_operations_alarm_no_more_than_one() -> None:
    """With twenty true hypotheses the chance of any alarm stays at the level, by simulation."""
    random, runs, level = Random(25), 20_000, 0.01
    alarms = sum(bool(holm({index: random.random() for index in range(20)}, level)) for _ in range(runs))
    assert alarms / runs == pytest.approx(level, abs=0.003)
    assert upper_bound(alarms, runs, 0.001) < 2 * level


def test_no_question_is_not_a_division_by_zero() -> None:
    """Without a question nothing is proven and the level is whole."""
    assert holm({}, 0.01) == frozenset()
    assert shared(0.01, 0) == 0.01


def test_the_report_says_how() -> None:
    """One sentence names the number of questions, the level of each and of all, and that of good news."""
    assert "20 questions share the level 0.001" in how(0.001, 0.02, 20)
    assert "5e-05" in how(0.001, 0.02, 20)
    assert how(0.001, 0.02, 2).endswith("for GO each must hold at 0.02 by itself.")
    assert how(0.001, 0.02, 1) == "One question; NO-GO is wrong with probability at most 0.001, GO with at most 0.02."
