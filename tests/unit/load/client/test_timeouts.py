"""What the client waits for."""

from loadtests.client import Timeouts


def test_times_scale_and_sizes_do_not() -> None:
    """A slower world has longer times and answers of the same size."""
    assert Timeouts(1, 2, 3).scaled(2.5) == Timeouts(2.5, 5.0, 3)
