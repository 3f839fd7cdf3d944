"""How long a platform that works may take for what a run leaves behind. Whoever waits for it waits longer than that."""

from typing import Final

_LEAST: Final = 30.0
_EACH: Final = 0.05


def enough_for(people: int) -> float:
    """Seconds in which a platform that works removes that many."""
    return _LEAST + _EACH * people
