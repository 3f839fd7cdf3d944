"""Messages by Locust's own connection between master and workers; to itself where one process is both."""

import logging
from collections.abc import Callable
from typing import Any, Protocol

from loadtests.conductor.messages import TO_LEADER, TO_MEMBERS, FromLeader, FromMember, encode, from_leader, from_member

_log = logging.getLogger(__name__)


class Runner(Protocol):
    """What of Locust's runners is used."""

    def register_message(self, msg_type: str, listener: Callable[..., None]) -> None:
        """Call `listener` for each message of a type."""

    def send_message(self, msg_type: str, data: Any, client_id: str | None = None) -> None:  # noqa: ANN401 - Locust's
        """Send to whoever is at the other end; of several, to one."""


class Post:
    """One process's letter box."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def to_member(self, member: str, message: FromLeader) -> None:
        """Send to one member."""
        self._runner.send_message(TO_MEMBERS, encode(message), member)

    def to_leader(self, message: FromMember) -> None:
        """Send to the leader."""
        self._runner.send_message(TO_LEADER, encode(message))

    def deliver_to_leader(self, hear: Callable[[str, FromMember], None]) -> None:
        """Call `hear(member, message)` for each letter of a member. It must not wait: the next letter waits for it."""

        def listener(*, msg: Any, **_: object) -> None:  # noqa: ANN401 - Locust's message
            hear(msg.node_id, from_member(msg.data))

        self._runner.register_message(TO_LEADER, listener)

    def deliver_to_member(self, hear: Callable[[FromLeader], None]) -> None:
        """Call `hear(message)` for each letter of the leader. It must not wait, either."""

        def listener(*, msg: Any, **_: object) -> None:  # noqa: ANN401 - Locust's message
            hear(from_leader(msg.data))

        self._runner.register_message(TO_MEMBERS, listener)
