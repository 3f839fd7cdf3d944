"""What a leader has read is what its members run, or they say so."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fixtures.environments import ConfigurationErrors, load_environment
from loadtests.conductor.order import Order, digest, received
from loadtests.profiles.load import load_profile, profile_file
from tests.unit.load.conductor.correspondent import ENVIRONMENT


def order(profile: Path, environment: Path) -> Order:
    return Order(
        run="run",
        folder=profile.parent,
        profile=load_profile(str(profile)).scaled(rate=0.5, lasting=7.0),
        profile_source=str(profile),
        rate=0.5,
        lasting=7.0,
        platform=load_environment(str(environment)),
        environment_source=str(environment),
        stop_when_decided=False,
    )


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    profile, environment = tmp_path / "mine.toml", tmp_path / "told.toml"
    profile.write_text(profile_file("smoke").read_text())
    environment.write_text(ENVIRONMENT)
    return profile, environment


def test_a_member_runs_what_its_leader_has_read(files: tuple[Path, Path]) -> None:
    """Scaled as it is there."""
    given = order(*files)
    assert received(given.prepare(0, 2)) == (given.profile, given.platform)


@pytest.mark.parametrize("edited", [0, 1])
def test_a_file_that_is_changed_after_the_leader_has_read_it_is_refused(files: tuple[Path, Path], edited: int) -> None:
    """While workers connect, or between two runs on Locust's page: what the leader judges by is what it read then."""
    given = order(*files)
    files[edited].write_text(files[edited].read_text() + "\n# changed\n")
    with pytest.raises(ConfigurationErrors, match=r"mine.toml and .*told.toml: do not say the same here"):
        received(given.prepare(0, 2))
    received(order(*files).prepare(0, 2))


def test_a_variable_that_leads_elsewhere_here_is_refused(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that refer to variables are the same everywhere; a member that would load another platform is none."""
    text = files[1].read_text()
    files[1].write_text(text.replace('"https://127.0.0.1:1"', '"env:VERIFY_TOLD_API"'))
    assert files[1].read_text() != text
    monkeypatch.setenv("VERIFY_TOLD_API", "https://one.example.org")
    given = order(*files)
    received(given.prepare(0, 2))
    monkeypatch.setenv("VERIFY_TOLD_API", "https://other.example.org")
    with pytest.raises(ConfigurationErrors, match="the same files and variables everywhere"):
        received(given.prepare(0, 2))


@pytest.mark.parametrize(
    "field",
    ["name", "slot", "build", "api", "live_api", "plain_api", "cdn", "issuer", "reported_environment", "time_scale"],
)
def test_whatever_a_variable_may_change_makes_another_environment(files: tuple[Path, Path], field: str) -> None:
    """Of any of it one process may have another than the leader, though their files are the same."""
    given = order(*files)
    change: dict[str, Any] = {field: "another"}
    assert digest(given.profile, replace(given.platform, **change)) != digest(given.profile, given.platform)


def test_another_authority_makes_another_environment(files: tuple[Path, Path]) -> None:
    """Certificates may differ behind one path: whom a member trusts is what its leader trusts."""
    given, authority = order(*files), files[0].with_name("ca.pem")
    platform = replace(given.platform, ca_file=authority)
    told = set()
    for text in ("one", "other"):
        authority.write_text(text)
        told.add(digest(given.profile, platform))
    assert len(told) == 2
