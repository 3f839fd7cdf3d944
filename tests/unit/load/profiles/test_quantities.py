"""Numbers with units: what is read, what is refused, and what was probably meant."""

from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.profiles.quantities import DURATION, RATE, SHARE, Kind, Mistake, Whole, level

KINDS = st.sampled_from([DURATION, RATE, SHARE])


@given(KINDS, st.data(), st.decimals(0, 100_000, places=3), st.sampled_from(["", " "]))
def test_a_quantity_is_its_number_times_its_unit(kind: Kind, data: st.DataObject, number: object, gap: str) -> None:
    """Every number with every unit of the kind is read exactly, or refused for being more than is allowed."""
    unit = data.draw(st.sampled_from(sorted(kind.units)))
    exact = Fraction(str(number)) * kind.units[unit]
    if exact > kind.most:
        with pytest.raises(Mistake, match="more than can be asked for"):
            kind.parse(f"{number}{gap}{unit}")
    else:
        assert kind.parse(f"{number}{gap}{unit}") == float(exact)


@given(KINDS, st.floats(0, 1))
def test_what_is_shown_reads_as_the_same(kind: Kind, part: float) -> None:
    """A quantity that is shown and read again is the same to nine decimals."""
    amount = part * kind.most
    assert kind.parse(kind.show(amount)) == pytest.approx(amount, rel=1e-11, abs=1e-9)


@given(KINDS, st.text() | st.integers() | st.floats() | st.none() | st.booleans() | st.lists(st.text()))
def test_anything_else_is_a_mistake(kind: Kind, value: object) -> None:
    """Whatever is given is either a finite quantity within its bounds or a mistake, and never another error."""
    with suppress(Mistake):
        assert 0 <= kind.parse(value) <= kind.most


@pytest.mark.parametrize(
    ("kind", "value", "meant"),
    [
        (DURATION, 20, "'20 s'"),
        (DURATION, "20", "'20 s'"),
        (DURATION, "20 sec", "'20 s'"),
        (DURATION, "1.5 Minutes", "'1.5 min'"),
        (DURATION, "3 m", "'3 min'"),
        (DURATION, "3 /s", "'3 s'"),
        (DURATION, "3 parsec", ""),
        (RATE, 12.5, "'12.5 /s'"),
        (RATE, "12 rps", "'12 /s'"),
        (RATE, "12 /sec", "'12 /s'"),
        (SHARE, 90, "'90 %'"),
        (SHARE, "90 percent", "'90 %'"),
        (DURATION, "-3 s", ""),
        (DURATION, "nan s", ""),
        (RATE, "inf /s", ""),
        (RATE, "1e3 /s", ""),
        (DURATION, True, ""),
        (DURATION, "123456789012345678901 ms", ""),
        (DURATION, "٣ s", ""),
    ],
)
def test_what_was_meant(kind: Kind, value: object, meant: str) -> None:
    """A missing unit, and one of another habit, is told as it should be written; sense is made of nothing else."""
    with pytest.raises(Mistake) as caught:
        kind.parse(value)
    assert caught.value.suggestion == meant
    assert caught.value.allowed == kind.allowed


def test_nothing_is_a_mistake_where_something_is_needed() -> None:
    """Zero is a quantity, and a mistake where there has to be some of it."""
    assert DURATION.parse("0 s") == 0
    with pytest.raises(Mistake, match="'0 s' is nothing") as caught:
        DURATION.positive("0 s")
    assert caught.value.allowed.startswith("more than 0 s, such as '20 s'; units ms, s, min, h, d; at most 7 d")
    assert DURATION.positive("1 min") == 60


@given(st.integers() | st.floats() | st.booleans() | st.text())
def test_whole_numbers_have_a_range(value: object) -> None:
    """A whole number within its range is itself, and everything else is a mistake."""
    if isinstance(value, int) and not isinstance(value, bool) and 2 <= value <= 50:
        assert Whole(2, 50).parse(value) == value
    else:
        with pytest.raises(Mistake):
            Whole(2, 50).parse(value)


@given(st.integers() | st.floats() | st.text())
def test_levels_are_small_probabilities(value: object) -> None:
    """A level is a float between a billionth and a tenth, and everything else is a mistake."""
    if isinstance(value, float) and 1e-9 <= value <= 0.1:
        assert level(value) == value
    else:
        with pytest.raises(Mistake, match="is not allowed"):
            level(value)
