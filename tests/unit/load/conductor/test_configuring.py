"""What the command line means, and what is wrong with it: all at once, before anything is started."""

import os
import shutil
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.environments import Cause, EnvironmentInvalid
from loadtests.conductor.configuring import Asked, choose, is_text
from loadtests.profiles.load import profile_file


def wrong(asked: Asked, variables: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(EnvironmentInvalid) as refused:
        choose(asked, variables or {})
    assert refused.value.cause is Cause.CONFIGURATION
    return [str(problem) for problem in refused.value.problems]


def test_a_profile_alone_is_run_on_the_sandbox() -> None:
    """Without an environment it is the sandbox that is loaded, as everywhere in the suite."""
    choice = choose(Asked(profile="smoke"), {})
    assert (choice.profile.name, choice.environment, choice.sandbox) == ("smoke", "local", True)
    assert choice.profile.duration == pytest.approx(20)


def test_every_mistake_is_told_at_once() -> None:
    """Whoever mends the first need not come back for the second."""
    asked = Asked(
        profile="smok", env="blu", lasting="1 minute", rate="-1", host="https://h", folder=" ", locusts=("--run-time",)
    )
    found = wrong(asked)
    places = [problem.partition(":")[0] for problem in found]
    assert places == ["--run-folder", "--host", "--run-time", "--profile", "--for", "--rate-scale", "--env"]
    assert "LOCUST_HOST" in found[1]
    assert "LOCUST_RUN_TIME" in found[2]
    assert "did you mean smoke?" in found[3]
    assert "did you mean blue?" in found[6]


@given(people=st.integers(1, 40), processes=st.integers(1, 20))
def test_each_process_has_a_pair_or_nothing_is_begun(people: int, processes: int) -> None:
    """No sandbox is started, and nobody is made, for a run that cannot begin."""
    pairs = (choose(Asked(profile="smoke", rate=f"{people / 80}"), {}).profile.people + 1) // 2
    asked = Asked(profile="smoke", rate=f"{people / 80}", processes=processes)
    if pairs >= processes:
        assert choose(asked, {}).profile.people >= 2 * processes - 1
    else:
        [found] = wrong(asked)
        assert found.startswith("--processes: ")
        assert f"not a pair for each of {processes} processes" in found
        assert f"at most {pairs}," in found


def test_people_that_nobody_needs_are_not_asked_for(tmp_path: Path) -> None:
    """Rates of operations without a token are sent by as many processes as there are."""
    profile = tmp_path / "mine.toml"
    profile.write_text(
        'summary = "Keys alone"\narrivals = "constant"\nbudget = "*: errors <= guide"\n'
        '[[rates]]\noperation = "auth getKeySet"\nphases = [{ for = "10 s", rate = "50 /s" }]\n'
    )
    assert choose(Asked(profile=str(profile), processes=9), {}).profile.people == 0


@pytest.mark.parametrize(
    ("option", "variable", "chosen"),
    [(True, True, "option"), (True, False, "option"), (False, True, "variable"), (False, False, "profile")],
)
def test_the_option_is_asked_before_the_variable_and_the_variable_before_the_profile(
    chosen: str, tmp_path: Path, *, option: bool, variable: bool
) -> None:
    """Whoever names a target nearer to the run means that one, and no sandbox is started in its place."""
    for name in ("option", "variable", "profile"):
        target = f'name = "{name}"\napi = "https://h"\nreported_environment = "production"\n'
        (tmp_path / f"{name}.toml").write_text(
            f'{target}effects = ["read", "synthetic"]\n[secrets]\nsynthetic_key = "env:PATH"'
        )
    profile = tmp_path / "mine.toml"
    text = profile_file("smoke").read_text(encoding="utf-8")
    profile.write_text(f'environment = "{tmp_path / "profile.toml"}"\n{text}', encoding="utf-8")
    asked = Asked(profile=str(profile), env=str(tmp_path / "option.toml") if option else None)
    # One of blanks is none, as where a pipeline sets it to nothing.
    choice = choose(asked, {"VERIFY_ENV": str(tmp_path / "variable.toml") if variable else " "})
    assert (choice.environment, choice.sandbox) == (str(tmp_path / f"{chosen}.toml"), False)
    assert choice.profile_source == str(profile)


def test_a_file_that_is_not_there_is_told_with_who_named_it(tmp_path: Path) -> None:
    """The option, the variable or the key of the profile is what has to be mended."""
    gone, profile = tmp_path / "gone.toml", tmp_path / "mine.toml"
    text = profile_file("smoke").read_text(encoding="utf-8")
    profile.write_text(f'environment = "{gone}"\n{text}', encoding="utf-8")
    told = f"there is no file {gone}"
    assert wrong(Asked(profile=str(gone), env="local")) == [f"--profile: {told}"]
    assert wrong(Asked(profile="smoke", env=str(gone))) == [f"--env: {told}"]
    assert wrong(Asked(profile="smoke"), {"VERIFY_ENV": str(gone)}) == [f"VERIFY_ENV: {told}"]
    assert wrong(Asked(profile=str(profile))) == [f"{profile}: environment: {told}"]


def test_an_environment_that_allows_nobody_is_refused_to_a_profile_with_people(tmp_path: Path) -> None:
    """Whoever waits for a run need not hear of it only when it should begin; one without people is let in."""
    looked_at, nobody = tmp_path / "looked-at.toml", tmp_path / "nobody.toml"
    looked_at.write_text('name = "looked-at"\napi = "https://h"\nreported_environment = "production"\n')
    nobody.write_text(
        """
        summary = "what anybody may ask"
        arrivals = "constant"
        budget = "each: errors <= guide"
        [[rates]]
        operation = "auth getKeySet"
        phases = [{ for = "20 s", rate = "50 /s" }]
        """
    )
    told = f'{looked_at}: effects: do not have "synthetic", and the profile smoke makes 80 people: '
    assert wrong(Asked(profile="smoke", env=str(looked_at))) == [f"{told}allow it there, or name another environment"]
    assert len(wrong(Asked(profile="smoke", env=str(looked_at), rate="-1"))) == 2
    assert choose(Asked(profile=str(nobody), env=str(looked_at)), {}).profile.people == 0


def test_no_profile_is_a_mistake() -> None:
    """There is no load without one."""
    [only] = wrong(Asked(profile=None, env="local"))
    assert only.startswith("--profile: names no profile; allowed: ")


def test_where_ci_is_set_the_environment_has_to_be_named() -> None:
    """A pipeline never loads the sandbox by accident; the option, the variable or the profile names one."""
    [only] = wrong(Asked(profile="smoke"), {"CI": "true"})
    assert "CI is set" in only
    assert choose(Asked(profile="smoke", env="local"), {"CI": "true"}).environment == "local"
    assert choose(Asked(profile="smoke"), {"CI": "true", "VERIFY_ENV": "local"}).environment == "local"


def test_a_profile_is_stretched_and_multiplied() -> None:
    """Its shape stays: a minute of a release, at a tenth of its rate."""
    choice = choose(Asked(profile="smoke", lasting="1 min", rate="0.1"), {})
    whole = choose(Asked(profile="smoke"), {}).profile
    assert choice.profile.duration == pytest.approx(60)
    assert choice.profile.expected == pytest.approx(whole.expected * 3 / 10)


@pytest.mark.parametrize("text", ["0 s", "20", "-1 s", "soon", ""])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    """With an example of what is allowed."""
    [only] = wrong(Asked(profile="smoke", lasting=text))
    assert only.startswith("--for: ")
    assert "allowed: " in only


@pytest.mark.parametrize("text", ["0", "nan", "inf", "-0.5", "ten", "", "1_0", "\N{ARABIC-INDIC DIGIT TWO}"])
def test_a_factor_that_is_none_is_refused(text: str) -> None:
    """A run of nothing proves nothing."""
    [only] = wrong(Asked(profile="smoke", rate=text))
    assert only.startswith("--rate-scale: ")


@pytest.mark.parametrize(
    ("profile", "text"), [("smoke", "2000000"), ("release", "1e308"), ("autoscale", "1e300"), ("soak", "501")]
)
def test_a_factor_that_makes_more_than_a_profile_may_ask_for_is_refused(profile: str, text: str) -> None:
    """Nobody can make so many people, and the largest factor that is allowed is told, and allowed."""
    [only] = wrong(Asked(profile=profile, rate=text))
    assert only.startswith(f"--rate-scale: {text} times ")
    assert "is more than 1,000,000; allowed: at most" in only
    most = only.rpartition(" ")[2]
    assert choose(Asked(profile=profile, rate=most), {}).rate == float(most)


def test_a_name_that_no_process_can_be_told_is_refused(tmp_path: Path) -> None:
    """File systems have names that are in no encoding: they come as halves of letters."""
    own = tmp_path / "pr\udcfcf.toml"
    shutil.copyfile(profile_file("smoke"), own)
    told = "is no name in UTF-8; allowed: a file with a name that every process can be told"
    assert f"--profile: {told}" in wrong(Asked(profile=str(own)))
    assert f"--env: {told}" in wrong(Asked(profile="smoke", env=str(own)))


@given(st.binary())
def test_a_name_is_told_to_processes_or_refused(raw: bytes) -> None:
    """Whatever the name of a file is made of, it is refused exactly where it cannot be in a letter."""
    name = os.fsdecode(raw)
    try:
        letter = msgspec.msgpack.encode(name)
    except UnicodeEncodeError:
        assert not is_text(name)
    else:
        assert is_text(name)
        assert msgspec.msgpack.decode(letter) == name
