"""What the command line selects, seen from pytest's own end."""

import pytest

from fixtures.environments.plugin import WORKERS
from tests.architecture.source import ROOT

pytest_plugins = ["pytester"]

OWN = """
name = "own"
api = "https://127.0.0.1:1"
reported_environment = "production"
[provenance]
kafka = "simulated"
"""
CHECK = '''
def test_check(environment, guide, pytestconfig):
    """A check."""
    print("worker", getattr(pytestconfig, "workerinput", None) is not None)
    print("judges", environment.name, environment.time_scale, len(guide.services))
'''


@pytest.fixture
def repository(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A small repository with two tiers and a test of its own."""
    for name in ("CI", "VERIFY_ENV", "PYTEST_ADDOPTS", "KUBECONFIG"):
        monkeypatch.delenv(name, raising=False)
    pytester.makepyprojecttoml(
        f'[tool.pytest]\nstrict = true\ntestpaths = ["tests"]\npythonpath = ["{ROOT}"]\n'
        'addopts = ["--import-mode=importlib", "-p", "no:locust", "-p", "no:cacheprovider"]\n'
        'markers = ["smoke: s", "preflight: p", "slow: s"]\n'
    )
    pytester.makeconftest('pytest_plugins = ["fixtures.environments.plugin"]')
    for tier in ("smoke", "preflight"):
        folder = pytester.mkpydir("suites") if tier == "smoke" else pytester.path / "suites"
        (folder / tier).mkdir()
        (folder / tier / "__init__.py").touch()
        (folder / tier / f"test_{tier}.py").write_text(CHECK.replace("test_check", f"test_{tier}"), encoding="utf-8")
    pytester.mkpydir("tests").joinpath("test_own.py").write_text("def test_own(): pass\n", encoding="utf-8")
    pytester.path.joinpath("own.toml").write_text(OWN, encoding="utf-8")
    return pytester


@pytest.mark.parametrize(
    ("arguments", "selected"),
    [
        ((), {"test_own"}),
        (("-m", "smoke"), {"test_smoke"}),
        (("-m", "preflight", "--env", "blue"), {"test_preflight"}),
        (("-m", "smoke or preflight"), {"test_smoke", "test_preflight"}),
        (("-m", "not smoke"), {"test_own"}),
        (("suites/smoke",), {"test_smoke"}),
        (("suites",), {"test_smoke", "test_preflight"}),
        (("suites", "-m", "not smoke"), {"test_preflight"}),
        (("suites/smoke/test_smoke.py::test_smoke",), {"test_smoke"}),
    ],
)
def test_what_is_collected(repository: pytest.Pytester, arguments: tuple[str, ...], selected: set[str]) -> None:
    """The marker alone selects its folder, a bare run the project's own tests, and a path what it says."""
    result = repository.runpytest("--collect-only", "-q", *arguments)
    names = {line.rpartition("::")[2] for line in result.outlines if "::" in line}
    assert (names, result.ret) == (selected, pytest.ExitCode.OK)


def test_a_mistyped_tier_is_a_usage_error(repository: pytest.Pytester) -> None:
    """An unknown marker selects nothing silently, and is answered with the one that was meant."""
    result = repository.runpytest("-m", "smok")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*Did you mean smoke?*"])
    assert repository.runpytest("-m", "zzzzzz").ret == pytest.ExitCode.USAGE_ERROR


def test_a_broken_expression_is_a_usage_error(repository: pytest.Pytester) -> None:
    """An expression that cannot be read is explained in one line, not by a trace."""
    repository.makeconftest('pytest_plugins = ["fixtures.environments.plugin", "fixtures.runs.plugin"]')
    result = repository.runpytest("-m", "smoke and")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: Wrong expression passed to '-m': smoke and: *"])
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()


@pytest.mark.parametrize("arguments", [(), ("-m", ""), ("-m", " ", "-n1"), ("-m", "not smoke"), ("tests",)])
@pytest.mark.parametrize("option", ["--env=prodution", "--env=", "--run-folder=out"])
def test_no_tier_to_judge_an_environment_by_is_a_usage_error(
    repository: pytest.Pytester, arguments: tuple[str, ...], option: str
) -> None:
    """A variable that should name the tier and is unset never makes a run of the project's own tests a pass."""
    repository.makeconftest('pytest_plugins = ["fixtures.environments.plugin", "fixtures.runs.plugin"]')
    result = repository.runpytest(*arguments, option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    name = option.partition("=")[0]
    result.stderr.fnmatch_lines([f"ERROR: {name}, but no tier is asked for*: write -m preflight or -m smoke *"])
    result.stdout.no_fnmatch_line("*passed*")


@pytest.mark.parametrize("looking", ["--collect-only", "--setup-plan", "--help", "--markers"])
def test_who_only_looks_may_leave_the_tier_out(repository: pytest.Pytester, looking: str) -> None:
    """Where nothing is run and nothing can pass, an environment may be named without a tier."""
    assert repository.runpytest(looking, "--env=blue").ret == pytest.ExitCode.OK


@pytest.mark.parametrize("workers", [(), ("-n0",)])
def test_a_path_that_is_not_there_is_a_usage_error(repository: pytest.Pytester, workers: tuple[str, ...]) -> None:
    """A mistyped file ends the run before anything is started for it, with workers and without."""
    result = repository.runpytest_subprocess("suites/smoke/test_smok.py::test_x", "--env", "own.toml", *workers)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: file or directory not found: *test_smok.py*"])


@pytest.mark.parametrize("folder", ["tests", "suites", "suites/preflight"])
def test_a_tier_is_asked_for_from_any_folder(
    repository: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    """The marker alone selects its folder, wherever in the repository it is typed."""
    monkeypatch.chdir(repository.path / folder)
    result = repository.runpytest_subprocess("--collect-only", "-q", "-m", "smoke")
    assert [line.rpartition("::")[2] for line in result.outlines if "::" in line] == ["test_smoke"]


@pytest.mark.parametrize("option", ["--collect-only", "--setup-plan"])
@pytest.mark.parametrize("environment", ["blue", "nowhere", "local"])
def test_looking_needs_no_environment(
    repository: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, option: str, environment: str
) -> None:
    """Collecting and planning work without an environment, and touch no network."""
    monkeypatch.setattr("socket.getaddrinfo", None)
    monkeypatch.setattr("socket.socket.connect", None)
    monkeypatch.setenv("CI", "true")
    assert repository.runpytest("-m", "smoke", option, "--env", environment).ret == pytest.ExitCode.OK
    assert repository.runpytest("-m", "smoke", option).ret == pytest.ExitCode.OK


def test_a_run_on_an_own_file(repository: pytest.Pytester) -> None:
    """A check gets the environment of one's own file and the guide, and the header says what is judged."""
    result = repository.runpytest("-m", "smoke", "--env", "own.toml", "--time-scale", "2", "-n0", "-s")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "tiers: smoke",
            "environment: own.toml (from --env), slot live",
            "provenance: kafka simulated",
            "time scale: 2",
            "*judges own 2.0 8*",
        ]
    )


def test_workers_by_default(repository: pytest.Pytester) -> None:
    """Without -n the suite's checks run in xdist's workers, which know the environment and take one at a time."""
    repository.makeconftest(
        'pytest_plugins = ["fixtures.environments.plugin"]\n'
        'def pytest_report_header(config): return f"at most {config.option.maxschedchunk} at a time"\n'
    )
    result = repository.runpytest_subprocess("-m", "smoke", "--env", "own.toml", "-rP")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([f"*{WORKERS} workers*", "worker True", "judges own 1.0 8"])
    result.stdout.fnmatch_lines(["at most 1 at a time"])
    own = repository.runpytest()
    own.assert_outcomes(passed=1)
    own.stdout.no_fnmatch_line("created: *")


def test_who_debugs_has_no_workers(repository: pytest.Pytester) -> None:
    """A debugger needs the terminal, which workers do not have."""
    result = repository.runpytest_subprocess("-m", "smoke", "--env", "own.toml", "--pdb")
    result.assert_outcomes(passed=1)


def test_what_is_required_is_said_by_the_file_that_was_named(repository: pytest.Pytester) -> None:
    """The file that is written when a platform is started says where it is, and not what must be judged of it."""
    named = OWN.replace('"own"', '"named"') + '[required]\nsmoke = ["SVC-01"]\n'
    repository.path.joinpath("named.toml").write_text(named, encoding="utf-8")
    repository.makeconftest(
        'pytest_plugins = ["fixtures.environments.plugin"]\nfrom pathlib import Path\n'
        "from fixtures.environments.plugin import use_file\n"
        'def pytest_collection(session): use_file(session.config, Path("own.toml"))\n'
    )
    prints = "def test_a(environment): print('requires', environment.name, dict(environment.required))\n"
    repository.path.joinpath("suites/smoke/test_smoke.py").write_text(prints, encoding="utf-8")
    result = repository.runpytest("-m", "smoke", "--env", "named.toml", "-n0", "-s")
    result.stdout.fnmatch_lines(["*requires own {'smoke': frozenset({'SVC-01'})}*"])


def test_variable_names_the_environment(repository: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """VERIFY_ENV names the environment where --env does not."""
    monkeypatch.setenv("VERIFY_ENV", "own.toml")
    monkeypatch.setenv("CI", "true")
    result = repository.runpytest("-m", "smoke", "-n0")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["environment: own.toml (from VERIFY_ENV)*"])


@pytest.mark.parametrize("environment", ["blue", "prodution", None])
def test_an_environment_that_cannot_be_used_ends_the_run(
    repository: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, environment: str | None
) -> None:
    """No check runs on an environment that is unknown, incomplete, or guessed in CI."""
    monkeypatch.setenv("CI", "true")
    monkeypatch.delenv("VERIFY_BLUE_API", raising=False)
    result = repository.runpytest("-m", "smoke", "-n0", *(["--env", environment] if environment else []))
    assert result.ret not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}
    result.stdout.no_fnmatch_line("*judges*")
    assert "EnvironmentInvalid" in result.stdout.str() + result.stderr.str()


def test_an_unknown_name_is_said_where_it_was_given(
    repository: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What VERIFY_ENV names wrongly is mended there, not on the command line."""
    monkeypatch.setenv("VERIFY_ENV", "nonsense")
    result = repository.runpytest("-m", "smoke", "-n0")
    assert "VERIFY_ENV: unknown environment 'nonsense'" in result.stdout.str() + result.stderr.str()


@pytest.mark.parametrize("scale", ["0", "-1", "inf", "nan", "x"])
def test_a_time_scale_is_checked(repository: pytest.Pytester, scale: str) -> None:
    """A factor that is not positive and finite is a usage error that says so."""
    result = repository.runpytest(f"--time-scale={scale}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--time-scale*positive number*"])
