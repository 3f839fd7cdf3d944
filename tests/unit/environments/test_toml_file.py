"""Files of configuration, and why one is none."""

import os
from pathlib import Path

import pytest

from fixtures.environments.toml_file import NotTomlError, read_toml


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"a = " + b"[" * 3_000 + b"]" * 3_000, "is nested too deeply"),
        (b"seed = " + b"1" * 5_000, "cannot be read: Exceeds the limit"),
    ],
)
def test_what_breaks_the_reader_is_told_of_the_file(tmp_path: Path, content: bytes, told: str) -> None:
    """Whoever wrote it reads a sentence, and no traceback."""
    file = tmp_path / "own.toml"
    file.write_bytes(content)
    with pytest.raises(NotTomlError, match=told):
        read_toml(file)


def test_a_mark_before_the_text_is_no_mistake(tmp_path: Path) -> None:
    """Some editors begin every file with one."""
    file = tmp_path / "own.toml"
    file.write_bytes(b"\xef\xbb\xbfa = 1\n")
    assert read_toml(file) == ("a = 1\n", {"a": 1})


def test_what_may_never_end_is_not_read(tmp_path: Path) -> None:
    """A pipe that nobody writes to, or a device, is told of at once."""
    pipe = tmp_path / "own.toml"
    os.mkfifo(pipe)
    for endless in (pipe, Path("/dev/zero")):
        with pytest.raises(NotTomlError, match="is no regular file"):
            read_toml(endless)
