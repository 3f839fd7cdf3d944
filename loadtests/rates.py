"""Operations at rates of their own, sent by the engine: many, each by itself, in nobody's journey.

The engine counts by itself. What it counted is handed over every second, to the session and to Locust's statistics, so
that Locust's page, console and files show it like everything else.
"""

import itertools
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, TypeVar

import gevent

from fixtures.contract.operation import SYNTHETIC_RUN, Operation
from fixtures.http1.requests import Requests
from fixtures.http1.target import Target
from loadtests.answers import check_of
from loadtests.arrivals import offsets
from loadtests.budgets.model import ALL
from loadtests.client.timeouts import Timeouts
from loadtests.client.traces import Traces
from loadtests.counts import Counts
from loadtests.engine import Engine, Plan
from loadtests.engine.locust_statistics import report
from loadtests.engine.plan import Apart
from loadtests.failure import NO_ROOM
from loadtests.profiles.model import OperationRate
from loadtests.profiles.operations import REPEATABLE
from loadtests.profiles.phases import highest
from loadtests.session import Session
from loadtests.sockets.room import most_connections
from loadtests.whose import Asker, belongs

if TYPE_CHECKING:
    from locust.stats import RequestStats

T = TypeVar("T")

_LOOK_EVERY = 0.05
_HERE: Final = "\0"
"""Where in a request that is written once the lines belong that differ each time."""
_FEWEST: Final = 32
"""Connections of an operation, however slowly it is sent."""
_QUICK: Final = 0.05
"""Seconds of an answer that is quick: for these there are connections before the first arrival."""
_PLACES: Final = 500_000
"""For arrivals that wait: more than one core sends in the time after which they give up, like who is not answered."""
_FEW: Final = 0.01
"""Share of arrivals that may wait for a connection which there is no room for."""


