"""Fresh tokens for everybody, so that a run may last longer than a token, and making people may, too.

A token is refreshed in the second third of its life, and the refreshes of all people are spread evenly over that time:
two thousand in the same second would be a load of their own. If answers are so slow that somebody's turn comes only in
the last third, it is taken at once. A refresh that failed is tried again before the token expires.

Each refresh is a sample of "fresh tokens", good or bad. After a bad one the password is tried: if that works, the
sample stays bad, and if it fails, too, that is one more bad sample.
"""

import math
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import Final

from fixtures.clients.person import Person
from fixtures.contract import auth
from loadtests.failure import Failure, agrees
from loadtests.kinds import FRESH, LOGIN, count
from loadtests.people.visitor import Sender

TICK: Final = 1.0
"""Seconds between two looks."""
_PART: Final = 3
"""A token is fresh for this part of its life."""
_ENDING: Final = 5.0
"""Seconds to wait for the requests in flight when it ends."""


class Keeper:
    """Refreshes tokens, the oldest first; `begin` has it done in the background."""

    def __init__(
        self, clients: Sequence[Sender], fire: Callable[..., None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """As many are refreshed at one time, at most, as there are `clients`; `fire` counts each (Locust's event)."""
        self._clock = clock
        self._clients = clients
        self._fire = fire
        self._people: deque[tuple[float, Person]] = deque()
        """When their tokens were new, and who; the oldest first."""
        self._lifetime = math.inf
        """The shortest of all tokens that were given, in seconds."""
        self._paced = -math.inf
        """When the next may be refreshed whose token has a third of its life left."""
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self.failures: Counter[str] = Counter()
        """Cause to how often it kept somebody from fresh tokens."""

    def keeps(self, *people: Person) -> None:
        """Keep these, too; their tokens are new."""
        for person in people:
            self._lives(person)
            self._people.append((self._clock(), person))

    def begin(self) -> None:
        """Look every `TICK` seconds from now on, in threads; in Locust's process these are greenlets."""
        for client in self._clients:
            thread = threading.Thread(target=self._work, args=(client,), name="people-keeper", daemon=True)
            self._threads.append(thread)
            thread.start()

    def end(self) -> None:
        """Stop looking, and end the connections."""
        self._over.set()
        latest = time.monotonic() + _ENDING
        for thread in self._threads:
            thread.join(max(0.0, latest - time.monotonic()))
        for client in self._clients:
            client.close()

    def look(self, client: Sender) -> None:
        """Refresh who is due: no longer fresh, and in an even share of the second third or beyond it."""
        while self._people and not self._over.is_set():
            now, (since, person) = self._clock(), self._people[0]
            # A platform may say that tokens live no time at all: that is no reason to ask it without a pause.
            fresh_for = max(self._lifetime / _PART, TICK)
            if now - since < fresh_for or (now - since < 2 * fresh_for and now < self._paced):
                return
            # Nothing switches to another greenlet from the look at the first to here.
            self._people.rotate(-1)
            self._people[-1] = (now, person)
            self._paced = max(self._paced, now - TICK) + fresh_for / len(self._people)
            if now - since > person.tokens.expires_in:
                self.failures["it had expired before its turn came"] += 1
            self._refresh(client, person)

    def _refresh(self, client: Sender, person: Person) -> None:
        who = person.identity
        # The refresh token may be spent, if only its answer was lost: then the password is left.
        refresh, log_in = auth.refresh(person.tokens.refresh_token), auth.log_in(who.email, who.password)
        for ask in (refresh, log_in):
            began, failure = self._clock(), None
            try:
                tokens = client.send(ask)
                # Whoever used another's would act, and leave for good, in somebody else's name.
                agrees(tokens, user_id=person.user_id, subject_id=person.user_id)
            except Failure as wrong:
                failure = wrong
                self.failures[wrong.cause] += 1
            if ask is refresh or failure is not None:
                count(self._fire, LOGIN, FRESH, self._clock() - began, failure)
            if failure is None:
                person.holds(tokens)
                self._lives(person)
                return

    def _lives(self, person: Person) -> None:
        self._lifetime = min(self._lifetime, person.tokens.expires_in)

    def _work(self, client: Sender) -> None:
        while not self._over.wait(TICK):
            try:
                self.look(client)
            except Exception as error:  # noqa: BLE001 - else nobody would be kept any more, as if the platform refused
                self.failures[f"{type(error).__name__}: {error}"] += 1
