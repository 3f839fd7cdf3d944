"""From values to places, and the round values that an axis names."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_STEPS: Final = (1, 2, 5)
_TIMES: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200)
_TICKS: Final = 4
_TIME_TICKS: Final = 8
_FEW_DECADES: Final = 2.3
"""Up to so many, 2 and 5 are named beside 1."""
_LEAST: Final = 1e-9
"""Less is nothing to an axis."""


@dataclass(frozen=True, slots=True)
class Scale:
    """`low` is drawn at `start`, `high` at `end`; what is beyond is drawn at the edge."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """The place of a value."""
        value = min(max(value, self.low), self.high)
        low, high = self.low, self.high
        if self.log:
            value, low, high = math.log(value), math.log(low), math.log(high)
        return self.start + (value - low) / (high - low) * (self.end - self.start)


def linear_ticks(high: float) -> list[float]:
    """Some four round values from 0 to the first that is not below `high`."""
    if high < _LEAST:
        return [0.0, 1.0]
    step = _round_up(high / _TICKS)
    return [step * index for index in range(math.ceil(high / step - 1e-9) + 1)]


def time_ticks(seconds: float) -> list[float]:
    """Offsets that a clock would name."""
    step = next((step for step in _TIMES if seconds / step <= _TIME_TICKS), 86_400)
    return [float(step * index) for index in range(math.floor(seconds / step) + 1)]


def log_edges(low: float, high: float) -> tuple[float, float]:
    """The round values just around, at least a decade apart; both have to be above 0."""
    bottom, top = _round_down(low), _round_up(high)
    return (bottom, top) if top >= bottom * 10 else (bottom, bottom * 10)


def log_ticks(low: float, high: float) -> list[float]:
    """Round values between two edges."""
    steps = _STEPS if math.log10(high / low) <= _FEW_DECADES else (1,)
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    values = [step * 10.0**power for power in range(first, last + 1) for step in steps]
    return [value for value in values if low * 0.999 <= value <= high * 1.001]


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places at least `gap` apart, each as near to its own as its neighbours above let it; within `low` and `high`."""
    order = sorted(range(len(places)), key=lambda index: places[index])
    moved = list(places)
    floor = low
    for index in order:
        floor = moved[index] = max(moved[index], floor)
        floor += gap
    ceiling = high
    for index in reversed(order):
        ceiling = moved[index] = min(moved[index], ceiling)
        ceiling -= gap
    return moved


def _round_up(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    return next((step * power for step in _STEPS if step * power >= value * (1 - 1e-9)), 10 * power)


def _round_down(value: float) -> float:
    power = 10.0 ** math.floor(math.log10(value))
    return next((step * power for step in reversed(_STEPS) if step * power <= value * (1 + 1e-9)), power)
