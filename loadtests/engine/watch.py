"""Who answers: the header `X-Served-By`, watched at the price of one search in what was received.

As long as the line that was seen last comes again, nothing is parsed. Where no answer has had one, each head that is
not familiar is looked through, however it spells the name.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from fixtures.contract.served_by import HEADER
from loadtests.engine.parsing import Familiar
from loadtests.failure import BEFORE
from loadtests.said import LONGEST, MOST

SERVED_BY: Final = HEADER.lower().encode()
_LINE: Final = re.compile(rb"\r\n%b:[ \t]*([^\r\n]*)" % SERVED_BY, re.IGNORECASE)


def served_by(answer: bytes) -> bytes:
    """Who gave an answer that is there as a whole, as it says itself; empty if it does not."""
    return b", ".join(value.strip() for value in _LINE.findall(answer.lstrip().partition(b"\r\n\r\n")[0]))


@dataclass(frozen=True, slots=True)
class Sighting:
    """An answer came from someone who was not seen before, or cannot be remembered any more."""

    subject: str
    """Of the plan that was answered."""
    value: str
    """The whole header."""


class Watch:
    """Looks at all answers to one plan. `marker in data` is `expected` as long as nothing is new."""

    __slots__ = ("_known", "_saw", "_subject", "expected", "familiar", "marker")

    def __init__(self, saw: Callable[[Sighting], None], subject: str) -> None:
        self._saw, self._subject = saw, subject
        self._known: set[bytes] = set()
        self.familiar = Familiar()
        """The head that came last, which says who answered, too."""
        # Empty, it is in every answer, and not expected there: each is looked at, until one says who it is from.
        self.marker = b""
        self.expected = False

    def look(self, data: bytes) -> None:
        """Search an answer that is there as a whole."""
        head = data[: data.find(b"\r\n\r\n") + 2]
        at = head.lower().find(b"\r\n" + SERVED_BY + b":")
        if at < 0:
            return
        end = head.find(b"\r\n", at + 2)
        self.marker, self.expected = head[at : end + 2], True
        self.familiar.forget()
        self.saw(head[at + 3 + len(SERVED_BY) : end])

    def before(self, answer: bytes) -> str:
        """How the cause of a bad answer ends: with `BEFORE` if services say who they are, and none gave this one."""
        return BEFORE if self.expected and SERVED_BY not in answer.lower() else ""

    def headers(self, fields: Iterable[tuple[bytes, bytes]]) -> None:
        """Look at an answer that came in pieces."""
        for name, value in fields:
            if len(name) == len(SERVED_BY) and name.lower() == SERVED_BY:
                self.saw(value)

    def saw(self, value: bytes) -> None:
        """Report who answered, once: replicas take turns, or there would be as many sightings as answers.

        Of a target that names another for each answer only so many are remembered, and all are reported.
        """
        value = value.strip()
        if value in self._known:
            return
        if len(self._known) < MOST and len(value) <= LONGEST:
            self._known.add(value)
        self._saw(Sighting(self._subject, value.decode("latin-1")))
