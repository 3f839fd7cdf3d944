"""Options of the load tests."""

import argparse
from pathlib import Path

import pytest

from loadtests.options import add_options, asked, choose_port, refuse_as_configuration


@pytest.fixture(autouse=True)
def _unpatched(monkeypatch: pytest.MonkeyPatch) -> None:
    # Locust would patch this whole process.
    monkeypatch.setenv("LOCUST_SKIP_MONKEY_PATCH", "1")


def locusts() -> argparse.ArgumentParser:
    """Locust's own parser, with our options."""
    from locust.argument_parser import get_empty_argument_parser, setup_parser_arguments  # noqa: PLC0415

    parser = get_empty_argument_parser(default_config_files=[])
    setup_parser_arguments(parser)  # type: ignore[no-untyped-call]
    add_options(parser)
    found: argparse.ArgumentParser = parser
    return found


def parsed(*arguments: str) -> argparse.Namespace:
    """By that."""
    parser = locusts()
    choose_port(parser)
    return parser.parse_args(arguments)


def test_what_is_written_is_what_is_asked() -> None:
    """Nothing is judged here: all mistakes are told together, later."""
    options = parsed("--profile", "smoke", "--env", "blue", "--for", "1 min", "--rate-scale", "x", "--alongside", "run")
    found = asked(options)
    assert (found.profile, found.env, found.lasting, found.rate) == ("smoke", "blue", "1 min", "x")
    assert options.alongside == ["run"]
    assert not options.stop_when_decided


def test_what_of_locust_a_profile_stands_in_for_is_told_when_it_was_given() -> None:
    """Whoever asks for a thousand users has to hear that the profile has fewer, and that nothing of it has tags."""
    assert asked(parsed("--profile", "smoke", "--tags", "quick")).locusts == ("--tags",)
    options = parsed("--profile", "smoke")
    options.num_users, options.spawn_rate, options.run_time = 1000, None, "10m"
    assert asked(options).locusts == ("--users", "--run-time")
    options.num_users, options.run_time = 0, None
    assert asked(options).locusts == ("--users",)


@pytest.fixture(params=["--processes 2", "--processes=2", "--proc 2", "a variable", "a configuration file"])
def spelling(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Arguments beside whatever else says that there are two processes."""
    if request.param == "a variable":
        monkeypatch.setenv("LOCUST_PROCESSES", "2")
        return []
    if request.param == "a configuration file":
        file = tmp_path / "two.conf"
        file.write_text("processes = 2\n")
        return ["--config", str(file)]
    return str(request.param).split()


def test_processes_of_one_run_talk_at_a_port_of_their_own(spelling: list[str]) -> None:
    """Two runs on one machine are in no way of each other; a port that is said is kept."""
    options = parsed(*spelling)
    assert options.processes == 2
    assert options.master_bind_port == options.master_port != 5557
    assert parsed(*spelling, "--master-bind-port", "5557").master_bind_port == 5557
    assert parsed(*spelling, "--master-bind-port", "7000").master_bind_port == 7000


def test_a_process_on_its_own_has_locusts_port() -> None:
    """A master, whose workers are told nothing else."""
    assert parsed("--master").master_bind_port == 5557


def test_processes_that_are_all_workers_look_for_their_master_where_it_is(
    spelling: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A port of their own would be one at which nobody listens."""
    assert parsed(*spelling, "--worker").master_port == 5557
    monkeypatch.setenv("LOCUST_MODE_WORKER", "1")
    assert parsed(*spelling).master_port == 5557


NO_OPTION = "there is no such option"
NO_USER = "is no option and no user; allowed: RateUser"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--env"], ["argument --env: expected one argument"]),
        (["--nowhere"], [f"--nowhere: {NO_OPTION}"]),
        (["RateUsr"], [f"RateUsr: {NO_USER}; did you mean RateUser?"]),
        (["smoke"], [f"smoke: {NO_USER}; did you mean --profile smoke?"]),
        (["--for", "20", "s"], [f's: {NO_USER}; did you mean --for "20 s"?']),
        (["--for=1.5", "min"], [f'min: {NO_USER}; did you mean "--for=1.5 min"?']),
        (["--rate-scael", "2"], [f"--rate-scael: {NO_OPTION}; did you mean --rate-scale?"]),
        (["--rate-scael=2"], [f"--rate-scael: {NO_OPTION}; did you mean --rate-scale?"]),
        (["--stop-when-decide"], [f"--stop-when-decide: {NO_OPTION}; did you mean --stop-when-decided?"]),
        (
            ["--envi=x", "--fro=1 min"],
            [f"--envi: {NO_OPTION}; did you mean --env?", f"--fro: {NO_OPTION}; did you mean --for?"],
        ),
    ],
)
def test_what_is_misspelt_ends_with_the_code_of_a_wrong_configuration(
    arguments: list[str], told: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Not with the one that says that the platform failed, nor with one that no table explains; and it is named."""
    parser = argparse.ArgumentParser()
    add_options(parser)
    parser.add_argument("user_classes", nargs="*")
    refuse_as_configuration(parser, ["RateUser"], arguments)
    assert parser.parse_args(["RateUser"]).user_classes == ["RateUser"]
    with pytest.raises(SystemExit) as ended:
        parser.parse_args(arguments)
    assert ended.value.code == 64
    lines = [f"  command line: {line}\n" for line in told]
    assert capsys.readouterr().err == "".join(["INVALID: bad-configuration:\n", *lines])


@pytest.mark.parametrize(
    ("option", "dest"),
    [("--html", "html_file"), ("--json-file", "json_file"), ("--csv", "csv_prefix"), ("--logfile", "logfile")],
)
def test_where_locust_cannot_write_is_told_before_a_run(
    option: str, dest: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would break when the run was over, whatever its verdict."""
    (tmp_path / "file").touch()
    (tmp_path / "x_stats.csv").mkdir()
    parser = locusts()
    refuse_as_configuration(parser, [], [])
    for name in ("", str(tmp_path / "file"), str(tmp_path / "new" / "folder" / "x")):
        assert getattr(parser.parse_args([option, name]), dest) == name
    for wrong in (tmp_path / "file" / "x", tmp_path / "x" if option == "--csv" else tmp_path):
        with pytest.raises(SystemExit) as ended:
            parser.parse_args([option, str(wrong)])
        assert ended.value.code == 64
        assert f"argument {option}" in capsys.readouterr().err
