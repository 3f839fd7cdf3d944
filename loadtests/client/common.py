"""What all clients of one kind share, so that one more of them costs little: all but the connection and the token."""

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Final

import gevent

from fixtures.contract.served_by import HEADER
from fixtures.http1.answers import Answers
from fixtures.http1.errors import ConnectTimeoutError, UnsendableError
from fixtures.http1.requests import Requests
from fixtures.http1.target import Target
from fixtures.statistics.histogram import Histogram
from loadtests.client.deadlines import Deadlines
from loadtests.client.exchanges import Exchanges
from loadtests.client.names import Names
from loadtests.client.timeouts import Timeouts
from loadtests.client.traces import Traces
from loadtests.client.trouble import PassedOver, untold
from loadtests.client.wire import Wire, look_up, reach
from loadtests.instances import instance_of
from loadtests.kinds import context

Fire = Callable[..., object]
Sighted = Callable[[str, str], None]

_SERVED_BY: Final = HEADER.lower().encode()
_SPARE: Final = 64
"""Parsers that are kept for the next answers; as many are in use as requests are under way."""
_ORIGINS: Final = 64
"""Others than its target of which is remembered what their clients share."""


class Common:
    """What clients need that go to one target; belongs to the thread, and so to the loop, that makes it."""

    def __init__(  # noqa: PLR0913, PLR0917 - all that clients of one target share
        self,
        target: Target,
        headers: Mapping[str, str],
        fire: Fire,
        timeouts: Timeouts,
        sighted: Sighted,
        passed_over: PassedOver,
    ) -> None:
        self.target = target
        self.fire = fire
        self.timeouts = timeouts
        self.sighted = sighted
        self.passed_over = passed_over
        self.slow = timeouts.slow
        self.requests = Requests(target.authority, headers)
        self.traces = Traces()
        self.hub = gevent.get_hub()
        self.exchanges = Exchanges(self.hub)
        self.deadlines = Deadlines(timeouts.read, self._ring_in)
        self.ways = Histogram()
        """Seconds that connecting took, each time that it did not fail: TCP and TLS, in which no service has part."""
        self.served: dict[str, bytes] = {}
        """Service to the line of a head that said who answered last for it."""
        self._who: dict[str, bytes] = {}
        self._names = Names(look_up)
        self._spare: list[Answers] = []
        self._elsewhere: dict[str, Common] = {}

    def open(self) -> Wire:
        """Connect within the time for it; raises `OSError`."""
        target, limit = self.target, self.timeouts.connect
        with gevent.Timeout(limit, ConnectTimeoutError(f"no connection within {limit:g} s")):
            addresses = self._names.addresses(target.host, target.port)
            began = perf_counter()
            wire = reach(target, addresses, self.hub, passed_over=self.passed_over)
            self.ways.add([perf_counter() - began])
            return wire

    def answers(self, method: str) -> Answers:
        """A parser that is ready for the answer to a request of this method; `give_back` it."""
        if self._spare and method != "HEAD":
            return self._spare.pop()
        return Answers(self.timeouts.largest, head_only=method == "HEAD")

    def give_back(self, answers: Answers) -> None:
        """Keep a parser for the next answer, if it can read one."""
        if answers.reusable and len(self._spare) < _SPARE:
            answers.begin()
            self._spare.append(answers)
        else:
            answers.close()

    def saw(self, service: str, answers: Answers) -> None:
        """Tell who answered for the service, if it said so and it is not who answered last."""
        who = answers.fields.get(_SERVED_BY)
        if who is not None and self._who.get(service) != who:
            self._who[service] = who
            self.sighted(service, who.decode("latin-1"))
            # Spelt as this one, or, as nearly everywhere else, in lower case.
            line = b"\r\nX-Served-By: %b\r\n" % who
            self.served[service] = line if answers.says(line) else b"\r\n%b: %b\r\n" % (_SERVED_BY, who)

    @staticmethod
    def context(answers: Answers, trace: str) -> dict[str, object]:
        """The event's context of an answer that failed or was slow: its trace, and who gave it if it says so well."""
        return context(instance_of(answers.fields.get(_SERVED_BY, b"").decode("latin-1")), trace)

    def at(self, origin: str) -> "Common":
        """The same for another origin that the platform named; raises `UnsendableError` if it is none.

        None of the headers that are meant for the platform go there, and who answers there is none of its services.
        """
        common = self._elsewhere.pop(origin, None)
        if common is None:
            try:
                target = Target.of(origin, self.target.ca_file)
            except ValueError as error:
                raise UnsendableError(f"an address that is none: {error}") from error
            common = Common(target, {}, self.fire, self.timeouts, _nobody, untold)
            if len(self._elsewhere) == _ORIGINS:
                del self._elsewhere[next(iter(self._elsewhere))]
        self._elsewhere[origin] = common  # behind those that were asked for before it
        return common

    def _ring_in(self, seconds: float, ring: Callable[[], None]) -> object:
        timer = self.hub.loop.timer(seconds, ref=False)
        timer.start(ring)
        return timer


def _nobody(_service: str, _served_by: str) -> None:
    """Take no note of who answers."""
