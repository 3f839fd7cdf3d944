"""What the target says, where something is counted or remembered by it: so much of it, and no longer than so long.

A target may name another instance, build or field in every answer. Of all that it says `MOST` are told apart, and the
rest is counted together: nothing that was counted is lost, and no run of any length fills memory, a report or a page.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, Final, TypeVar, cast

from loadtests.failure import OWN, SOMEBODY_ELSES

K = TypeVar("K", bound=tuple[Any, ...])

MOST: Final = 256
"""Several times as many as the guide lets a service have of instances."""
LONGEST: Final = 200
"""Characters of one: names of pods, builds and causes have fewer."""
OTHERS: Final = "others, counted together"
"""What stands for all that are not told apart."""
_TOLD: Final = 16
"""Digits that tell what is cut from what begins like it."""


def cut(text: str) -> str:
    """The same if it is not too long, else as it begins; what differs still does, and a token or a string stays one."""
    if len(text) <= LONGEST:
        return text
    return f"{text[: LONGEST - 3 - _TOLD]}...{sha256(text.encode(errors='surrogatepass')).hexdigest()[:_TOLD]}"


class Said(Mapping[K, int]):
    """How often each was counted. What the target said is the last part of a key, and `OTHERS` at most one of them.

    Of all with the same first parts the `MOST` lowest are told apart (`_order`). So who they are, and how often each
    was counted, does not depend on what was counted first, nor in how many pieces it was added up.
    """

    __slots__ = ("_by_first",)

    def __init__(self) -> None:
        self._by_first: dict[tuple[Any, ...], _Texts] = {}

    def add(self, key: K, times: int = 1) -> None:
        """Count `times` more."""
        first = key[:-1]
        texts = self._by_first.get(first)
        if texts is None:
            texts = self._by_first[first] = _Texts()
        texts.add(key[-1], times)

    def merge(self, other: "Said[K]") -> None:
        """Count all that `other` counted."""
        for key, times in other.items():
            self.add(key, times)

    def total(self) -> int:
        """How much was counted in all."""
        return sum(self.values())

    def __getitem__(self, key: K) -> int:
        return self._by_first[key[:-1]].times(key[-1])

    def __iter__(self) -> Iterator[K]:
        for first, texts in self._by_first.items():
            for text in texts.known:
                yield cast("K", (*first, text))
            if texts.others:
                yield cast("K", (*first, OTHERS))

    def __len__(self) -> int:
        return sum(len(texts.known) + bool(texts.others) for texts in self._by_first.values())


class _Texts:
    """Those with the same first parts of a key."""

    __slots__ = ("_last", "known", "others")

    def __init__(self) -> None:
        self.known: dict[str, int] = {}
        self.others = 0
        self._last = ""
        """Who goes first, once there are as many as there may be."""

    def times(self, text: str) -> int:
        """How often; raises `KeyError`."""
        return self.others if text == OTHERS and self.others else self.known[text]

    def add(self, text: str, times: int) -> None:
        """Count it, or something else that is not told apart any more, with others."""
        known, text = self.known, cut(text)
        if text in known:
            known[text] += times
        elif text == OTHERS:
            self.others += times
        elif len(known) < MOST:
            known[text] = times
            self._last = max(known, key=_order) if len(known) == MOST else ""
        elif _order(text) < _order(self._last):
            self.others += known.pop(self._last)
            known[text] = times
            self._last = max(known, key=_order)
        else:
            self.others += times


def _order(text: str) -> tuple[bool, int, str]:
    """First what decides a verdict by itself, of which there are few; then what is short, as causes and names are."""
    return not text.startswith((OWN, SOMEBODY_ELSES)), len(text), text
