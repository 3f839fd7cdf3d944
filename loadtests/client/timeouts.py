"""What the load tests' client waits for, and how much it takes, before it calls a request failed."""

import math
from dataclasses import dataclass, replace
from typing import Final

RESTED: Final = 0.5
"""Seconds without use after which a peer may close a connection for that. What such an end met is sent again, if it may
be; who closes a connection that was used just now has dropped a request, and that is a failure."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds for each of the two steps of a request, and bytes of an answer."""

    connect: float = 5.0
    """Finding the address, TCP and TLS."""
    read: float = 10.0
    """From the request to the end of its answer, so that one that drips comes to an end, too."""
    largest: int = 32 * 1024 * 1024
    """Bytes: no answer of the platform comes near; more is a service out of its mind."""
    slow: float = math.inf
    """Nothing ends at this time. Of an answer that takes longer the event says who gave it, as of one that fails."""

    def scaled(self, factor: float) -> "Timeouts":
        """The same for a world that is `factor` times as slow; what is slow there is as before."""
        return replace(self, connect=self.connect * factor, read=self.read * factor)
