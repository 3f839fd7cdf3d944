"""The shape that Locust sees: users from the beginning to the end of a run, and no fields for their number on its page.

How many users there are and what they do is the profile's; the conductor ends the run. So the shape only stands there.
"""

from locust import LoadTestShape
from locust.runners import STATE_INIT, MasterRunner


class Schedule(LoadTestShape):
    """Lets the conductor decide."""

    def tick(self) -> tuple[int, float] | None:
        """As many as the profile says (`conductor.placing`); these numbers are not read.

        None when a master was told them and no run has begun, since no worker was there: else it would follow this
        shape for ever, and begin no other run.
        """
        master = self.runner
        if isinstance(master, MasterRunner) and master.shape_last_tick is not None and master.state == STATE_INIT:
            return None
        return 1, 1.0
