"""What kept this process from a processor: others on its machine, its container's CPU limit, or the machine's host.

How late a generator was does not say why. Linux counts each of the three, and whoever reads that a run is INVALID has
to know where to look. Where something is not counted, nothing is said about it.
"""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from loadtests.numbers import duration, latency

_MUCH: Final = 0.1
"""Of the run's time: processes that share a laptop with the sandbox take a third of that from each other."""
_LEAST: Final = 1.0
"""Seconds: of a run that was over at once, a tenth is nothing."""
_NANOSECONDS: Final = 1e9
_MICROSECONDS: Final = 1e6
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_STEAL: Final = 8
"""Where the time stands in a line of /proc/stat that the host gave to others (proc_stat(5))."""


@dataclass(slots=True)
class Contention:
    """Counted from when this is made, in seconds; `root` is where the kernel's files are."""

    root: Path = Path("/")
    _since: float = field(init=False)
    _waited: dict[str, float] = field(init=False)
    _throttled: float = field(init=False)
    _stolen: float = field(init=False)

    def __post_init__(self) -> None:
        self._since = time.perf_counter()
        self._waited, self._throttled, self._stolen = self._waiting(), self._throttling(), self._steal()

    def told(self) -> tuple[str, ...]:
        """In words, what kept it from a processor for much of the time; nothing if nothing did."""
        elapsed = time.perf_counter() - self._since
        waited = max((now - self._waited.get(thread, 0.0) for thread, now in self._waiting().items()), default=0.0)
        throttled, stolen = self._throttling() - self._throttled, self._steal() - self._stolen
        much, parts = max(_LEAST, _MUCH * elapsed), []
        if waited > much:
            parts.append(f"it was ready and had none for {latency(waited)}: look for what else runs on its machine")
        if throttled > much:
            parts.append(
                f"the CPU limit of its container held it back for {latency(throttled)}: give it none (Kubernetes: "
                "`resources.limits.cpu`), or more"
            )
        if stolen > much:
            parts.append(f"the machine's host gave {latency(stolen)} of each of its processors to other machines")
        return (f"a processor was wanting in the run's {duration(elapsed)}: {'; '.join(parts)}",) if parts else ()

    def _waiting(self) -> dict[str, float]:
        """How long each thread has waited on a run queue.

        https://docs.kernel.org/scheduler/sched-stats.html, `/proc/<pid>/schedstat`
        """
        waited = {}
        tasks = self.root / "proc/self/task"
        for thread in _names(tasks):
            fields = _read(tasks / thread / "schedstat").split()
            if len(fields) > 1:  # or it has ended meanwhile
                waited[thread] = float(fields[1]) / _NANOSECONDS
        return waited

    def _throttling(self) -> float:
        """https://docs.kernel.org/admin-guide/cgroup-v2.html, `cpu.stat`; its parents' limits cannot be seen."""
        own = _read(self.root / "proc/self/cgroup").rpartition("0::/")[2].strip()
        fields = dict(line.split() for line in _read(self.root / "sys/fs/cgroup" / own / "cpu.stat").splitlines())
        return float(fields.get("throttled_usec", 0)) / _MICROSECONDS

    def _steal(self) -> float:
        """Of all processors, for each of them."""
        lines = [line.split() for line in _read(self.root / "proc/stat").splitlines() if line.startswith("cpu")]
        return float(lines[0][_STEAL]) / _TICKS / max(1, len(lines) - 1) if lines else 0.0


def _names(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir()]
    except OSError:
        return []


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""
