"""The pool: people made before the clock starts, lent out in pairs to one journey at a time, removed after.

A pool that cannot be made leaves nobody behind, as far as the platform lets it, and says whom it had to leave.
"""

import contextlib
import math
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, Self

from fixtures.checks.eventually import MONOTONIC
from fixtures.checks.time_scale import scaled, set_time_scale
from fixtures.clients.acts.account import OthersTokens
from fixtures.clients.exchanges import Exchanges
from fixtures.clients.person import Person
from fixtures.clients.transport import Transport, Unanswered
from fixtures.clients.witness import Witness
from fixtures.clients.world import World
from fixtures.contract import auth
from fixtures.contract.promises import PROMISES
from fixtures.environments import Environment
from fixtures.environments.load import SYNTHETIC_KEY
from fixtures.environments.secrets import UnresolvedReferenceError
from fixtures.runs import register_secret
from fixtures.runs.clocks import told
from fixtures.runs.folder import LEDGER
from fixtures.runs.ledger import Ledger
from loadtests.failure import SOMEBODY_ELSES, Failure
from loadtests.kinds import FRESH, LOGIN, count
from loadtests.people.equipment import Counted
from loadtests.people.keeper import Keeper
from loadtests.people.making import Maker, Pair, PeopleError
from loadtests.people.newcomers import Newcomers, expected
from loadtests.people.removal import Forgiving, enough_for, remove, telling
from loadtests.people.visitor import Equipment, Visitor
from loadtests.session import Session, part

REGISTERING: Final = "registering"
"""The journey by which people come who were not there before."""

_AT_ONCE: Final = 4
"""Tokens that are refreshed at the same time, at most."""
_KNOCKS: Final = 3
"""Requests without an answer after which nobody is there; one alone may be within what the platform promises."""


