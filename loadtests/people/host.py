"""What a pool asks of the process that it is for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from fixtures.environments import Environment


class Load(Protocol):
    """What a profile says of people."""

    @property
    def people(self) -> int:
        """How many, over all processes."""

    @property
    def mix(self) -> Mapping[str, int]:
        """Journey to its weight."""

    @property
    def expected(self) -> float:
        """Journeys that arrive by schedule, over all processes."""


class Host(Protocol):
    """One process of a run; `loadtests.session.Session` is one."""

    @property
    def run_id(self) -> str:
        """The run that everything made is named after."""

    @property
    def folder(self) -> Path:
        """Where the run leaves its evidence, the ledger among it."""

    @property
    def profile(self) -> Load:
        """The load that is to be made."""

    @property
    def platform(self) -> Environment:
        """Where."""

    @property
    def share(self) -> int:
        """Which of the processes this is, from 0."""

    @property
    def of(self) -> int:
        """How many there are."""

    @property
    def left(self) -> list[str]:
        """In words, who stayed behind when people could not be made: whoever makes them adds to it."""

    def fire(self, **sample: object) -> None:
        """Count a sample: Locust's `request` event."""

    def sighted(self, service: str, served_by: str) -> None:
        """Take note of who answered, by its X-Served-By; empty if it said nothing."""


def pairs_of(share: int, of: int, people: int) -> int:
    """How many pairs process `share` of `of` has, so that all have as many as the others, or one more."""
    pairs = (people + 1) // 2
    return pairs // of + (share < pairs % of)
