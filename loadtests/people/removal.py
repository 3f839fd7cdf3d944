"""Removing people, side by side and within a bound: what stayed is told in words, and is in the ledger."""

import contextlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Final

from fixtures.clients.belongings import Book, NoBook
from fixtures.clients.farewell import farewell
from fixtures.clients.person import Person
from fixtures.runs.ledger import LedgerUnwritableError

_AT_ONCE: Final = 12
_LEAST: Final = 30.0
_EACH: Final = 0.05


def enough_for(people: int) -> float:
    """Seconds in which a platform that works removes that many. Whoever waits for a removal waits longer than that."""
    return _LEAST + _EACH * people


def remove(people: Sequence[Person], *, within: float) -> tuple[str, ...]:
    """Remove these people and what they have; returns in words what stayed, or may have stayed, behind.

    `within` is in seconds: whoever is not removed by then stays. A person whose registration was not answered well is
    named as well, since nobody knows whether there is an account.
    """
    if not people:
        return ()
    threads = ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="farewell")
    going = {threads.submit(farewell, person): person for person in people}
    try:
        done, late = wait(going, timeout=within)
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
    unsure = [person.identity.email for person in people if not person.registered]
    left = [f"account {email} (may be there: registering it was not answered well)" for email in unsure]
    for each in done:
        error = each.exception()
        left += (
            [what for what, _ in each.result()]
            if error is None
            else [_stays(going[each], f"{type(error).__name__}: {error}", going[each].book)]
        )
    for person in (going[each] for each in late):
        book, person.book = person.book, NoBook()
        # The request on its way may still be answered, when nobody may write into the ledger any more.
        left.append(_stays(person, f"may be gone: not removed within {within:g} s", book))
    return tuple(left)


class Forgiving:
    """A ledger whose write errors, as on a full disk, do not keep people from being removed.

    It named them before they were made, so nobody who stays is missing from it. What it could not write is told in
    `untold`.
    """

    def __init__(self, book: Book, untold: list[str]) -> None:
        self._book, self._untold = book, untold

    def intends(self, kind: str, name: str) -> None:
        """Write that a thing of that kind and name is about to be made. Raises `LedgerUnwritableError`."""
        self._book.intends(kind, name)

    def confirmed(self, kind: str, name: str) -> None:
        """Write that it was made."""
        with telling(self._untold):
            self._book.confirmed(kind, name)

    def removed(self, kind: str, name: str) -> None:
        """Write that it is gone."""
        with telling(self._untold):
            self._book.removed(kind, name)

    def left(self, kind: str, name: str, why: str) -> None:
        """Write that it could not be removed."""
        with telling(self._untold):
            self._book.left(kind, name, why)


@contextlib.contextmanager
def telling(untold: list[str]) -> Iterator[None]:
    """Go on with removing when the ledger cannot be written, and tell it once."""
    try:
        yield
    except LedgerUnwritableError as error:
        told = f"not all that was removed is in the ledger: {error.strerror}"
        if told not in untold:
            untold.append(told)


def _stays(person: Person, why: str, book: Book) -> str:
    book.left("account", person.identity.email, why)
    return f"account {person.identity.email} ({why})"
