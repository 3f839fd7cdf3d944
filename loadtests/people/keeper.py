"""Fresh tokens for everybody, so that a run may last longer than a token.

Refreshing begins after a third of a token's life and is spread over the next third: all tokens of a pool are as old as
each other, and two thousand people who refresh in the same second are a load of their own. Whoever could not get fresh
ones then is asked for again before the old ones expire.
"""

import math
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import Final

from fixtures.clients.person import Person
from fixtures.contract import auth
from loadtests.failure import Failure
from loadtests.people.visitor import Sender

TICK: Final = 1.0
"""Seconds between two looks."""
_PART: Final = 3
"""A token is fresh for this part of its life."""
_ENDING: Final = 5.0
"""Seconds to wait for the request in flight when it ends."""


class Keeper:
    """Refreshes tokens, the oldest first; `begin` has it done in the background."""

    def __init__(self, people: Iterable[Person], client: Sender, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        now = clock()
        self._people = deque((now, person) for person in people)
        self._client = client
        self._lifetime = min((person.tokens.expires_in for _, person in self._people), default=0)
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self.failures: Counter[str] = Counter()
        """Cause to how often it kept somebody from fresh tokens."""

    def begin(self) -> None:
        """Look every `TICK` seconds from now on, in a thread; in Locust's process that is a greenlet."""
        self._thread = threading.Thread(target=self._work, name="people-keeper", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Stop looking, and end the connection."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(_ENDING)
        self._client.close()

    def look(self) -> None:
        """Refresh a tick's share of the tokens, as far as they are no longer fresh."""
        fresh_for = self._lifetime / _PART
        for _ in range(math.ceil(len(self._people) * TICK / max(fresh_for, TICK))):
            since, person = self._people[0]
            if self._clock() - since < fresh_for:
                return
            self._people.popleft()
            self._people.append((self._clock(), person))
            self._refresh(person)

    def _refresh(self, person: Person) -> None:
        try:
            tokens = self._client.send(auth.refresh(person.tokens.refresh_token))
        except Failure as failure:
            # The refresh token may be spent, if only its answer was lost: then the password is left.
            self.failures[failure.cause] += 1
            try:
                tokens = self._client.send(auth.log_in(person.identity.email, person.identity.password))
            except Failure as second:
                self.failures[second.cause] += 1
                return
        person.holds(tokens)

    def _work(self) -> None:
        while not self._over.wait(TICK):
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 - else nobody would be kept any more, as if the platform refused
                self.failures[f"{type(error).__name__}: {error}"] += 1
