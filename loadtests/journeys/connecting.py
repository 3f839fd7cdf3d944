"""Connecting: a phone connects, is welcomed, shows that it lives, and leaves."""

import secrets
from contextlib import closing
from dataclasses import dataclass

from fixtures.checks.time_scale import scaled
from fixtures.contract import frames
from fixtures.contract.frames import Pong, SocialFrame, Welcome
from fixtures.contract.promises import PROMISES
from loadtests.journeys.hearing import until, welcomed
from loadtests.journeys.journey import Journey
from loadtests.kinds import CONNECTION
from loadtests.people.visitor import Device, Visitor


@dataclass(frozen=True, slots=True)
class Connecting(Journey):
    """Counted as "connection" by the socket itself: how long opening it took, and every end that nobody asked for."""

    name = "connecting"
    operations = frozenset[str]()
    measures = frozenset({CONNECTION})

    def walk(self, visitor: Visitor, since: float) -> None:
        """Connect, be welcomed, ping, hear the pong, leave."""
        with closing(visitor.phone(visitor.person, since)) as phone:
            welcomed(phone, frames.read_social, Welcome, visitor.person.user_id)
            _lives(phone)


def _lives(phone: Device) -> None:
    """Raises `Failure` unless a ping is answered by its pong, whatever events come before it."""
    pong = Pong(secrets.token_hex(4))

    def wanted(frame: SocialFrame) -> bool | None:
        return frame == pong or None

    phone.send(frames.write(frames.Ping(pong.nonce)))
    until(phone, frames.read_social, wanted, scaled(PROMISES.deadlines.frame_answer), "pong")
