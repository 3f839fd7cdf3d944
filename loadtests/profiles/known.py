"""What a profile has to know of journeys: which operations they call, and what they measure."""

from collections.abc import Mapping
from typing import Protocol


class JourneyFacts(Protocol):
    """The part of a journey that matters before it runs."""

    @property
    def operations(self) -> frozenset[str]:
        """Labels of the operations that it calls."""

    @property
    def measures(self) -> frozenset[str]:
        """Further subjects that it measures, besides itself."""


def known_journeys() -> Mapping[str, JourneyFacts]:
    """Every journey that a mix may name."""
    # Late: journeys bring clients with them, and whoever only reads profiles does not need those.
    from loadtests.journeys import JOURNEYS  # noqa: PLC0415

    return JOURNEYS
