import errno
import multiprocessing
import os
import signal
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fixtures.runs.ledger import Ledger, LedgerUnwritableError, OpenItem, open_items
from fixtures.runs.redaction import MASK, redact
from fixtures.runs.run_id import ALPHABET, new_run_id


def _records(folder: Path, worker: int, count: int) -> None:
    book = Ledger(folder)
    for number in range(count):
        book.intends("account", f"{worker}-{number}")


def test_nothing_is_lost_with_parallel_writers(tmp_path: Path) -> None:
    """Four processes that record fifty things each record two hundred."""
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_records, args=(tmp_path, worker, 50)) for worker in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert len(open_items(tmp_path)) == 200


def test_a_killed_process_leaves_its_intents(tmp_path: Path) -> None:
    """Whatever was intended before SIGKILL can be read afterwards, and the last line may be torn."""
    worker = multiprocessing.get_context("spawn").Process(target=_records, args=(tmp_path, 0, 1_000_000))
    worker.start()
    deadline = time.monotonic() + 30
    while not open_items(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    worker.join(10)
    left = {item.name for item in open_items(tmp_path)}
    assert left == {f"0-{number}" for number in range(len(left))}
    assert left


@given(st.lists(st.tuples(st.sampled_from(["intends", "confirmed", "removed", "left"]), st.sampled_from("abc"))))
def test_the_last_word_on_a_thing_counts(events: list[tuple[str, str]]) -> None:
    """A thing is open from its intent until it is removed, whichever process says so."""
    with tempfile.TemporaryDirectory() as folder:
        books = [Ledger(Path(folder)), Ledger(Path(folder))]
        expected: set[str] = set()
        for number, (event, name) in enumerate(events):
            book = books[number % 2]
            if event == "left":
                book.left("account", name, "503")
            else:
                getattr(book, event)("account", name)
            (expected.discard if event == "removed" else expected.add)(name)
        for book in books:
            book.close()
        assert {item.name for item in open_items(Path(folder))} == expected


def test_an_open_item_says_what_is_known_of_it(tmp_path: Path) -> None:
    """An item tells whether it was made for sure and why it could not be removed; a torn line is not read."""
    book = Ledger(tmp_path)
    book.intends("account", "a")
    book.intends("account", "b")
    book.confirmed("account", "b")
    book.intends("account", "b")
    book.left("account", "b", "503")
    book.close()
    book.intends("account", "c")
    book.removed("account", "c")
    book.close()
    file = min(tmp_path.iterdir())
    with file.open("ab") as torn:
        torn.write('{"event": "é'.encode()[:-1])
    assert open_items(tmp_path) == (
        OpenItem("account", "a", confirmed=False),
        OpenItem("account", "b", confirmed=True, why="503"),
    )


@given(st.text(st.characters(exclude_categories=["Cs"])))
@example("gone\u2028away\x85\r\n\x1c")
def test_why_a_thing_was_left_may_be_any_text(why: str) -> None:
    """What somebody else's letters say is read as it was written: a line of a ledger ends where its line break is."""
    with tempfile.TemporaryDirectory() as folder:
        book = Ledger(Path(folder))
        book.left("account", "a", why)
        book.intends("account", "b")
        book.close()
        left = OpenItem("account", "a", confirmed=False, why=redact(why))
        assert open_items(Path(folder)) == (left, OpenItem("account", "b", confirmed=False))


def test_no_secret_is_in_a_ledger(tmp_path: Path) -> None:
    """Why a thing was left is redacted, as all that leaves a run."""
    book = Ledger(tmp_path)
    book.left("account", "a", "Authorization: Bearer s3cret")
    book.close()
    (item,) = open_items(tmp_path)
    assert item.why == f"Authorization: Bearer {MASK}"


def test_no_intent_no_thing(tmp_path: Path) -> None:
    """Where the ledger cannot be written, the intent raises before anything is made."""
    (tmp_path / "ledger").write_text("a file")
    with pytest.raises(OSError, match="ledger"):
        Ledger(tmp_path / "ledger").intends("account", "a")


def test_many_lines_are_on_disk_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands are not waited for one by one; what is written after them is on disk by itself again."""
    book = Ledger(tmp_path)
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    with book.together():
        for number in range(1000):
            book.intends("account", str(number))
        assert synced == []
    assert len(synced) == 1
    book.intends("account", "alone")
    assert len(synced) == 2
    assert len(open_items(tmp_path)) == 1001

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(LedgerUnwritableError, match="no room"), book.together():
        book.removed("account", "alone")
    book.close()


@given(st.integers(0, 2**34), st.integers(0, 2**34))
def test_run_ids_sort_by_time(one: int, other: int) -> None:
    """Names of runs sort as their beginnings, and are short, lower case and without punctuation."""
    first, second = new_run_id(one), new_run_id(other)
    assert len(first) == 12
    assert set(second) <= set(ALPHABET)
    if one != other:
        assert (first < second) == (one < other)


def test_two_runs_of_one_second_differ() -> None:
    """Two runs that begin together have two names."""
    assert len({new_run_id(0) for _ in range(100)}) == 100


def test_a_clock_that_is_set_back_brings_nobody_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was removed after a clock was set stays removed, though the last line has the earliest time."""
    moments = iter([5000, 6000, 1000])
    monkeypatch.setattr(time, "time_ns", lambda: next(moments))
    book = Ledger(tmp_path)
    book.intends("account", "a")
    book.confirmed("account", "a")
    book.removed("account", "a")
    book.close()
    assert open_items(tmp_path) == ()
