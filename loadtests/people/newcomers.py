"""People who register while the clock runs: their names are in the ledger before it starts.

A line of the ledger is on disk before its call returns, which stops all greenlets for as long as the disk takes. So
names are written ahead, as many as the profile lets expect, and what became of them is written after the run; until
then the intent alone says that they may be there.
"""

import itertools
import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from fixtures.clients.belongings import Book
from fixtures.clients.person import Person
from fixtures.clients.world import World

_DEVIATIONS: Final = 4
"""Standard deviations of a Poisson count that are kept in stock beyond the mean."""


class Afterwards:
    """A book that writes intents at once and everything else when it is told to."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._lines: list[Callable[[], None]] = []

    def intends(self, kind: str, name: str) -> None:
        """Write that a thing of that kind and name is about to be made."""
        self._book.intends(kind, name)

    def confirmed(self, kind: str, name: str) -> None:
        """Keep that it was made."""
        self._lines.append(lambda: self._book.confirmed(kind, name))

    def removed(self, kind: str, name: str) -> None:
        """Keep that it is gone."""
        self._lines.append(lambda: self._book.removed(kind, name))

    def left(self, kind: str, name: str, why: str) -> None:
        """Keep that it could not be removed."""
        self._lines.append(lambda: self._book.left(kind, name, why))

    def write(self) -> None:
        """Write what was kept, in its order."""
        lines, self._lines = self._lines, []
        for line in lines:
            line()


class Newcomers:
    """Gives names to people who will register, and knows who of them may still be there."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._book = Afterwards(world.book)
        self._numbers: Iterator[int] = itertools.count(1)
        self._stock: deque[Person] = deque()
        self._here: dict[str, Person] = {}

    def prepare(self, count: int) -> None:
        """Write `count` names ahead."""
        self._stock.extend(self._named() for _ in range(count))

    def come(self) -> Person:
        """Somebody who has a name and nothing else; beyond the stock it is written now."""
        person = self._stock.popleft() if self._stock else self._named()
        self._here[person.identity.email] = person
        return person

    def gone(self, person: Person) -> None:
        """Take note that the account of somebody who came is deleted."""
        del self._here[person.identity.email]
        self._book.removed("account", person.identity.email)

    def write(self) -> None:
        """Write what became of everybody. Raises `LedgerUnwritableError`."""
        for person in self._stock:
            self._book.removed("account", person.identity.email)
        self._stock.clear()
        self._book.write()

    def remaining(self) -> tuple[Person, ...]:
        """Those who are not known to be gone; from now on they are somebody else's to remove."""
        remaining, self._here = tuple(self._here.values()), {}
        for person in remaining:
            person.book = self._world.book
        return remaining

    def _named(self) -> Person:
        person = self._world.newcomer(f"n{next(self._numbers)}")
        person.book = self._book
        return person


def expected(journeys: float, mix: Mapping[str, int], name: str) -> int:
    """How many of `journeys` will be the one of that `name` by the weights of the mix, hardly ever more."""
    weight = mix.get(name, 0)
    if not weight:
        return 0
    mean = journeys * weight / sum(mix.values())
    return math.ceil(mean + _DEVIATIONS * math.sqrt(mean))
