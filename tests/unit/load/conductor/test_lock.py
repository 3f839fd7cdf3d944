"""One run at a time against one target."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from loadtests.conductor.lock import Hold, TargetBusyError, _alone, hold

ADDRESS = "https://platform.example:8443"
HOLDER = """
import sys
from pathlib import Path
from loadtests.conductor.lock import hold
held = hold(sys.argv[1], "holder", root=Path(sys.argv[2]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_second_run_is_refused_and_told_by_whom(tmp_path: Path) -> None:
    """Two runs against one target would measure each other."""
    held = hold(ADDRESS, "first", root=tmp_path)
    with pytest.raises(TargetBusyError, match="run first is made against") as refused:
        hold(ADDRESS, "second", root=tmp_path)
    assert refused.value.holders == ("first",)
    held.release()
    hold(ADDRESS, "second", root=tmp_path).release()


@pytest.mark.parametrize(
    "other",
    ["https://platform.example:8444", "https://other.example:8443", f"{ADDRESS}/base", "http://platform.example:8443"],
)
def test_another_target_is_free(other: str, tmp_path: Path) -> None:
    """The lock is the target's, not the machine's, nor that of all platforms behind one name."""
    held = hold(ADDRESS, "first", root=tmp_path)
    hold(other, "second", root=tmp_path).release()
    held.release()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://platform.example", "https://platform.example:443"),
        ("https://platform.example", "https://PLATFORM.example/"),
        ("http://platform.example:80/base", "http://platform.example/base/"),
        ("https://[2001:db8::1]", "https://[2001:DB8::1]:443"),
    ],
)
def test_an_address_is_the_same_however_it_is_written(one: str, other: str, tmp_path: Path) -> None:
    """Two files may name one target in two ways."""
    held = hold(one, "first", root=tmp_path)
    with pytest.raises(TargetBusyError):
        hold(other, "second", root=tmp_path)
    held.release()


def test_a_run_may_be_allowed_by_name(tmp_path: Path) -> None:
    """Only beside the runs that are named, and then both hold the target."""
    first = hold(ADDRESS, "first", root=tmp_path)
    second = hold(ADDRESS, "second", alongside=["first", "gone"], root=tmp_path)
    assert (first.beside, second.beside) == ((), ("first",))
    with pytest.raises(TargetBusyError) as refused:
        hold(ADDRESS, "third", alongside=["first"], root=tmp_path)
    assert refused.value.holders == ("second",)
    first.release()
    second.release()


def test_two_that_begin_at_once_look_one_after_the_other(tmp_path: Path) -> None:
    """Else each would find nobody, and both would run."""
    hold(ADDRESS, "earlier", root=tmp_path).release()
    (folder,) = tmp_path.iterdir()
    held: list[Hold] = []
    second = threading.Thread(target=lambda: held.append(hold(ADDRESS, "second", root=tmp_path)))
    with _alone(folder):
        second.start()
        second.join(0.2)
        assert not held
    second.join(20)
    held[0].release()


def test_who_was_killed_holds_nothing(tmp_path: Path) -> None:
    """The kernel lets go of the lock of a dead process, and its file is believed by nobody."""
    command = [sys.executable, "-c", HOLDER, ADDRESS, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(TargetBusyError, match="run holder"):
            hold(ADDRESS, "mine", root=tmp_path)
        holder.kill()
    hold(ADDRESS, "mine", root=tmp_path).release()
    assert not list(tmp_path.rglob("*.run"))


@pytest.mark.parametrize("inner", [False, True], ids=["of all targets", "of the target"])
def test_a_folder_that_is_not_ours_alone_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, inner: bool
) -> None:
    """Where everybody may write, somebody else may have been first, and what lies there leads where they like."""
    root, theirs = tmp_path / "locks", tmp_path / "theirs"
    hold(ADDRESS, "earlier", root=root).release()
    (target,) = root.iterdir()
    folder = target if inner else root
    folder.chmod(0o770)
    with pytest.raises(PermissionError, match=rf"{folder} is not a folder of uid \d+ alone: drwxrwx--- of uid \d+"):
        hold(ADDRESS, "mine", root=root)
    folder.chmod(0o700)
    me = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: me + 1)
    with pytest.raises(PermissionError, match=f"{root} is not a folder of uid {me + 1} alone: drwx------ of uid {me}"):
        hold(ADDRESS, "mine", root=root)
    monkeypatch.undo()
    folder.rename(theirs)
    folder.symlink_to(theirs)
    with pytest.raises(PermissionError, match=f"{folder} is not a folder of uid {me} alone: l"):
        hold(ADDRESS, "mine", root=root)
    folder.unlink()
    folder.touch(mode=0o600)
    with pytest.raises(FileExistsError):
        hold(ADDRESS, "mine", root=root)


def test_a_lock_writes_into_no_other_file(tmp_path: Path) -> None:
    """Where one of its files is a link, what it leads to is neither emptied nor believed."""
    hold(ADDRESS, "earlier", root=tmp_path).release()
    (folder,) = tmp_path.iterdir()
    letter = tmp_path.with_name(f"{tmp_path.name}-letter")
    letter.write_text("dear")
    for name in ("door", "mine.run"):
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(letter)
        with pytest.raises(OSError, match=f"symbolic links.*{name}"):
            hold(ADDRESS, "mine", root=tmp_path)
        assert letter.read_text() == "dear"
        (folder / name).unlink()


def test_letting_go_twice_is_harmless(tmp_path: Path) -> None:
    """The end of a process and the end of a run may both let go."""
    held = hold(ADDRESS, "first", root=tmp_path)
    held.release()
    again = hold(ADDRESS, "second", root=tmp_path)
    held.release()
    with pytest.raises(TargetBusyError):
        hold(ADDRESS, "third", root=tmp_path)
    again.release()
