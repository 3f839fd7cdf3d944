"""Removing people, side by side and within a bound: what stayed is told in words, and is in the ledger."""

import contextlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Final

from fixtures.clients.belongings import Book, NoBook
from fixtures.clients.farewell import farewell
from fixtures.clients.person import Person

AT_ONCE: Final = 12
_LEAST: Final = 30.0
_EACH: Final = 0.05


def enough_for(people: int) -> float:
    """Seconds in which a platform that works removes that many."""
    return _LEAST + _EACH * people


def remove(people: Sequence[Person], *, within: float) -> tuple[str, ...]:
    """Remove these people and what they have; returns in words what stayed, or may have stayed, behind.

    `within` is in seconds: whoever is not removed by then stays. A person whose registration was not answered well is
    named as well, since nobody knows whether there is an account.
    """
    if not people:
        return ()
    threads = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="farewell")
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
            each.result()
            if error is None
            else [_stays(going[each], f"{type(error).__name__}: {error}", going[each].book)]
        )
    for person in (going[each] for each in late):
        book, person.book = person.book, NoBook()
        # The request on its way may still be answered, when nobody may write into the ledger any more.
        left.append(_stays(person, f"not removed within {within:g} s", book))
    return tuple(left)


def _stays(person: Person, why: str, book: Book) -> str:
    # The ledger may be what failed; its intent says already that something may be there.
    with contextlib.suppress(OSError):
        book.left("account", person.identity.email, why)
    return f"account {person.identity.email} ({why})"
