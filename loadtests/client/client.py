"""Sends operations for one greenlet, checks their answers, and fires Locust's `request` event for each."""

from collections.abc import Mapping
from time import perf_counter
from typing import Final, TypeVar

from gevent import GreenletExit, getcurrent

from fixtures.contract.errors import UnexpectedAnswer
from fixtures.contract.operation import Operation
from fixtures.http1.connections import CROSSED
from fixtures.http1.errors import NO_ANSWER, ClosedError, CutOffError
from fixtures.http1.requests import origin_and_path
from fixtures.http1.target import Target
from fixtures.statistics.histogram import Histogram
from loadtests.client.common import Common, Fire, Sighted
from loadtests.client.exchanges import Asking
from loadtests.client.timeouts import RESTED, Timeouts
from loadtests.client.traces import Traces
from loadtests.client.trouble import PassedOver, unanswered, unexpected, untold
from loadtests.client.wire import NothingSentError
from loadtests.failure import UNANSWERED, Failure

T = TypeVar("T")

_MILLISECONDS: Final = 1000.0
_BEARER: Final = b"Authorization: Bearer "
_END: Final = b"\r\n"
_ORIGINS: Final = 8
"""Others than its target that a client keeps a connection to; what a platform gives out is in two or three places."""


class Client:
    """One person's HTTP: one connection that is kept, one request at a time.

    A request that finds its connection closed by the peer is sent once more, on a new one, if nothing of it was taken,
    or if the connection had rested, its end may have crossed the request, nothing of an answer came, and sending it
    twice does what sending it once does (RFC 9112, 9.3.1 and 9.6). That is how a connection is used again, and no
    retry: an answer is never asked for twice.
    """

    __slots__ = ("_authorization", "_common", "_elsewhere", "_exchange", "trace")

    def __init__(  # noqa: PLR0913 - where it sends, and who hears what came of it
        self,
        target: Target,
        *,
        headers: Mapping[str, str],
        fire: Fire,
        timeouts: Timeouts | None = None,
        sighted: Sighted = lambda _service, _served_by: None,
        passed_over: PassedOver = untold,
    ) -> None:
        """`headers` go with every request, to the target alone; `sighted` hears who answers when it is another.

        `passed_over` hears which of several addresses did not let us in.
        The event's context says which instance gave an answer that failed or was slow (`kinds.INSTANCE`), and of one
        that was slow which trace it is (`kinds.TRACE`); a failure says that itself.
        """
        self._join(Common(target, headers, fire, timeouts or Timeouts(), sighted, passed_over))

    def another(self) -> "Client":
        """A client of the same kind for another greenlet; what can be shared is."""
        client = object.__new__(Client)
        client._join(self._common)
        return client

    def _join(self, common: Common) -> None:
        self._common = common
        self._exchange: Asking | None = None
        self._authorization = b""
        self._elsewhere: dict[str, Client] | None = None
        self.trace = ""
        """The id of the trace that its requests belong to; without one each is a trace of its own."""

    @property
    def ways(self) -> Histogram:
        """What connecting took, of all clients of this kind; seconds."""
        return self._common.ways

    @property
    def traces(self) -> Traces:
        """Where traces come from, and are continued, of all clients of this kind."""
        return self._common.traces

    @property
    def token(self) -> str | None:
        """The access token that operations with `auth="bearer"` carry, unless they have one already."""
        return self._authorization[len(_BEARER) : -len(_END)].decode() or None

    @token.setter
    def token(self, token: str | None) -> None:
        self._authorization = _BEARER + token.encode() + _END if token else b""

    def close(self) -> None:
        """Close what is open; the next request opens another."""
        exchange, self._exchange = self._exchange, None
        if exchange is not None:
            exchange.wire.close()
        others, self._elsewhere = self._elsewhere, None
        for other in (others or {}).values():
            other.close()

    def send(self, operation: Operation[T], *, since: float | None = None) -> T:
        """Send it once, and return what its good answer says; raises `Failure` for everything else.

        Its time counts from `since` (of `time.perf_counter`), when it was intended to start; by default from now.
        The event is fired in either case, before this returns or raises; with no time at all if the greenlet is killed
        meanwhile: what is under way when a run ends was asked for, and never answered.
        """
        common, endpoint = self._common, operation.endpoint
        now = perf_counter()
        began = now if since is None else since
        ended, size = 0.0, 0
        context: dict[str, object] = {}
        trace = self.trace
        trouble: Exception
        try:
            path = operation.path
            if path.startswith("/"):
                bears = endpoint.auth == "bearer" and "Authorization" not in operation.headers
                credential = self._authorization if bears else b""
                trace = trace or common.traces.new()
                request = common.requests.write(operation, path, common.traces.line(trace), credential)
                exchange = self._ask(operation, request, began, now)
            else:
                exchange = self._ask_elsewhere(operation, began, now)
            ended, size, value = exchange.came, len(exchange.answers.body), exchange.value
            exchange.value = None
            bad = isinstance(value, Exception)
            if bad or ended - began > common.slow:
                context = common.context(exchange.answers, trace)
            common.give_back(exchange.answers)
        except NO_ANSWER as none:
            trouble, failure = none, unanswered(none)
        except GreenletExit:
            failure = Failure(UNANSWERED)
            failure.trace = trace
            common.fire(
                request_type=endpoint.method,
                name=endpoint.label,
                response_time=None,
                response_length=0,
                exception=failure,
                context={},
            )
            raise
        else:
            if not bad:
                common.fire(
                    request_type=endpoint.method,
                    name=endpoint.label,
                    response_time=(ended - began) * _MILLISECONDS,
                    response_length=size,
                    exception=None,
                    context=context,
                )
                return value  # type: ignore[no-any-return]
            try:
                if not isinstance(value, UnexpectedAnswer):
                    raise value
                trouble, failure = value, unexpected(operation, value, named=bool(common.served))
            finally:
                del value
        failure.trace = trace
        common.fire(
            request_type=endpoint.method,
            name=endpoint.label,
            response_time=((ended or perf_counter()) - began) * _MILLISECONDS,
            response_length=size,
            exception=failure,
            context=context,
        )
        try:
            raise failure from trouble
        finally:
            # Both know this frame: together a circle that only the garbage collector would find.
            del failure, trouble

    def _ask_elsewhere(self, operation: Operation[object], began: float, now: float) -> Asking:
        """The same for an absolute URL that the platform gave out: with a client for that origin, and nothing of us."""
        origin, path = origin_and_path(operation.path)
        if self._elsewhere is None:
            self._elsewhere = {}
        others = self._elsewhere
        client = others.pop(origin, None)
        if client is None:
            client = object.__new__(Client)
            client._join(self._common.at(origin))
            if len(others) == _ORIGINS:
                others.pop(next(iter(others))).close()
        others[origin] = client  # behind those that were used before it
        return client._ask(operation, client._common.requests.write(operation, path, ""), began, now)

    def _ask(self, operation: Operation[object], request: bytes, began: float, now: float) -> Asking:
        """Have it answered, on the connection that there is or on a new one."""
        common, endpoint, exchange, greenlet = self._common, operation.endpoint, self._exchange, getcurrent()
        deadlines = common.deadlines
        repeatable = operation.idempotent
        if exchange is None or not (
            (repeatable and exchange.watched and now - exchange.came < RESTED) or exchange.wire.silent()
        ):
            exchange = self._connect()
            now = perf_counter()
        while True:
            kept, rested = exchange.came > 0, now - exchange.came >= RESTED
            exchange.operation, exchange.request, exchange.began = operation, request, began
            exchange.answers = answers = common.answers(endpoint.method)
            deadlines.enter(greenlet, now)
            try:
                whole = common.exchanges.make(exchange)
                if not whole:
                    sent = _finish(exchange, sent=whole is False)
                    answers.reusable = answers.reusable and sent
                    exchange.conclude()
                break
            except BaseException as error:
                # Killed in the middle as well: what would come next on it is the answer to something else.
                answers.close()
                crossed = rested and perf_counter() - now < CROSSED
                if not kept or not _can_be_repeated(error, repeatable=repeatable and crossed):
                    self.close()
                    raise
            finally:
                deadlines.leave(greenlet)
            exchange = self._connect()
            now = perf_counter()
        if not answers.reusable or exchange.wire.ahead is not None:
            self._exchange = None
            exchange.wire.close()
        known = common.served.get(endpoint.service)
        if known is None or not answers.says(known):
            common.saw(endpoint.service, answers)
        return exchange

    def _connect(self) -> Asking:
        """Open a connection instead of the one that there was."""
        if self._exchange is not None:
            self._exchange.wire.close()
            self._exchange = None
        exchange = self._exchange = Asking(self._common.open())
        return exchange


def _can_be_repeated(error: BaseException, *, repeatable: bool) -> bool:
    """Whether a request that failed so, on a connection that was kept, is sent once more on a new one."""
    if isinstance(error, NothingSentError):
        return True
    return repeatable and isinstance(error, ConnectionError) and not isinstance(error, CutOffError)


def _finish(exchange: Asking, *, sent: bool) -> bool:
    """Send the rest of a request, unless it is `sent`, and take the rest of its answer; whether all of it was sent.

    Raises `ClosedError` if nothing of an answer comes, or `CutOffError`.
    """
    answers, wire = exchange.answers, exchange.wire
    begun = sent  # what was not sent at once was not answered yet
    while True:
        try:
            # What came before the end of a request may be interim (RFC 9110, 15.2), and the peer waits for the rest.
            sent = sent or (not answers.begun and wire.send_rest())
            piece = wire.receive()
        except ConnectionError as error:
            if begun:
                raise CutOffError(f"in the middle of an answer: {error}") from error
            raise
        exchange.came = perf_counter()
        if not piece and not begun:
            raise ClosedError("the connection was closed without an answer")
        if not piece and not answers.end():
            raise CutOffError("the connection ended before the answer did")
        if not piece or answers.feed(piece):
            return sent
        begun = True
