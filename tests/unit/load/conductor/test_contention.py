"""What kept a process from a processor: told where it was much of the time, from the files of a kernel made up here."""

import errno
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.conductor.contention import Contention

TICKS = os.sysconf("SC_CLK_TCK")


class Kernel:
    """What it counts, in seconds, in the places where Linux has it; `at` is a clock of its own."""

    def __init__(self, root: Path, *, cgroup: str = "/pod") -> None:
        self.root = root
        self.now = 0.0
        self._own = root / "sys/fs/cgroup" / cgroup.lstrip("/")
        for folder in (root / "proc/self/task/1", root / "proc/self/task/2", self._own):
            folder.mkdir(parents=True)
        (root / "proc/self/cgroup").write_text(f"4:memory:/elsewhere\n0::{cgroup}\n")
        self.counts()

    def counts(self, *, waited: tuple[float, float] = (0, 0), throttled: float = 0, stolen: float = 0) -> None:
        for thread, seconds in enumerate(waited, 1):
            (self.root / f"proc/self/task/{thread}/schedstat").write_text(f"5 {round(seconds * 1e9)} 7\n")
        (self._own / "cpu.stat").write_text(f"usage_usec 5\nnr_throttled 1\nthrottled_usec {round(throttled * 1e6)}\n")
        ticks = round(stolen * TICKS)
        rows = (("cpu ", 2 * ticks), ("cpu0", ticks), ("cpu1", ticks))
        (self.root / "proc/stat").write_text("".join(f"{name} 1 2 3 4 5 6 7 {steal} 0 0\n" for name, steal in rows))


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    kernel = Kernel(tmp_path)
    monkeypatch.setattr(time, "perf_counter", lambda: kernel.now)
    return kernel


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        ({"waited": (20.4, 1)}, "it was ready and had none for 20.4 s: look for what else runs on its machine"),
        ({"waited": (1, 30)}, "it was ready and had none for 30 s"),
        ({"throttled": 11}, "the CPU limit of its container held it back for 11 s: give it none (Kubernetes: "),
        ({"stolen": 6}, "the machine's host gave 6 s of each of its processors to other machines"),
    ],
)
def test_who_took_the_processor_is_told(kernel: Kernel, counts: dict[str, float], said: str) -> None:
    """A neighbour, a limit and a host are mended in three places."""
    contention = Contention(kernel.root)
    kernel.counts(**counts)  # type: ignore[arg-type]  # one of three
    kernel.now = 45.0
    [note] = contention.told()
    assert note.startswith("a processor was wanting in the run's 45 s: ")
    assert said in note
    assert ";" not in note


def test_what_was_counted_before_is_nobodys_doing_now(kernel: Kernel) -> None:
    """A process that waited long while its people were made did not wait in its run."""
    kernel.counts(waited=(50, 60), throttled=70, stolen=80)
    contention = Contention(kernel.root)
    kernel.now = 45.0
    assert contention.told() == ()


def test_of_a_run_that_was_over_at_once_nothing_is_told(kernel: Kernel) -> None:
    """All of a short time may pass while others begin, and explains nothing."""
    contention = Contention(kernel.root)
    kernel.counts(waited=(0.9, 0), throttled=0.9, stolen=0.9)
    kernel.now = 1.0
    assert contention.told() == ()


def test_all_three_are_told_together(kernel: Kernel) -> None:
    """One does not hide the others."""
    contention = Contention(kernel.root)
    kernel.counts(waited=(9, 0), throttled=9, stolen=9)
    kernel.now = 45.0
    [note] = contention.told()
    assert note.count(";") == 2


@given(st.floats(0, 0.099), st.floats(0, 0.099), st.floats(0, 0.099))
def test_sharing_a_machine_is_not_talked_about(
    tmp_path_factory: pytest.TempPathFactory, waited: float, throttled: float, stolen: float
) -> None:
    """What is below a tenth of the run explains no lateness."""
    kernel = Kernel(tmp_path_factory.mktemp("kernel"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "perf_counter", lambda: kernel.now)
        contention = Contention(kernel.root)
        kernel.now = 1000.0
        kernel.counts(waited=(1000 * waited, 0), throttled=1000 * throttled, stolen=1000 * stolen)
        assert contention.told() == ()


def test_a_thread_that_began_later_counts_from_its_beginning(kernel: Kernel) -> None:
    """The engine's thread is there only since the run is."""
    contention = Contention(kernel.root)
    (kernel.root / "proc/self/task/3").mkdir()
    (kernel.root / "proc/self/task/3/schedstat").write_text("5 9000000000 7\n")
    kernel.now = 45.0
    [note] = contention.told()
    assert "9 s" in note


def test_where_nothing_is_counted_nothing_is_said(tmp_path: Path) -> None:
    """Not every kernel has these files, and cgroups of the first version are not read."""
    assert Contention(tmp_path).told() == ()


def test_whoever_has_no_descriptor_left_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that used them all up has to end well, and remove its people."""

    def none_left(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(Path, "iterdir", none_left)
    monkeypatch.setattr(Path, "read_text", none_left)
    assert Contention().told() == ()


def test_this_machine_counts_what_its_threads_wait_for(tmp_path: Path) -> None:
    """The files are where Linux has them: whoever asks the real ones gets no error, and knows its own threads."""
    assert isinstance(Contention().told(), tuple)
    assert (Path("/proc/self/task") / str(os.getpid()) / "schedstat").is_file(), tmp_path
