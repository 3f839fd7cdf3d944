"""What people of a run use: the clients and websockets of the load tests, marked as synthetic. Needs gevent."""

import math
from collections.abc import Callable
from typing import Final

from fixtures.contract.operation import SYNTHETIC_RUN
from fixtures.contract.served_by import HEADER
from fixtures.environments import Environment
from fixtures.http1.target import Target
from fixtures.statistics.histogram import Histogram
from loadtests.client import Client, Timeouts
from loadtests.client.trouble import PassedOver, untold
from loadtests.people.visitor import Device, Sender
from loadtests.sockets.greenlet import Socket

_SERVED_BY: Final = HEADER.lower()
_BEARER: Final = "bearer."
"""The prefix of the subprotocol by which a token travels."""


class Counted:
    """Clients and sockets towards one environment."""

    def __init__(  # noqa: PLR0913, PLR0917 - whom they ask, and who hears what came of it
        self,
        environment: Environment,
        run_id: str,
        fire: Callable[..., None],
        sighted: Callable[[str, str], None],
        slow: float = math.inf,
        passed_over: PassedOver = untold,
    ) -> None:
        """Of answers that took longer than `slow` seconds the events say who gave them."""
        self.fire = fire
        self._sighted, self._passed_over = sighted, passed_over
        self._target = Target.of(environment.api, environment.ca_file)
        self._timeouts = Timeouts(slow=slow).scaled(environment.time_scale)
        self._headers = {SYNTHETIC_RUN: run_id}
        self._counted, self._quiet = (
            Client(
                self._target,
                headers=self._headers,
                fire=each,
                timeouts=self._timeouts,
                sighted=sighted,
                passed_over=passed_over,
            )
            for each in (fire, _nothing)
        )

    @property
    def ways(self) -> Histogram:
        """What connecting took those whose requests are counted; seconds."""
        return self._counted.ways

    def client(self) -> Sender:
        """A client whose requests are counted."""
        return self._counted.another()

    def quiet_client(self) -> Sender:
        """A client whose requests are not counted."""
        return self._quiet.another()

    def new_trace(self) -> str:
        """The id of a trace that nothing belongs to yet."""
        return self._counted.traces.new()

    def opens(self, path: str, subprotocol: str, token: str, since: float | None, trace: str) -> Device:
        """Open a websocket, which is counted as "connection"; who agreed to it has said who it is, or nothing."""
        socket = Socket.connect(
            self._target,
            path,
            subprotocols=(subprotocol, _BEARER + token),
            headers=self._headers,
            fire=self.fire,
            since=since,
            timeouts=self._timeouts,
            passed_over=self._passed_over,
            trace=self._counted.traces.line(trace),
        )
        self._sighted(_service(path), socket.headers.get(_SERVED_BY, ""))
        return socket


def _service(path: str) -> str:
    """Whose public path it is: each begins with /api/<service>-service/."""
    return path.split("/")[2].removesuffix("-service")


def _nothing(**_sample: object) -> None:
    """Count nothing."""
