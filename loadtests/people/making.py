"""Making pairs side by side: two people who are friends and share a conversation.

A platform that keeps its promise of one error in a hundred must not spoil the run while people are made: a pair that
cannot be made is made anew, under another name, until too many could not.
"""

import itertools
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Final

from fixtures.checks import CheckFailure
from fixtures.clients.person import Person
from fixtures.clients.world import World
from fixtures.contract.notification import INBOX
from fixtures.environments.load import SYNTHETIC_KEY
from fixtures.http1.errors import ConnectTimeoutError
from fixtures.runs.ledger import Ledger

_AT_ONCE: Final = 12
"""Pairs that are made at the same time. In Locust's process each is a greenlet."""
_SPARE: Final = 0.05
"""Share of the pairs that may fail beyond the first few."""
_FEW: Final = 3


@dataclass(frozen=True, slots=True)
class Pair:
    """Two friends and their conversation."""

    one: Person
    other: Person
    conversation_id: str


class PeopleError(Exception):
    """The people cannot be made: `what` is wrong, `how` to mend it, and `left`, in words, what could not be removed."""

    def __init__(self, what: str, how: str, left: Sequence[str] = ()) -> None:
        self.what = what
        self.how = how
        self.left = tuple(left)
        # Not who is left: a run tells that in a note of its own.
        super().__init__(f"{what}; {how}")


class _GivenUpError(Exception):
    """The pool is not made any further."""


@dataclass(slots=True)
class Maker:
    """Makes pairs, and keeps everybody it began to make: whoever removes them must know of those, too."""

    world: World
    ledger: Ledger
    """The world's book; who is done with people closes it."""
    begun: list[Person] = field(default_factory=list)
    failures: list[CheckFailure] = field(default_factory=list)
    """Why pairs had to be made anew."""
    ahead: list[float] = field(default_factory=list)
    """How far this machine's clock was ahead of that of who answered (`runs.clocks`), for each answer."""
    _given_up: threading.Event = field(default_factory=threading.Event)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def make(self, count: int, made: Callable[[Person, Person], None]) -> tuple[Pair, ...]:
        """Make that many pairs, and tell each at once to `made`; raises `PeopleError` when too many could not be made.

        However it ends, nothing is being made any more afterwards.
        """
        pairs: list[Pair] = []
        allowed = max(_FEW, math.ceil(_SPARE * count))
        running: set[Future[Pair]] = set()
        threads = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="people")
        try:
            while len(pairs) < count:
                wanted = min(_AT_ONCE, count - len(pairs)) - len(running)
                running |= {threads.submit(self._pair, next(self._numbers)) for _ in range(wanted)}
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for each in done:
                    try:
                        pair = each.result()
                    except CheckFailure as failure:
                        self.failures.append(failure)
                    else:
                        made(pair.one, pair.other)
                        pairs.append(pair)
                if len(self.failures) > allowed:
                    raise _error(count, self.failures[0])
        finally:
            self._given_up.set()
            threads.shutdown(wait=True, cancel_futures=True)
        return tuple(pairs)

    def _pair(self, number: int) -> Pair:
        one, other = self._joined(f"p{number}a"), self._joined(f"p{number}b")
        self._go_on()
        one.befriends(other)
        self._go_on()
        return Pair(one, other, one.opens_conversation_with(other).conversation_id)

    def _joined(self, noun: str) -> Person:
        self._go_on()
        person = self.world.newcomer(noun)
        self.begun.append(person)
        person.joins()
        return person

    def _go_on(self) -> None:
        if self._given_up.is_set():
            raise _GivenUpError


def _error(count: int, failure: CheckFailure) -> PeopleError:
    likely = f" (likely: {failure.likely})" if failure.likely else ""
    look = f"look at the {failure.service} service" if failure.service else "look at the platform"
    if isinstance(failure.__cause__, ConnectTimeoutError):
        look = "no service has to do with that"
    elif failure.what == INBOX.label and f"{INBOX.label} answered 401" in failure.got:
        look = f"look whether the secret {SYNTHETIC_KEY} is the one of this environment"
    return PeopleError(
        f"the {2 * count} synthetic people of this process cannot be made: "
        f"{failure.what}, expected {failure.expected}, got {failure.got}{likely}",
        f"{look}; `pytest -m smoke` at the same environment shows what works",
    )
