"""Which users run in which process: every member its share of those that the profile needs, nobody anywhere else.

Of closed users a member has as many as are its part, of every other kind that the profile needs one (`crew.users_of`).

Locust would deal users out evenly over whoever is connected, and again whenever somebody joins or is lost. Here every
member has its share of the schedule from the beginning: a worker that joins late gets nothing, and one that is lost
ends the run.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from locust.dispatch import UsersDispatcher

from loadtests.conductor.crew import users_of
from loadtests.profiles.model import Profile

if TYPE_CHECKING:
    from locust import User
    from locust.runners import WorkerNode


class Placing(UsersDispatcher):
    """Stands in for Locust's dispatcher: gives all users of a run at once, in the first step."""

    def __init__(
        self,
        worker_nodes: "list[WorkerNode]",
        user_classes: "list[type[User]]",
        *,
        profile: Profile,
        members: Sequence[str],
    ) -> None:
        super().__init__(worker_nodes, user_classes)
        self._names = [user_class.__name__ for user_class in user_classes]
        self._profile, self._members = profile, members
        self._nodes = {node.id for node in worker_nodes}
        self._said = True

    @property
    def dispatch_in_progress(self) -> bool:
        """Always, so that Locust does not begin again for whoever joins or goes.

        It would do so in the greenlet that reads all letters, and wait there a second for each.
        """
        return True

    def new_dispatch(
        self,
        target_user_count: int,  # noqa: ARG002 - the profile says it
        spawn_rate: float,  # noqa: ARG002
        user_classes: "list[type[User]] | None" = None,  # noqa: ARG002
    ) -> None:
        """Have it said again."""
        self._said = False

    def __next__(self) -> dict[str, dict[str, int]]:
        if self._said:
            raise StopIteration
        self._said = True
        return self._placed()

    def add_worker(self, worker_node: "WorkerNode") -> None:
        """Somebody joins late, and runs nothing."""
        self._nodes.add(worker_node.id)

    def remove_worker(self, worker_node: "WorkerNode") -> None:
        """Somebody is gone; nobody takes over."""
        self._nodes.discard(worker_node.id)

    def _placed(self) -> dict[str, dict[str, int]]:
        of = len(self._members)
        nobody = dict.fromkeys(self._names, 0)
        return {
            node: nobody | (users_of(self._profile, self._members.index(node), of) if node in self._members else {})
            for node in sorted(self._nodes)
        }
