"""Tens of thousands of websockets that only stay open, from one process.

    idle = Idle(
        target, SOCKET_PATH, count=10_000, rate=500, offer=lambda n: Offer((SUBPROTOCOL, f"bearer.{tokens[n]}"))
    )
    idle.start()
    ...                       every second, in a greenlet: idle.tell(events.request.fire)
    idle.stop(gevent.sleep, 15)

What a platform asks of somebody idle is to answer protocol pings; its contract has no heartbeat of the application's
that a client must send. A connection that ends is counted and stays ended: the loss is to be seen, not mended. One
whose other side gives no sign of life for two of the heartbeats that it has promised (`Terms`) is ended here. Only one
that ends because its token does, as was agreed, is opened again, as soon as there is another token.

What it costs: about 0.8 KiB of this process for a plain connection, and about 40 KiB for one with TLS, nearly all of
it OpenSSL's. One address has ports for about 28,000 connections to one address and port of the target (`room`).
"""

import collections
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from gevent.monkey import get_original

from fixtures.http1.target import Target
from loadtests.client import Timeouts
from loadtests.client.names import Address
from loadtests.client.trouble import PassedOver, unanswered, untold
from loadtests.failure import Failure
from loadtests.kinds import IDLE, WEBSOCKET, count
from loadtests.native import start_thread
from loadtests.sockets.held import Held, Offer, Openings, Terms
from loadtests.sockets.holding import TURN, Holder
from loadtests.sockets.looking import Looking
from loadtests.sockets.room import allow_descriptors, sources

_LOOK_EVERY: Final = 0.02
_STOPPING: Final = 5.0
"""Seconds until the thread has closed everything, at most."""
_NOTHING: Final = Offer()


@dataclass(frozen=True, slots=True)
class Sample:
    """A connection's first opening, or an opening that failed, or an end that nobody asked for; `latency` in seconds.

    What was opened again is no further sample: samples say how many of all connections came to grief.
    """

    latency: float | None
    failure: Failure | None
    instance: str = ""
    """Who answered the opening, if that is known."""
    trace: str = ""
    """The id of the trace that the opening is; empty where there was none."""


class Idle:
    """Opens `count` websockets, `rate` a second, and holds them until `stop`, in a thread of its own.

    So does each of so many `processes` of this machine, which has ports for all of them once.
    `offer` says what connection number n offers, as each has a person's own token, when its opening is due; `agreed`
    takes the headers with which an opening was agreed to, names in lower case; `passed_over` hears which of several
    addresses did not let one in. All are called in the thread.
    """

    def __init__(  # noqa: PLR0913 - what makes a connection
        self,
        target: Target,
        path: str,
        *,
        count: int,
        rate: float,
        processes: int = 1,
        offer: Callable[[int], Offer] = lambda _: _NOTHING,
        agreed: Callable[[Mapping[str, str]], None] = lambda _: None,
        passed_over: PassedOver = untold,
        headers: Mapping[str, str] | None = None,
        timeouts: Timeouts | None = None,
        terms: Terms | None = None,
    ) -> None:
        self._target, self._path, self._count, self._rate = target, path, count, rate
        self._processes = processes
        self._offer, self._agreed, self._passed_over = offer, agreed, passed_over
        self._headers = dict(headers or {})
        self._timeouts = timeouts or Timeouts()
        self._terms = terms or Terms()
        self._new: collections.deque[Sample] = collections.deque()
        self._holder: Holder | None = None
        self._running = False
        self._crash: BaseException | None = None

    def start(self) -> None:
        """Begin to open; raises `NoRoomError` if the machine does not allow so many, `Failure` for a name unknown."""
        addresses = _addresses(self._target, socket.getaddrinfo)
        # Not gevent's there: it would begin a loop of its own in a thread that it does not know of.
        looking = Looking(addresses, lambda: _addresses(self._target, get_original("socket", "getaddrinfo")))
        allow_descriptors(self._count)
        self._holder = Holder(
            Openings(
                target=self._target,
                path=self._path,
                count=self._count,
                rate=self._rate,
                timeout=self._timeouts.connect,
                offer=self._offer,
                headers=self._headers,
                addresses=lambda: looking.addresses,
                sources=sources([address[0] for _, address in addresses], self._count * self._processes),
                terms=self._terms,
                passed_over=self._passed_over,
            ),
            lambda *what: self._new.append(Sample(*what)),
            self._agreed,
        )
        self._running = True
        start_thread(partial(self._run, self._holder, looking))

    @property
    def held(self) -> Held:
        """How many connections there are by now."""
        return Held() if self._holder is None else self._holder.held

    def take(self) -> list[Sample]:
        """What happened since the last time; from any thread. Raises `RuntimeError` if the thread came to grief."""
        if self._crash is not None:
            raise RuntimeError("the thread that holds connections came to grief") from self._crash
        return [self._new.popleft() for _ in range(len(self._new))]

    def tell(self, fire: Callable[..., object]) -> None:
        """Fire Locust's event for everything that happened since the last time."""
        for sample in self.take():
            count(
                fire,
                WEBSOCKET,
                IDLE,
                sample.latency,
                sample.failure,
                instance=sample.instance,
                trace=sample.trace,
            )

    def stop(self, sleep: Callable[[float], object], drain: float = 0.0) -> int:
        """Close everything, when all that was begun is open or has failed, or else after `drain` seconds.

        Waits in `sleep`, for closing five seconds at most. What has expired is opened again until then, and nothing
        else. Returns how many are neither open nor failed even so. These count as failed, but for those whose turn to
        be opened again has not come; what is closed here does not.
        """
        holder = self._holder
        if holder is None:
            return 0
        holder.stay()
        deadline = time.perf_counter() + drain
        # Whatever it was about to begin is begun after one turn.
        sleep(TURN)
        while self._running and holder.held.unsettled and time.perf_counter() < deadline:
            sleep(_LOOK_EVERY)
        unsettled = holder.held.unsettled
        holder.leave()
        deadline = time.perf_counter() + _STOPPING
        while self._running and time.perf_counter() < deadline:
            sleep(_LOOK_EVERY)
        return unsettled

    def _run(self, holder: Holder, looking: Looking) -> None:
        try:
            looking.start()
            holder.run()
        except BaseException as error:  # noqa: BLE001 - there is nobody else in this thread to take it
            self._crash = error
        finally:
            looking.stop()
            self._running = False


def _addresses(target: Target, look_up: Callable[..., Sequence[tuple[Any, ...]]]) -> list[Address]:
    try:
        found = look_up(target.host, target.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise unanswered(error) from error
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))
