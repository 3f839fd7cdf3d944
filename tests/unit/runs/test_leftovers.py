from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.runs.ledger import Ledger, OpenItem
from fixtures.runs.leftovers import look_for, told_of

ITEMS = st.builds(
    OpenItem,
    st.sampled_from(["account", "avatar"]),
    st.integers(0, 10**6).map("verify-{:07}".format),
    st.booleans(),
    st.sampled_from(["", "503"]),
)


@given(st.lists(ITEMS, unique_by=lambda item: item.name))
def test_the_note_names_the_first_and_counts_the_others(left: list[OpenItem]) -> None:
    """Where something is left the note says what, or how many more, and where the names of all are; else it is none."""
    note = told_of(left, "run-id", Path("runs/x/ledger"))
    assert bool(note) == bool(left)
    named = sum(f"{item.kind} {item.name}" in note for item in left)
    assert named == min(len(left), 6)
    assert (f"; and {len(left) - named} more." in note) == (len(left) > named)
    assert ("run-id as their synthetic run" in note and "runs/x/ledger" in note) == bool(left)


@pytest.mark.parametrize(
    ("item", "told"),
    [
        (OpenItem("account", "a", confirmed=True, why="500"), "account a (500)"),
        (OpenItem("account", "a", confirmed=True), "account a (nobody tried to remove it)"),
        (OpenItem("account", "a", confirmed=False), "account a (may be there: making it was not confirmed)"),
    ],
)
def test_the_note_says_what_is_known_of_each(item: OpenItem, told: str) -> None:
    """Why it could not be removed is told, or that it may not be there at all."""
    assert told in told_of([item], "run-id", Path("ledger"))


def test_a_ledger_without_files_has_nothing_left(tmp_path: Path) -> None:
    """A run that made nothing has no ledger, and nothing to tell of it."""
    assert look_for(tmp_path / "ledger") == ((), "")


@pytest.mark.parametrize("line", ["{torn", "{}", "[]", '{"at": 1, "event": "left", "kind": "account"}', '{"at": "x"}'])
def test_a_ledger_that_cannot_be_read_is_told(tmp_path: Path, line: str) -> None:
    """Whatever is wrong with a line of the ledger, looking for what is left raises nothing and says so."""
    book = Ledger(tmp_path)
    book.intends("account", "a")
    book.close()
    (tmp_path / "other.jsonl").write_text(f"{line}\n")
    left, why = look_for(tmp_path)
    assert left == ()
    assert why.startswith(f"what this run left behind is not known: its ledger in {tmp_path} cannot be read (")
