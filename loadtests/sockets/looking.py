"""What a name says by now, for a thread that must not wait for it: looked up in another one of the system's own."""

import contextlib
from collections.abc import Callable, Sequence

from loadtests.client.names import FRESH, Address
from loadtests.failure import Failure
from loadtests.native import new_lock, start_thread


class Looking:
    """`addresses` are those of the last look-up that succeeded."""

    def __init__(self, addresses: Sequence[Address], look_up: Callable[[], Sequence[Address]]) -> None:
        self.addresses = addresses
        self._look_up = look_up
        self._over = new_lock()
        self._over.acquire()

    def start(self) -> None:
        """Look up again and again, until `stop`."""
        start_thread(self._run)

    def stop(self) -> None:
        """Look up no more; once, from any thread."""
        self._over.release()

    def _run(self) -> None:
        while not self._over.acquire(timeout=FRESH):
            with contextlib.suppress(Failure):
                self.addresses = self._look_up()
