"""Who answered, as services say themselves in `X-Served-By`: as much of it as a verdict needs, however much they say.

That is, of each service, whether it ever said anything, what it said that cannot be read, which slots and builds it
is, and how many instances. What a header says besides, and how often, is not kept.
"""

from collections.abc import Collection, Iterator
from typing import Final

from fixtures.contract.errors import ContractError
from fixtures.contract.served_by import ServedBy, parse
from loadtests.said import LONGEST, MOST, cut

BUILDS: Final = 8
"""Slots and builds of a service that are told apart: with the second the target has changed, whatever comes then."""
_WHOLE: Final = 4 * LONGEST
"""Characters of a header that is kept as it came."""
_CUT: Final = "\N{HORIZONTAL ELLIPSIS}"
"""The end of what is cut, which no header has that can be read."""


class Sightings(Collection[tuple[str, str]]):
    """(service, value of X-Served-By) in the order of first answers; an empty value where one said nothing.

    Instances are told apart up to `MOST`, slots and builds, and what cannot be read, up to one more than `BUILDS`.
    Added to another's, those of several processes say the same as those of one that has seen all.
    """

    __slots__ = ("_facts", "_kept")

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], None] = {}
        self._facts: dict[tuple[str, str], set[tuple[str, ...]]] = {}
        """(service, kind) to what is known of that kind."""

    def add(self, service: str, served_by: str) -> None:
        """Take note of who answered."""
        if (service, served_by) in self._kept:
            return
        value, facts = _read(served_by)
        new = False
        for kind, fact, most in facts:
            known = self._facts.setdefault((service, kind), set())
            if fact not in known and len(known) < most:
                known.add(fact)
                new = True
        if new:
            self._kept[service, value] = None

    def __contains__(self, seen: object) -> bool:
        return seen in self._kept

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self._kept)

    def __len__(self) -> int:
        return len(self._kept)


def _read(served_by: str) -> tuple[str, tuple[tuple[str, tuple[str, ...], int], ...]]:
    """What is kept of a header, which says the same, and each fact that it says: kind, fact, how many may be known."""
    if not served_by:
        return "", (("silent", (), 1),)
    try:
        who = parse(served_by)
    except ContractError:
        value = served_by if len(served_by) <= _WHOLE else served_by[:_WHOLE] + _CUT
        return value, (("unread", (value,), BUILDS + 1),)
    said = ServedBy(cut(who.service), cut(who.slot), cut(who.build), cut(who.instance))
    return (
        served_by if said == who and len(served_by) <= _WHOLE else str(said),
        (("build", (said.slot, said.build), BUILDS + 1), ("instance", (said.instance,), MOST)),
    )
