"""Opens and holds connections on one epoll, in a thread that gevent does not know of. Made for `idle`.

A connection that waits is a record of a few words and a socket.
"""

import collections
import contextlib
import math
import select
import socket
import time
from collections.abc import Callable, Mapping
from typing import Final

from gevent.monkey import get_original

from fixtures.http1.errors import ConnectTimeoutError
from loadtests.client.traces import Traces
from loadtests.client.trouble import unanswered
from loadtests.failure import UNANSWERED, Failure, closed_unexpectedly
from loadtests.sockets import frames
from loadtests.sockets.dialling import Dialling
from loadtests.sockets.frames import Closing, Ping, Violation
from loadtests.sockets.held import Connection, Expired, Held, Offer, Openings, Row, lost
from loadtests.sockets.sealed import Sealed

_OPENING: Final = 512
"""Connections that are being opened at one time; a server's backlog is not longer."""
TURN: Final = 0.05
"""Seconds of waiting in one turn at most: how late it sees that it shall stop."""
_LEAVING: Final = 2.0
"""Seconds for the other side to answer close frames."""
_AT_ONCE: Final = 1024
"""Connections that are heard in one turn at most."""
_LOOK_EVERY: Final = 1.0
"""Seconds between two looks at who is lost: it is a step for each connection."""
_AWAKE: Final = 1.0
"""Seconds of one turn at most; in a longer one this process stood still."""
_PIECE: Final = 16 * 1024


