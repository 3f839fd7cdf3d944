"""Keeps idle processors from going to sleep while arrivals are timed, where the system lets us: Linux, as root.

To wake a sleeping core takes from microseconds to, on a virtual machine whose host has given the core away, several
milliseconds; and over loopback whoever sends does the waking. `cyclictest` and its like ask for the same by the same
way: https://docs.kernel.org/admin-guide/pm/cpuidle.html#power-management-quality-of-service-for-cpus
"""

import contextlib
import os
from collections.abc import Iterator
from typing import Final

_DEVICE: Final = "/dev/cpu_dma_latency"
_AT_ONCE: Final = bytes(4)
"""No microsecond may pass until a core is awake, as the 32-bit integer that the kernel reads."""


@contextlib.contextmanager
def awake() -> Iterator[None]:
    """Ask for it until the block ends; the kernel forgets it with this process at the latest."""
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            request = os.open(_DEVICE, os.O_WRONLY | os.O_CLOEXEC)
            stack.callback(os.close, request)
            os.write(request, _AT_ONCE)
        yield
