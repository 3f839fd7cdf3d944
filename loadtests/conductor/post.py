"""Messages by Locust's own connection between master and workers; to itself where one process is both."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from loadtests.conductor.messages import TO_LEADER, TO_MEMBERS, FromLeader, FromMember, encode, from_leader, from_member

if TYPE_CHECKING:
    from locust.runners import Runner


class Post:
    """One process's letter box."""

    def __init__(self, runner: "Runner") -> None:
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
