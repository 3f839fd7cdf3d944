"""A standard stream that cannot be written."""

from pathlib import Path

import pytest

from fixtures.runs.streams import losing


@pytest.mark.parametrize("text", ["a few words", "x" * 100_000], ids=["held back", "written at once"])
def test_what_finds_no_room_is_lost_without_a_word(text: str) -> None:
    """Whether the stream holds it back or not, writing and flushing it fails never, nor does what comes after."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        stream = losing(full)
        assert stream.write(text) == len(text)
        stream.flush()
        stream.write("and more")
        stream.flush()


def test_what_finds_room_is_written(tmp_path: Path) -> None:
    """Nothing is lost that can be said."""
    file = tmp_path / "out"
    with file.open("w", encoding="utf-8") as there:
        stream = losing(there)
        stream.write("a few words")
        stream.flush()
        assert file.read_text(encoding="utf-8") == "a few words"
