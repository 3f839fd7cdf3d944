"""What all journeys are: a walk by one visitor, measured as a whole from its intended start."""

import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

from gevent import GreenletExit

from fixtures.contract.operation import Endpoint
from loadtests.failure import Failure
from loadtests.kinds import JOURNEY
from loadtests.people.visitor import Visitor


class Journey(ABC):
    """One kind of journey. A value: it keeps nothing of any walk."""

    name: ClassVar[str]
    """As profiles, statistics and budgets call it."""
    operations: ClassVar[frozenset[str]]
    """Labels of the operations that it calls."""
    measures: ClassVar[frozenset[str]] = frozenset()
    """What it counts beside its operations and itself."""

    def run(self, visitor: Visitor, since: float) -> None:
        """Make it once and count it; `since` is its intended start (`time.perf_counter`), that of its first step, too.

        A `Failure` on the way ends the journey and is counted as its own, too; nothing of it is raised.
        """
        failure: Failure | None = None
        tidy: Callable[[], None] | None = None
        try:
            tidy = self.walk(visitor, since)
        except Failure as what:
            failure = what
        visitor.counts(JOURNEY, self.name, time.perf_counter() - since, failure)
        if tidy is not None:
            # Its requests count as such, and are no part of how long the journey took, or of whether it came to an end.
            with contextlib.suppress(Failure, GreenletExit):
                tidy()

    @abstractmethod
    def walk(self, visitor: Visitor, since: float) -> Callable[[], None] | None:
        """Take the steps; raises the `Failure` that ended it. Returns what is to be tidied up after it, if anything."""


def labels(*endpoints: Endpoint[Any]) -> frozenset[str]:
    """The labels of these operations."""
    return frozenset(endpoint.label for endpoint in endpoints)
