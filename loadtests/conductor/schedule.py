"""The shape that Locust sees: users from the beginning to the end of a run, and no fields for their number on its page.

How many users there are and what they do is the profile's; the conductor ends the run. So the shape only stands there.
"""

from locust import LoadTestShape


class Schedule(LoadTestShape):
    """Lets the conductor decide."""

    def tick(self) -> tuple[int, float]:
        """As many as the profile says (`conductor.placing`); these numbers are not read."""
        return 1, 1.0