class Pool:
    """The people of one process."""

    def __init__(  # noqa: PLR0913 - whom it has, and what these need
        self,
        pairs: Iterable[Pair],
        maker: Maker,
        newcomers: Newcomers,
        equipment: Equipment,
        keeper: Keeper,
        *,
        held: bool = False,
    ) -> None:
        """`held` is whether there are idle connections of theirs."""
        self.told_by = time.perf_counter() + scaled(PROMISES.deadlines.notification)
        """When everybody must have been told of the friend, by `time.perf_counter`."""
        self._maker = maker
        self._newcomers = newcomers
        self._visitors = tuple(
            Visitor(
                person=pair.one,
                friend=pair.other,
                conversation_id=pair.conversation_id,
                client=equipment.client(),
                friends_client=equipment.client(),
                equipment=equipment,
                synthetic_key=maker.world.synthetic_key,
                newcomers=newcomers,
                told_by=self.told_by,
                held=held,
            )
            for pair in pairs
        )
        self._free = deque(self._visitors)
        self._over = False
        self._untold: list[str] = []
        self._keeper = keeper

    @classmethod
    def make(cls, session: Session, *, equipment: Equipment | None = None) -> Self:
        """Make this process's share of the people, and keep their tokens fresh from then on.

        Returns when every service must know of every friendship. Raises `PeopleError` when that cannot be done, and
        `LedgerUnwritableError` when it may not; nobody is left behind then, nor when it is interrupted, or it is told.
        """
        maker = _maker(session)
        if equipment is None:
            slow = min(session.recorder.limits, default=math.inf)
            equipment = own = Counted(
                session.platform,
                session.run_id,
                session.fire,
                session.sighted,
                slow,
                passed_over=session.recorder.passes_over,
            )
            session.ways = own.ways
        newcomers = Newcomers(maker.world)
        keeper = Keeper([equipment.quiet_client() for _ in range(_AT_ONCE)], equipment.fire)
        wanted = _pairs(session)
        try:
            if wanted:
                _reaches(maker.world.transport)
            keeper.begin()
            try:
                pairs = maker.make(wanted, keeper.keeps)
            finally:
                # Also where that was so often that nobody can be made.
                for failure in maker.failures:
                    if isinstance(failure, OthersTokens):
                        count(equipment.fire, LOGIN, FRESH, 0.0, Failure(f"{SOMEBODY_ELSES} tokens"))
            with maker.ledger.together():
                newcomers.prepare(expected(session.profile.expected / session.of, session.profile.mix, REGISTERING))
            if pairs:
                MONOTONIC.sleep(scaled(PROMISES.deadlines.friendship_effect))
            return cls(pairs, maker, newcomers, equipment, keeper, held=bool(session.profile.connections))
        except BaseException as error:
            # Beginning waits for threads. One that had no turn yet cannot be waited for, and ends at its first.
            with contextlib.suppress(RuntimeError):
                keeper.end()
            left, _ = _removed(maker, newcomers, enough_for(len(maker.begun)))
            session.left.extend(left)
            if isinstance(error, PeopleError):
                raise PeopleError(error.what, error.how, left) from error.__cause__
            raise

    @property
    def people(self) -> tuple[Person, ...]:
        """Everybody who was made before the clock started."""
        return tuple(person for each in self._visitors for person in (each.person, each.friend))

    @property
    def tokens(self) -> tuple[str, ...]:
        """The newest access token of everybody."""
        return tuple(person.tokens.access_token for person in self.people)

    @property
    def good_until(self) -> tuple[float, ...]:
        """When each of these expires, by `time.monotonic`."""
        return tuple(person.good_until for person in self.people)

    def talked(self, person: int) -> float:
        """When the last chat of that one of `people` began that went well, by `time.perf_counter`."""
        return self._visitors[person // 2].talked

    @property
    def notes(self) -> tuple[str, ...]:
        """What went wrong while people were made, kept and removed, in words."""
        failures, anew = self._keeper.failures.items(), self._maker.failures
        made = (f"{len(anew)} pairs had to be made anew; the first: {anew[0].what}, got {anew[0].got}",) if anew else ()
        untimed = filter(None, [told(self._maker.ahead)])
        unfresh = (f"{times} times no fresh token: {cause}" for cause, times in failures)
        return (*made, *unfresh, *self._untold, *untimed)

    def borrow(self) -> Visitor | None:
        """Somebody for one journey, who was not lent out for the longest time; None when all are."""
        if self._over or not self._free:
            return None
        visitor = self._free.popleft()
        visitor.sets_out()
        return visitor

    def give_back(self, visitor: Visitor) -> None:
        """Take back whom `borrow` gave. Their next journey begins on connections of its own, as that of people does.

        A balancer that deals out connections gives each journey a machine then. People who kept one that leads to a
        slow machine would make fewer journeys than others, and less of it would be seen than its people see.
        """
        visitor.leaves()
        self._free.append(visitor)

    def remove(self, *, within: float | None = None) -> tuple[str, ...]:
        """Remove everybody, whoever is still lent out among them; returns in words what stayed behind.

        `within` is in seconds; by default what a platform that works needs for those who were made before the clock
        started, and half a minute. A second time it does nothing.
        """
        if self._over:
            return ()
        self._over = True
        self._keeper.end()
        for visitor in self._visitors:
            visitor.leaves()
        within = enough_for(len(self.people)) if within is None else within
        left, self._untold = _removed(self._maker, self._newcomers, within)
        return left


def _removed(maker: Maker, newcomers: Newcomers, within: float) -> tuple[tuple[str, ...], list[str]]:
    """Remove everybody and close the ledger; returns in words who stayed behind, and what the ledger does not say."""
    untold: list[str] = []
    with telling(untold), maker.ledger.together():
        newcomers.write()
    people = [*maker.begun, *newcomers.remaining()]
    for person in people:
        person.book = Forgiving(person.book, untold)
    try:
        left = remove(people, within=within)
    finally:
        with telling(untold):
            maker.ledger.close()
    return left, untold


def _maker(session: Session) -> Maker:
    """Who makes people; raises `PeopleError`."""
    platform = session.platform
    set_time_scale(platform.time_scale)
    key = _synthetic_key(platform)
    clocks: list[float] = []
    witness = Witness(timed=clocks.append)
    transport = Transport(platform, run_id=session.run_id, witness=witness, exchanges=Exchanges())
    ledger = Ledger(session.folder / LEDGER)
    return Maker(World(f"load-{session.share}", transport, ledger, key), ledger, ahead=clocks)


def _reaches(transport: Transport) -> None:
    """Raises `PeopleError` if nobody answers, before anybody is made whom somebody would have to remove."""
    silences: list[Unanswered] = []
    while len(silences) < _KNOCKS:
        try:
            transport.answer(auth.key_set())
        except Unanswered as nothing:
            silences.append(nothing)
        else:
            return
    last = silences[-1]
    likely = f" (likely: {last.likely})" if last.likely else ""
    raise PeopleError(
        f"no answer from {transport.base}: {last.got}{likely}",
        f"start the platform, or mend the address in {transport.environment.source}",
    ) from last


def _synthetic_key(platform: Environment) -> Callable[[], str]:
    reference = platform.secrets.get(SYNTHETIC_KEY)
    if reference is None:
        raise PeopleError(
            f"{platform.name} has no secret {SYNTHETIC_KEY}, which opens the inboxes of synthetic people",
            f"name it in {platform.source}",
        )
    try:
        secret = reference.resolve()
    except UnresolvedReferenceError as error:
        raise PeopleError(f"secret {SYNTHETIC_KEY} of {platform.name}: {error.what}", error.how) from error
    register_secret(secret.reveal())
    return secret.reveal


def _pairs(session: Session) -> int:
    people = session.profile.people
    pairs = part((people + 1) // 2, session.share, session.of)
    if people and not pairs:
        raise PeopleError(
            f"{people} people are not a pair for each of {session.of} processes",
            f"give the profile at least {2 * session.of} people, or start fewer processes",
        )
    return pairs
