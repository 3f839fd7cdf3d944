"""Units of time; and how people write units elsewhere, of which none is accepted: files read the same to everybody."""

from collections.abc import Collection
from decimal import Decimal
from typing import Final

from fixtures.environments.reading import closest

TIMES: Final = {"ms": Decimal("0.001"), "s": Decimal(1), "min": Decimal(60), "h": Decimal(3600), "d": Decimal(86400)}
"""Seconds in one of each."""
_ELSEWHERE: Final = {
    "millisecond": "ms",
    "milliseconds": "ms",
    "millis": "ms",
    "sec": "s",
    "secs": "s",
    "second": "s",
    "seconds": "s",
    "m": "min",
    "mins": "min",
    "minute": "min",
    "minutes": "min",
    "hour": "h",
    "hours": "h",
    "day": "d",
    "days": "d",
    "rps": "/s",
    "hz": "/s",
    "percent": "%",
}


def meant(unit: str, known: Collection[str]) -> str:
    """The known unit that was probably meant; empty if none resembles it."""
    lower = unit.strip().lower()
    here = _ELSEWHERE.get(lower, lower)
    return here if here in known else closest(lower, known)