class Holder:
    """The thread's whole work is `run`; it ends after `leave`.

    First openings, openings that failed and unexpected ends go to `sample`, with the instance that answered the
    opening and the id of the trace that the opening is; the headers of each agreement to `agreed`.
    """

    def __init__(
        self,
        openings: Openings,
        sample: Callable[[float | None, Failure | None, str, str], None],
        agreed: Callable[[Mapping[str, str]], None],
    ) -> None:
        self._openings = openings
        self._sample, self._agreed = sample, agreed
        self._dialling = Dialling(openings)
        self._traces = Traces()
        self._epoll = get_original("select", "epoll")()
        self._connections: dict[int, Connection] = {}
        self._queue = Row(lambda connection: connection.opening is not None)
        self._greeting = Row(lambda connection: connection.greeting)
        self._expired: collections.deque[Expired] = collections.deque()
        self._again_at = 0.0
        """When the next of these may be opened."""
        self._mask = frames.masks()
        self._staying = False
        self._leaving = False
        self._turned = time.perf_counter()
        self._awake = 0.0
        """Seconds that this thread was there to hear anybody; by this clock connections are silent."""
        self._looked = 0.0
        self.held = Held()

    def stay(self) -> None:
        """Ask it to hold what there is, opened again where that is due, and nothing more; from any thread."""
        self._staying = True

    def leave(self) -> None:
        """Ask it to close everything and return; from any thread."""
        self._leaving = True

    def run(self) -> None:
        """Open, hold, and close what there is when asked to."""
        try:
            began = time.perf_counter()
            while not self._leaving:
                self._turn(min(self._start(began), self._start_again()))
            self._close()
        finally:
            for connection in self._connections.values():
                connection.socket.close()
            self._connections.clear()
            self._epoll.close()

    def _start(self, began: float) -> float:
        """Start what is due, and say in how many seconds the next is."""
        asked, held = self._openings, self.held
        now = time.perf_counter()
        while held.started < asked.count and held.opening < _OPENING and not self._staying:
            due = began + held.started / asked.rate
            if due > now:
                return min(due - now, TURN)
            self._dial(held.started, asked.offer(held.started), due, first=True)
            held.started += 1
        return TURN

    def _start_again(self) -> float:
        """Start those that expired, as fast as others; say in how many seconds the next is due."""
        now, held = time.perf_counter(), self.held
        while self._expired and held.opening < _OPENING:
            number, good_until, since = self._expired[0]
            due = max(since, self._again_at)
            if due > now:
                return min(due - now, TURN)
            self._expired.popleft()
            self._again_at = due + 1 / self._openings.rate
            offer = self._openings.offer(number)
            if offer.good_until > good_until:
                self._dial(number, offer, due, first=False)
                # After it, as `Held.unsettled` looks here first: it may be seen twice, and not never.
                held.waiting -= 1
            else:
                self._expired.append(Expired(number, good_until, now))
        return TURN

    def _dial(self, number: int, offer: Offer, due: float, *, first: bool) -> None:
        trace = self._traces.new()
        opening = self._openings.handshake(offer, self._traces.line(trace))
        connection = Connection(number, due, offer.good_until, opening, trace, first=first)
        connection.since = self._awake
        self.held.opening += 1
        self._dialling.begin(connection)
        self._queue.append(connection)
        self._connect(connection)

    def _connect(self, connection: Connection) -> None:
        """Begin to connect it to the next address, or end it by the refusal of the last."""
        try:
            self._dialling.dial(connection)
        except OSError as error:
            self._end(connection, unanswered(error))
        else:
            self._connections[connection.socket.fileno()] = connection
            self._epoll.register(connection.socket.fileno(), select.EPOLLOUT)

    def _turn(self, wait: float) -> None:
        """Wait for what happens, and do what it asks for."""
        events = self._epoll.poll(wait, _AT_ONCE)
        self._wake()
        for descriptor, event in events:
            if (connection := self._connections.get(descriptor)) is None:
                continue
            try:
                if event & select.EPOLLOUT or not connection.connected:
                    self._writable(connection)
                else:
                    self._readable(connection)
            except Failure as failure:
                self._end(connection, failure)
            except OSError as error:
                self._end(connection, unanswered(error))
        # From when it was asked, not from when it was due: that this process was late is no time-out of the platform.
        for connection in self._queue.overdue(self._awake - self._openings.timeout):
            self._end(connection, unanswered(TimeoutError() if connection.connected else ConnectTimeoutError()))
        if len(events) < _AT_ONCE:
            # Whatever has come was heard by now.
            for connection in self._greeting.overdue(self._awake - self._openings.terms.welcome):
                self._end(connection, Failure("no welcome", f"not within {self._openings.terms.welcome:.3g} s"))
            if self._awake - self._looked >= _LOOK_EVERY:
                self._lose()

    def _wake(self) -> None:
        """Let the time pass by which the other side is silent, but for what this process stood still."""
        now = time.perf_counter()
        self._awake += min(now - self._turned, _AWAKE)
        self._turned = now

    def _lose(self) -> None:
        """End every connection of which nothing is to be hoped any more."""
        self._looked = self._awake
        for connection, failure in list(lost(self._connections.values(), self._awake, self._openings.terms)):
            self._end(connection, failure)

    def _writable(self, connection: Connection) -> None:
        if not connection.connected and connection.opening is not None:
            if error := connection.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                self._dialling.pass_over(connection, OSError(error, "connect"))
                self._forget(connection)
                self._connect(connection)
                return
            connection.connected = True
            connection.untried = ()
            target = self._openings.target
            if target.context is not None:
                connection.sealed = Sealed(target.context, target.server_name, connection.opening.request)
                self._put(connection, b"")
            else:
                self._put(connection, connection.opening.request)
        else:
            self._put(connection, b"")
        if not connection.unsent:
            self._epoll.modify(connection.socket.fileno(), select.EPOLLIN)

    def _readable(self, connection: Connection) -> None:
        try:
            data = connection.socket.recv(_PIECE)
        except BlockingIOError:
            return
        connection.heard = self._awake
        sealed = connection.sealed
        if sealed is None or not data:
            self._take(connection, data)
            return
        if plain := sealed.take(data):
            self._take(connection, plain)
        if connection.socket.fileno() not in self._connections:
            return
        if sealed.over:
            # It ends as TLS has it, or in what is none, whether or not TCP goes on.
            self._take(connection, sealed.take(b""))
        else:
            self._put(connection, b"")

    def _take(self, connection: Connection, data: bytes) -> None:
        """Take bytes that came; none at all are the end."""
        if connection.opening is not None:
            rest = connection.opening.feed(data)
            if rest is None:
                return
            self._agreed(connection.opening.headers)
            connection.answered(greeting=True)
            self.held.opening -= 1
            self.held.greeting += 1
            connection.latency = time.perf_counter() - connection.due
            connection.since = self._awake
            if self._openings.terms.welcome == math.inf:
                self._welcome(connection)
            else:
                self._greeting.append(connection)
            data = rest
            if not data:
                return
        elif not data:
            self._end(connection, closed_unexpectedly(frames.NO_CLOSE_FRAME, "no close frame"))
            return
        self._hear(connection, data)

    def _hear(self, connection: Connection, data: bytes) -> None:
        for message in connection.reader.feed(data):
            if isinstance(message, Ping):
                self.held.pings += 1
                self._put(connection, frames.frame(frames.PONG, message.payload, self._mask()))
            elif isinstance(message, Closing):
                with contextlib.suppress(OSError):
                    self._put(connection, frames.closing(message.code, "", self._mask()))
                if self._openings.terms.agree(message, connection.good_until):
                    self._expire(connection)
                else:
                    self._end(connection, closed_unexpectedly(message.code, message.reason))
                return
            elif isinstance(message, Violation):
                self._end(connection, Failure(f"protocol: {message.why}", ""))
                return
            elif isinstance(message, str | bytes):
                self._listen(connection, message)

    def _listen(self, connection: Connection, message: str | bytes) -> None:
        """Take note of a message; raises `Failure` for one that must not come, or not yet."""
        self.held.messages += 1
        if isinstance(message, bytes) and self._openings.terms.welcome < math.inf:
            raise Failure("protocol: a binary message")
        promised = self._openings.terms.promised(connection.number, message) if isinstance(message, str) else None
        if connection.heartbeat is None:
            connection.heartbeat = promised
        if connection.greeting:
            if promised is None:
                raise Failure("no welcome", "something else came first")
            self._welcome(connection)

    def _welcome(self, connection: Connection) -> None:
        """It is open."""
        connection.greeting = False
        latency, connection.latency = connection.latency, None
        if connection.first:
            self._sample(latency, None, connection.instance, connection.trace)
        self.held.greeting -= 1
        self.held.open += 1

    def _put(self, connection: Connection, data: bytes) -> None:
        """Send what there is to send; what the socket does not take waits until it does."""
        if not connection.put(data):
            self._epoll.modify(connection.socket.fileno(), select.EPOLLOUT)

    def _expire(self, connection: Connection) -> None:
        """Forget a connection whose time was over, and have it opened again, unless everything is being closed."""
        if connection.greeting:
            # As long as it was good for anything, nothing was wrong with it.
            self._welcome(connection)
        self._forget(connection)
        self.held.open -= 1
        if self._leaving:
            return
        self.held.expired += 1
        self.held.waiting += 1
        self._expired.append(Expired(connection.number, connection.good_until, time.perf_counter()))

    def _forget(self, connection: Connection) -> None:
        if connection.socket is not None:
            self._connections.pop(connection.socket.fileno(), None)
            connection.socket.close()

    def _end(self, connection: Connection, failure: Failure) -> None:
        """Forget a connection, and tell why unless it is open and everything is being closed."""
        self._forget(connection)
        if connection.opening is not None or connection.greeting:
            # It is in the row of those that are being opened, or welcomed, until its turn there comes.
            self.held.opening -= connection.opening is not None
            self.held.greeting -= connection.greeting
            connection.answered(greeting=False)
            self._sample(None, failure, connection.instance, connection.trace)
            self.held.failed += 1
        else:
            self.held.open -= 1
            if not self._leaving:
                self._sample(None, failure, connection.instance, connection.trace)
                self.held.lost += 1

    def _close(self) -> None:
        """Say good-bye to all, and give them a moment to answer."""
        # Who waits because too many others were not yet let in waits for the platform.
        ours = self.held.opening < _OPENING
        for connection in list(self._connections.values()):
            if connection.opening is not None or connection.greeting:
                self._end(connection, Failure(UNANSWERED))
                continue
            try:
                self._put(connection, frames.closing(frames.NORMAL, "", self._mask()))
            except OSError as error:
                self._end(connection, unanswered(error))
        while self._expired:
            number, good_until, _ = self._expired.popleft()
            self.held.waiting -= 1
            if ours and self._openings.offer(number).good_until > good_until:
                continue  # It was only not its turn yet: the pace is ours.
            self._sample(None, Failure(UNANSWERED, "there was nothing to open it again with"), "", "")
            self.held.failed += 1
        deadline = time.perf_counter() + _LEAVING
        while self._connections and time.perf_counter() < deadline:
            self._turn(TURN)
