"""Sends operations for one greenlet, checks their answers, and fires Locust's `request` event for each."""

from collections.abc import Callable, Mapping
from time import perf_counter
from typing import Any, Final, TypeVar

import gevent
import gevent.socket
from gevent import getcurrent

from fixtures.contract.errors import UnexpectedAnswer
from fixtures.contract.operation import Answer, Headers, Operation
from fixtures.contract.served_by import HEADER
from loadtests.client.answers import Answers
from loadtests.client.deadlines import Deadlines
from loadtests.client.names import Address, Names
from loadtests.client.requests import Requests, Traces
from loadtests.client.target import Target
from loadtests.client.timeouts import Timeouts
from loadtests.client.trouble import TROUBLES, unanswered, unexpected
from loadtests.client.wire import NothingSentError, SecureWire, Wire, connect

T = TypeVar("T")
Fire = Callable[..., None]
Sighted = Callable[[str, str], None]

_MILLISECONDS: Final = 1000.0


def _look_up(host: str, port: int) -> list[Address]:
    found = gevent.socket.getaddrinfo(host, port, type=gevent.socket.SOCK_STREAM)
    return [(family, address) for family, _, _, _, address in found]


class Common:
    """What all clients of one kind in a process share."""

    def __init__(
        self, target: Target, headers: Mapping[str, str], fire: Fire, timeouts: Timeouts, sighted: Sighted
    ) -> None:
        self.target = target
        self.fire = fire
        self.timeouts = timeouts
        self.sighted = sighted
        self.requests = Requests(target.authority, headers)
        self.traces = Traces()
        self.names = Names(_look_up)
        self.hub = gevent.get_hub()
        self.deadlines = Deadlines(timeouts.read, self._ring_in)
        self.idle: list[Answers] = []
        """Parsers that nobody uses: a connection needs one only while an answer comes."""
        self.served: dict[str, str] = {}
        """Service to who answered last for it."""

    def open(self) -> Wire:
        """Connect within the time for it; raises `OSError`."""
        target, limit = self.target, self.timeouts.connect
        with gevent.Timeout(limit, TimeoutError(f"no connection within {limit:g} s")):
            connected = connect(self.names.addresses(target.host, target.port), self.hub)
            if target.context is None:
                return Wire(connected, self.hub)
            wire = SecureWire(connected, self.hub, target.context, target.host)
            try:
                wire.handshake()
            except BaseException:
                wire.close()
                raise
            return wire

    def _ring_in(self, seconds: float, ring: Callable[[], None]) -> object:
        timer = self.hub.loop.timer(seconds, ref=False)
        timer.start(ring)
        return timer


class Client:
    """One person's HTTP: one connection that is kept, one request at a time."""

    __slots__ = ("_authorization", "_common", "_wire")

    def __init__(
        self,
        target: Target,
        *,
        headers: Mapping[str, str],
        fire: Fire,
        timeouts: Timeouts | None = None,
        sighted: Sighted = lambda _service, _value: None,
    ) -> None:
        self._share(Common(target, headers, fire, timeouts or Timeouts(), sighted))

    def another(self) -> "Client":
        """A client of the same kind for another greenlet; cheap, because all that can be is shared."""
        client = object.__new__(Client)
        client._share(self._common)
        return client

    def _share(self, common: Common) -> None:
        self._common = common
        self._wire: Wire | None = None
        self._authorization = ""

    @property
    def token(self) -> str | None:
        """The access token that operations with `auth="bearer"` carry."""
        return self._authorization[len("Authorization: Bearer ") : -2] or None

    @token.setter
    def token(self, token: str | None) -> None:
        self._authorization = f"Authorization: Bearer {token}\r\n" if token else ""

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()

    def send(self, operation: Operation[T], *, since: float | None = None) -> T:
        """Send it once, and return what its good answer says; raises `Failure` for everything else.

        Its time counts from `since` (of `time.perf_counter`), when it was intended to start; by default from now.
        The event is fired in either case, before this returns or raises.
        """
        began = perf_counter() if since is None else since
        size = 0
        ended = began
        try:
            try:
                answer = self._exchange(operation)
            finally:
                ended = perf_counter()
            size = len(answer.body)
            value = operation.read(answer)
        except UnexpectedAnswer as wrong:
            failure, cause = unexpected(operation, wrong), wrong
        except TROUBLES as trouble:
            failure, cause = unanswered(trouble), trouble  # type: ignore[assignment]
        else:
            self._fire(operation, ended - began, size, None)
            return value
        self._fire(operation, ended - began, size, failure)
        raise failure from cause

    def _fire(self, operation: Operation[Any], seconds: float, size: int, failure: Exception | None) -> None:
        self._common.fire(
            request_type=operation.endpoint.method,
            name=operation.label,
            response_time=seconds * _MILLISECONDS,
            response_length=size,
            exception=failure,
            context={},
        )

    def _exchange(self, operation: Operation[Any]) -> Answer:
        common = self._common
        request = common.requests.write(operation, operation.path, self._authorization, common.traces.new())
        reused = self._wire is not None
        if self._wire is not None and not operation.idempotent and not self._wire.silent():
            self.close()
        answers = Answers(common.timeouts.largest, head_only=operation.method == "HEAD")
        try:
            while True:
                if self._wire is None:
                    self._wire = common.open()
                    reused = False
                try:
                    self._attempt(self._wire, request, answers)
                    break
                except ConnectionError as error:
                    again = isinstance(error, NothingSentError) or (operation.idempotent and not answers.begun)
                    if not reused or not again:
                        raise
                    self.close()
            if not answers.reusable:
                self.close()
        except BaseException:
            self.close()
            raise
        answer = Answer(
            answers.status,
            Headers((name.decode("latin-1"), value.decode("latin-1")) for name, value in answers.fields),
            answers.body,
            0.0,
        )
        answers.close()
        seen = answer.headers.get(HEADER)
        if seen is not None and common.served.get(operation.service) != seen:
            common.served[operation.service] = seen
            common.sighted(operation.service, seen)
        return answer

    def _attempt(self, wire: Wire, request: bytes, answers: Answers) -> None:
        greenlet = getcurrent()
        deadlines = self._common.deadlines
        deadlines.enter(greenlet, perf_counter())
        try:
            whole = wire.send(request)
            while True:
                piece = wire.receive()
                if not piece:
                    if answers.end():
                        break
                    raise ConnectionResetError("the connection ended before the answer did")
                if answers.feed(piece):
                    break
            if not whole:
                answers.reusable = False
        finally:
            deadlines.leave(greenlet)
