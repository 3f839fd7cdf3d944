"""What is made ready before a run: whom the target is shared with, and where the evidence goes."""

import tempfile
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, SimpleNamespace

import pytest

from fixtures.environments import EnvironmentInvalid
from fixtures.runs.redaction import MASK, redact
from loadtests.conductor import stage as stage_module
from loadtests.conductor.lock import hold
from loadtests.conductor.stage import FOLDER, RunFolderError, Stage, set_up

ADDRESS = "https://127.0.0.1:1"
ENVIRONMENT = f"""\
name = "mine"
api = "{ADDRESS}"
reported_environment = "production"
capabilities = ["tls", "synthetic"]
effects = ["read", "synthetic"]
[secrets]
synthetic_key = "env:STAGE_KEY"
"""
KEY = "key-of-the-stage-4711"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for runs, locks and the environment."""
    (tmp_path / "mine.toml").write_text(ENVIRONMENT, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("STAGE_KEY", KEY)
    return tmp_path


def staged(variables: Mapping[str, str] = MappingProxyType({}), **options: object) -> Stage:
    said = Namespace(
        profile="smoke",
        env="./mine.toml",
        lasting=None,
        rate_scale=None,
        host=None,
        run_folder=None,
        alongside=[],
        expect_workers=1,
        stop_when_decided=False,
    )
    vars(said).update(options)
    return set_up(said, variables)


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


def test_a_lock_that_cannot_be_had_is_told_with_the_way_out(place: Path) -> None:
    """Whoever shares a machine with strangers can have another folder."""
    staged().close()
    (locks,) = place.glob("social-platform-verification-*")
    locks.chmod(0o777)
    with pytest.raises(EnvironmentInvalid, match=f"{locks} is not .*; set TMPDIR to a folder of your own"):
        staged()


def test_a_folder_that_cannot_be_written_is_told_with_the_way_out(place: Path) -> None:
    """One that holds a verdict keeps it, and a file is no folder."""
    full, file = place / "full", place / "file"
    full.mkdir()
    (full / "verdict.json").touch()
    file.touch()
    for taken, why in (
        (full, "it holds the verdict.json of another run already"),
        (file, "it is a file"),
        (place / ("x" * 300), "File name too long"),
    ):
        with pytest.raises(RunFolderError) as refused:
            staged(run_folder=str(taken))
        told = f"{taken} cannot be written: {why}; name another with --run-folder or VERIFY_RUN_FOLDER"
        assert str(refused.value) == told


def test_a_folder_that_no_process_can_be_told_is_refused(place: Path) -> None:
    """Its name is in no encoding, and workers keep their ledgers in it."""
    with pytest.raises(RunFolderError, match="is no name in UTF-8; name another with --run-folder"):
        staged(run_folder=str(place / "r\udcfch"))


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


@pytest.mark.parametrize(("named", "folders"), [(None, None), ("evidence", ["evidence", "evidence-2", "evidence-3"])])
def test_each_run_of_a_process_is_another(named: str | None, folders: list[str] | None, place: Path) -> None:
    """Locust's page starts one after the other: none has the id, or the folder, of one before."""
    stage = staged(run_folder=named)
    orders = [stage.order() for _ in range(3)]
    stage.close()
    assert len({order.run for order in orders}) == 3
    assert [order.folder.name for order in orders] == (folders or [order.run for order in orders])
    assert {order.folder.parent for order in orders} == {place if named else place / "runs"}


def test_more_processes_than_pairs_are_refused_before_anything_is_begun(place: Path) -> None:
    """As many are expected as `--processes` makes."""
    with pytest.raises(EnvironmentInvalid, match="80 people of smoke are not a pair for each of 41 processes"):
        staged(expect_workers=41)
    assert not (place / "runs").exists()


def test_the_folder_may_be_a_variables(place: Path) -> None:
    """The option is asked before it."""
    for option, name in ((None, "variable"), ("option", "option")):
        stage = staged({FOLDER: str(place / "variable")}, run_folder=option)
        assert stage.order().folder == place / name
        stage.close()


def test_an_environment_that_cannot_be_used_is_refused(place: Path) -> None:
    """Before anybody makes people there, and with nothing left of it."""
    (place / "mine.toml").write_text(ENVIRONMENT.replace("STAGE_KEY", "NO_SUCH_KEY"), encoding="utf-8")
    with pytest.raises(EnvironmentInvalid, match="NO_SUCH_KEY"):
        staged()
    assert not (place / "runs").exists()


@pytest.mark.usefixtures("place")
def test_a_leader_hides_the_secrets_of_its_environment() -> None:
    """It prints what its workers tell it, and a platform may have told them their own key."""
    staged().close()
    assert redact(f"status 403: {KEY} is not allowed") == f"status 403: {MASK} is not allowed"


def test_a_sandbox_is_ended_where_no_run_takes_place(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else would end its servers, whether the target is held by another run or the process is over."""
    stopped: list[int] = []

    class Started:
        environment_file = place / "mine.toml"

        @staticmethod
        def stop() -> None:
            stopped.append(len(stopped))

    monkeypatch.setattr(stage_module, "Sandbox", SimpleNamespace(start=Started))
    other = hold(ADDRESS, "other")
    with pytest.raises(EnvironmentInvalid, match="run other is made"):
        staged(env=None)
    other.release()
    assert stopped == [0]
    staged(env=None).close()
    assert stopped == [0, 1]
