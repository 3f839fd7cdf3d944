"""What is made ready before a run: whom the target is shared with, and where the evidence goes."""

import tempfile
from argparse import Namespace
from pathlib import Path

import pytest

from fixtures.environments import EnvironmentInvalid
from loadtests.conductor.lock import hold
from loadtests.conductor.stage import RunFolderError, Stage, set_up

ADDRESS = "https://127.0.0.1:1"
ENVIRONMENT = f"""\
name = "mine"
api = "{ADDRESS}"
reported_environment = "production"
capabilities = ["tls", "synthetic"]
effects = ["read", "synthetic"]
[secrets]
synthetic_key = "env:PATH"
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for runs, locks and the environment."""
    (tmp_path / "mine.toml").write_text(ENVIRONMENT, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def staged(**options: object) -> Stage:
    said = Namespace(
        profile="smoke",
        env="./mine.toml",
        lasting=None,
        rate_scale=None,
        host=None,
        run_folder=None,
        alongside=[],
        stop_when_decided=False,
    )
    vars(said).update(options)
    return set_up(said, {})


@pytest.mark.usefixtures("place")
def test_only_a_run_that_is_under_way_is_noted_as_one_alongside() -> None:
    """A report does not say that two runs measured each other when there was one."""
    other = hold(ADDRESS, "other")
    stage = staged(alongside=["other", "othre", "othre"])
    stage.close()
    other.release()
    assert stage.notes == [
        "made alongside run other: both measure each other",
        "no run othre was under way against this target, though --alongside names it",
    ]


def test_a_run_that_was_not_named_is_named(place: Path) -> None:
    """Who misspells an id is told the one that holds the target."""
    other = hold(ADDRESS, "other")
    with pytest.raises(EnvironmentInvalid, match="or allow it by --alongside other"):
        staged(alongside=["othre"])
    other.release()
    assert not list(place.rglob("*.run"))


def test_a_folder_that_cannot_be_written_is_told_with_the_way_out(place: Path) -> None:
    """One that holds a verdict keeps it, and a file is no folder."""
    full, file = place / "full", place / "file"
    full.mkdir()
    (full / "verdict.json").touch()
    file.touch()
    for taken, why in ((full, "it holds the verdict.json of another run already"), (file, "it is a file")):
        with pytest.raises(RunFolderError) as refused:
            staged(run_folder=str(taken))
        told = f"{taken} cannot be written: {why}; name another with --run-folder or VERIFY_RUN_FOLDER"
        assert str(refused.value) == told


def test_where_no_run_takes_place_no_folder_is_left(place: Path) -> None:
    """Of a run that is refused, or that nobody starts; one that was there before is not ours to remove."""
    own, new = place / "own", place / "deep" / "new"
    own.mkdir()
    other = hold(ADDRESS, "other")
    for named in (None, str(own), str(new)):
        with pytest.raises(EnvironmentInvalid, match="run other is made"):
            staged(run_folder=named)
    other.release()
    staged().close()
    assert own.is_dir()
    assert not (place / "runs").exists()
    assert not new.parent.exists()


def test_the_folder_of_a_run_is_kept_with_what_is_in_it(place: Path) -> None:
    """What a run has left is its evidence."""
    stage = staged()
    evidence = stage.order().folder / "verdict.json"
    evidence.touch()
    stage.close()
    assert evidence.exists()
    assert evidence.parent.parent == place / "runs"
