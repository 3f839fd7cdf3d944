"""Numbers with units, as profiles write them: durations in seconds, rates a second, shares as fractions of 1.

A number without its unit is a mistake, and so is one in a unit of another kind: `20 s` is a duration, `12 /s` a rate,
`90 %` a share. Between number and unit there may be a space; there is no sign, no exponent and no infinity.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, NoReturn

from loadtests import units
from loadtests.numbers import trimmed

_TEXT: Final = re.compile(r"(\d+(?:\.\d+)?) ?(\D.*)?", re.ASCII)
_DIGITS: Final = 20
"""Of a number: more than any profile needs."""
_LEAST_LEVEL, _MOST_LEVEL = 1e-9, 0.1


class Mistake(ValueError):  # noqa: N818 - becomes a ConfigurationError
    """A value that is not what its key holds: what is allowed, and what was probably meant (or nothing)."""

    def __init__(self, message: str, allowed: str, suggestion: str = "") -> None:
        super().__init__(message)
        self.allowed, self.suggestion = allowed, suggestion


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of quantity: what it is called, its units in those of the program, and the most that is allowed."""

    name: str
    units: Mapping[str, Fraction]
    plain: str
    """The unit that a number without one probably meant."""
    most: float
    example: str

    @property
    def allowed(self) -> str:
        """For messages: an example, the units and the most."""
        return f"such as '{self.example}'; units {', '.join(self.units)}; at most {self.show(self.most)}"

    @property
    def allowed_positive(self) -> str:
        """The same where zero makes no sense."""
        return f"more than 0 {self.plain}, {self.allowed}"

    def parse(self, value: object) -> float:
        """The quantity that `value` writes; raises `Mistake` for everything that is none."""
        if not isinstance(value, str):
            numeric = isinstance(value, int | float) and not isinstance(value, bool)
            self._wrong(
                f"{value!r} has no unit" if numeric else f"{value!r} is no {self.name}",
                value,
                self.plain if numeric else "",
            )
        match = _TEXT.fullmatch(value.strip())
        if match is None or len(match[1]) > _DIGITS:
            self._wrong(f"{value!r} is no {self.name}")
        number, unit = match[1], match[2]
        if unit is None:
            self._wrong(f"{value!r} has no unit", number, self.plain)
        if unit not in self.units:
            self._wrong(f"{unit!r} is no unit of a {self.name}", number, units.meant(unit, self.units))
        amount = float(Fraction(number) * self.units[unit])
        if amount > self.most:
            self._wrong(f"{value!r} is more than can be asked for")
        return amount

    def positive(self, value: object) -> float:
        """The same; raises `Mistake` for zero, too."""
        amount = self.parse(value)
        if amount == 0:
            raise Mistake(f"{value!r} is nothing", self.allowed_positive)
        return amount

    def show(self, amount: float) -> str:
        """The quantity as text, in the largest unit of which it is a whole number; nine decimals if there is none."""
        exact = Fraction(repr(amount))
        for unit, factor in sorted(self.units.items(), key=lambda item: -item[1]):
            if exact and (exact / factor).denominator == 1:
                return f"{exact / factor} {unit}"
        return f"{trimmed(f'{float(exact / self.units[self.plain]):.9f}')} {self.plain}"

    def _wrong(self, message: str, number: object = "", unit: str = "") -> NoReturn:
        raise Mistake(message, self.allowed, f"'{number} {unit}'" if unit else "")


DURATION: Final = Kind(
    "duration",
    {unit: Fraction(seconds) for unit, seconds in units.TIMES.items()},
    plain="s",
    most=7 * 86400.0,
    example="20 s",
)
"""Seconds; a week at the most."""
RATE: Final = Kind("rate", {"/s": Fraction(1), "/min": Fraction(1, 60)}, plain="/s", most=1_000_000.0, example="12 /s")
"""A second; a million at the most, fifty times what one core can start."""
SHARE: Final = Kind("share", {"%": Fraction(1, 100)}, plain="%", most=1.0, example="90 %")
"""Fraction of 1."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number in a range, both ends included."""

    least: int
    most: int

    @property
    def allowed(self) -> str:
        """For messages."""
        return f"a whole number from {self.least} to {self.most}"

    def parse(self, value: object) -> int:
        """The number that `value` is; raises `Mistake` for anything else."""
        if not isinstance(value, int) or isinstance(value, bool) or not self.least <= value <= self.most:
            raise Mistake(f"{value!r} is not allowed", self.allowed)
        return value


def level(value: object) -> float:
    """How often a verdict may be wrong, as a probability; raises `Mistake` for what is none."""
    if not isinstance(value, float) or not _LEAST_LEVEL <= value <= _MOST_LEVEL:
        raise Mistake(f"{value!r} is not allowed", f"a probability from {_LEAST_LEVEL} to {_MOST_LEVEL}, such as 0.001")
    return value
