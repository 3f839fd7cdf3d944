"""What the load tests' client waits for, and how much it takes, before it calls a request failed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds for each of the two steps of a request, and bytes of an answer."""

    connect: float = 5.0
    """Finding the address, TCP and TLS."""
    read: float = 10.0
    """From the request to the end of its answer, so that one that drips comes to an end, too."""
    largest: int = 32 * 1024 * 1024
    """Bytes: no answer of the platform comes near; more is a service out of its mind."""

    def scaled(self, factor: float) -> "Timeouts":
        """The same for a world that is `factor` times as slow."""
        return Timeouts(self.connect * factor, self.read * factor, self.largest)
