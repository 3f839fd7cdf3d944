"""Numbers as people read them: with units, thousands separated, and no more digits than mean something."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

NOTHING: Final = "\N{EN DASH}"
"""Where there is no number."""
NEVER: Final = "never"
"""The latency of what never came."""
_MINUTE, _HOUR = 60, 3600
_FEW: Final = 3
_SEEN: Final = 1e-6
"""A smaller share is not told from another, nor a smaller part of a second."""


def count(number: float) -> str:
    """`12,345`."""
    return f"{number:,.0f}"


def several(number: int, noun: str) -> str:
    """`1 sample`, `12,345 samples`."""
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"


def few(texts: Sequence[str], rest: str) -> list[str]:
    """The first of them, and how many more there are, so that a hundred alike do not hide what else is said."""
    more = len(texts) - _FEW
    return [*texts[:_FEW], f"and {count(more)} more, {rest}"] if more > 0 else list(texts)


def significant(number: float, digits: int = 3) -> str:
    """Rounded to so many digits, never in scientific notation, without zeros that say nothing."""
    if not number:
        return "0"
    if math.isnan(number):
        return NOTHING
    places = digits - 1 - math.floor(math.log10(abs(number)))
    return trimmed(f"{round(number, places):,.{max(0, places)}f}")


def latency(seconds: float | None) -> str:
    """`4.53 ms`, `1.25 s`; three digits."""
    if seconds is None:
        return NOTHING
    if math.isinf(seconds):
        return NEVER
    if 0 < seconds < _SEEN:
        return f"< {significant(_SEEN * 1000)} ms"
    # What rounds to a second is written as one.
    return f"{significant(seconds * 1000)} ms" if seconds < 0.9995 else f"{significant(seconds)} s"  # noqa: PLR2004


def share(fraction: float | None) -> str:
    """`0.52 %`; three digits, also of the rest to 100 %."""
    if fraction is None:
        return NOTHING
    if fraction > 0.99 and fraction < 1:  # noqa: PLR2004 - 99.97 % must not read as 100 %
        places = 1 - math.floor(math.log10((1 - fraction) * 100))
        return f"{trimmed(f'{fraction * 100:.{max(1, places)}f}')} %"
    if 0 < fraction < _SEEN:
        return f"< {significant(_SEEN * 100)} %"
    return f"{significant(fraction * 100)} %"


def percentile(quantile: float) -> str:
    """`p99.95`."""
    return f"p{trimmed(f'{quantile * 100:.6f}')}"


def offset(seconds: float) -> str:
    """`1:05` into the run; with hours where there are some."""
    whole = int(seconds)
    minutes, rest = divmod(whole, _MINUTE)
    if whole < _HOUR:
        return f"{minutes}:{rest:02}"
    return f"{whole // _HOUR}:{minutes % 60:02}:{rest:02}"


def duration(seconds: float) -> str:
    """`45 s`, `2 min 5 s`, `1 h 5 min`."""
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        minutes, rest = divmod(whole, _MINUTE)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, rest = divmod(round(seconds / _MINUTE), 60)
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def when(seconds: float) -> str:
    """A time since 1970 as `2026-11-25 21:49:19 UTC`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def trimmed(text: str) -> str:
    """Without zeros that say nothing."""
    return text.rstrip("0").rstrip(".") if "." in text else text