class Rates:
    """One process's share of the rates of a profile."""

    def __init__(self, session: Session, stats: "RequestStats") -> None:
        self._session, self._stats = session, stats
        self._target = target = Target.of(session.platform.api, session.platform.ca_file)
        self._requests = Requests(target.authority, {SYNTHETIC_RUN: session.run_id})
        # To have every one of thousands a second recorded would be a load that no people bring.
        self._traces = Traces(sampled=False)
        self._timeouts = Timeouts().scaled(session.platform.time_scale)
        # How long it may drain, `stop` is told.
        self._engine = Engine(target, over=session.recorder.limits, timeouts=self._timeouts, drain=math.inf)
        self._cut: set[str] = set()
        """Subjects that have fewer connections than they need, since there is no room for more."""
        self._sent: Counter[str] = Counter()
        self._methods = {rate.operation: REPEATABLE[rate.operation].method for rate in session.profile.rates}
        self._credentials: tuple[bytes, ...] = ()
        """The line of each person's token."""
        people = () if session.pool is None else session.pool.people
        # Friends stand side by side.
        self._askers = tuple(
            Asker(person.user_id, person.identity.email, people[number ^ 1].user_id)
            for number, person in enumerate(people)
        )
        """Whose these are."""

    def begin(self) -> None:
        """Follow the schedule from the beginning of the run on."""
        self._renew()
        rates = self._session.profile.rates
        # Half of the room is for people and idle websockets.
        room = most_connections() // 2 // len(rates)
        self._engine.start(*(self._plan(rate, room) for rate in rates), begins=self._session.begins)

    def collect(self) -> None:
        """Hand over what was counted since the last time, and take the newest tokens."""
        self._renew()
        counts = self._engine.take()
        report(self._stats, counts, self._methods)
        self._sent.update({subject: tally.requests for subject, tally in counts.tallies.items()})
        self._session.recorder.add(counts)
        for sighting in self._engine.sightings():
            self._session.sighted(REPEATABLE[sighting.subject].service, sighting.value)
        if self._engine.broken is not None:
            self._spoils(f"the engine broke: {self._engine.broken!r}")

    def stop(self, drain: float) -> int:
        """Send nothing more, and wait for what is in flight; the engine counts what it abandons."""
        deadline = time.perf_counter() + drain
        if time.perf_counter() >= self._session.begins + self._session.profile.duration:
            # The schedule is over, and the engine ends by itself when it has caught up with it.
            while self._engine.running and time.perf_counter() < deadline:
                gevent.sleep(_LOOK_EVERY)
        if not self._engine.stop(drain=max(0.0, deadline - time.perf_counter()), sleep=gevent.sleep):
            self._spoils("the engine did not end: what it sent last is not counted")
        self.collect()
        facts = self._engine.facts()
        self._session.lag.merge(facts.loop_lag)
        self._session.recorder.add(self._waited_for_us(facts.full))
        return 0

    def _waited_for_us(self, full: Mapping[str, int]) -> Counts:
        """What had to wait for a connection that there is no room for: its latency is no fault of the platform's."""
        counts = Counts(self._session.recorder.limits)
        for subject in self._cut:
            if full.get(subject, 0) > _FEW * self._sent[subject]:
                counts.causes.add((subject, NO_ROOM), full[subject])
        return counts

    def _spoils(self, trouble: str) -> None:
        """Say once what makes the counts worth nothing."""
        if trouble not in self._session.trouble:
            self._session.trouble.append(trouble)

    def _renew(self) -> None:
        if self._session.pool is not None:
            tokens = self._session.pool.tokens
            self._credentials = tuple(b"Authorization: Bearer %b\r\n" % token.encode() for token in tokens)

    def _plan(self, rate: OperationRate, room: int) -> Plan:
        operation, session = REPEATABLE[rate.operation], self._session
        if self._needed(rate) > max(_FEWEST, room):
            self._cut.add(rate.operation)
        told_by = math.inf if session.pool is None else session.pool.told_by
        connections = max(_FEWEST, min(room, math.ceil(self._highest(rate) * self._timeouts.read)))
        return Plan(
            subject=rate.operation,
            request=b"",
            arrivals=offsets(session.profile, rate, session.share, session.of),
            connections=connections,
            warm=min(connections, math.ceil(self._highest(rate) * _QUICK)),
            waiting=_PLACES,
            statuses=frozenset(operation.expects),
            apart=self._in_turn(operation, check_of(operation, told_by)),
            idempotent=operation.idempotent,
        )

    def _needed(self, rate: OperationRate) -> int:
        """As many as are in use while answers hold every limit, and those that need not are given up at last.

        With fewer, arrivals would wait for this process and not for the platform. With no limit, all may take so long.
        """
        patience = self._timeouts.read
        longest = [
            question.limit + question.allowed * patience
            for question in self._session.profile.plan.asked
            if question.limit is not None and question.name in {rate.operation, ALL}
        ]
        return math.ceil(self._highest(rate) * max(longest, default=patience))

    def _highest(self, rate: OperationRate) -> float:
        """A second, in this process."""
        return highest(rate.phases) / self._session.of

    def _in_turn(self, operation: Operation[T], check: Callable[[int, bytes], T]) -> Callable[[], Apart]:
        """Ask in traces of their own, and where somebody has to, in the name of one person after the other.

        What comes is compared with whose name that was.
        """
        turns, own = itertools.count(), operation.auth == "bearer"
        start, _, end = self._requests.write(operation, operation.path, _HERE).partition(_HERE.encode())

        def apart() -> Apart:
            number, trace = 0, ""

            def write() -> bytes:
                nonlocal number, trace
                trace, credential = self._traces.new(), b""
                if own:
                    number = next(turns) % len(self._credentials)
                    credential = self._credentials[number]
                return b"%b%b%b%b" % (start, self._traces.line(trace).encode(), credential, end)

            def checks(status: int, body: bytes) -> None:
                belongs(check(status, body), self._askers[number])

            return Apart(write, checks if own else check, lambda: trace)

        return apart
