"""A load shape that keeps Locust from deciding how many users there are, and from asking for that on its web page.

The profile says how many there are and what they do (`conductor.placing`), and the conductor ends the run.
"""

from locust import LoadTestShape
from locust.runners import STATE_INIT, MasterRunner


class Schedule(LoadTestShape):
    """Lets the conductor decide."""

    def tick(self) -> tuple[int, float] | None:
        """Numbers that nobody reads, since `conductor.placing` decides.

        None, which ends the shape, if a run was started at a master that had no worker yet: Locust begins none, but
        would follow this shape for ever and begin no other.
        """
        master = self.runner
        if isinstance(master, MasterRunner) and master.shape_last_tick is not None and master.state == STATE_INIT:
            return None
        return 1, 1.0
