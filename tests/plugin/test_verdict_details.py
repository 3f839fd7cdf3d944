"""What a run says of its checks and of itself, where that is not the verdict's own word."""

import pytest

from tests.plugin.verdicts import Suite

pytest_plugins = ["pytester"]

HOLDS = "def test_a(): pass\n"
ASKS = """
from types import SimpleNamespace
from fixtures.checks import CheckFailure
from fixtures.runs import record_touch
pytestmark = pytest.mark.guide('CHT-01', service='chat')

@pytest.fixture(autouse=True)
def asked():
    record_touch('chat', SimpleNamespace(curl='curl https://h/', repeated=False, trace_id='t', label='x'))

def test_a():
    failure = CheckFailure(what='w', expected='e', got='g')
    failure.add_note('seen by the way')
    raise failure

def test_b():
    raise ValueError('x')
"""


def test_a_failure_says_how_to_ask_again(suite: Suite) -> None:
    """Below each failure stands the last request to the service that it is laid to, and what was noted of it."""
    suite.write(a=ASKS)
    out = suite.run().out
    assert "  got:      g\n  repeat:   curl https://h/\n  seen by the way\n" in out
    assert "- how to repeat -" in out
    assert out.count("curl https://h/") == 2


def test_a_file_that_is_skipped_as_a_whole_is_invalid(suite: Suite) -> None:
    """Nobody knows how many checks were in it, so a run without it is none of the tier."""
    suite.write(a=HOLDS, b="pytest.skip('no time', allow_module_level=True)\n")
    ended = suite.run()
    assert (ended.code, ended.verdict["verdict"]) == (2, "INVALID")
    assert "test_b.py: skipped as a whole (Skipped: no time); skip its checks" in ended.verdict["reasons"][0]


def test_a_tier_that_cannot_be_collected_is_invalid(suite: Suite) -> None:
    """What breaks before there is a check of the tier is told as what breaks in a file of it."""
    suite.write(a=HOLDS)
    suite.pytester.makepyfile(**{"suites/smoke/conftest": "import nothing_of_this_name"})
    ended = suite.run(target="suites")
    assert (ended.code, ended.verdict["verdict"]) == (2, "INVALID")
    assert "nothing_of_this_name" in ended.verdict["reasons"][0]


@pytest.mark.parametrize(("reason", "told"), [("", "pytest.exit"), ("enough", "enough")])
def test_a_run_that_a_check_ends_is_interrupted(suite: Suite, reason: str, told: str) -> None:
    """Who ends a run without a word has ended it all the same."""
    suite.write(a=f"def test_a(): pytest.exit({reason!r})\n", b=HOLDS)
    ended = suite.run()
    assert (ended.code, ended.verdict["reasons"][0]) == (2, f"interrupted by {told}")


def test_the_folder_may_be_named_by_a_variable(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """VERIFY_RUN_FOLDER names it as --run-folder does, from where the command is typed."""
    suite.write(a=HOLDS)
    monkeypatch.setenv("VERIFY_RUN_FOLDER", "here")
    monkeypatch.chdir(suite.pytester.path / "suites")
    done = suite.pytester.runpytest_subprocess("-p", "fixtures.runs.plugin", "-p", "no:cacheprovider", "smoke")
    assert done.ret == 0
    assert (suite.pytester.path / "suites/here/verdict.json").exists()


def test_a_secret_that_is_not_there_hides_nothing(suite: Suite) -> None:
    """What an environment refers to and no check needs may be missing."""
    own = "from fixtures.environments import SecretRef\ndef pytest_verify_environment(config):\n"
    own += "    return environment(secrets={'own': SecretRef.parse('env:VERIFY_TEST_NOWHERE')})\n"
    suite.write(own, a=HOLDS)
    assert suite.run().code == 0


def test_checks_that_were_selected_by_another_name_know_their_environment(suite: Suite) -> None:
    """A tier that is named as a package is judged too, as a part of it."""
    suite.write(a=HOLDS)
    ended = suite.run("--pyargs", target="suites.smoke")
    assert (ended.code, ended.verdict["environment"]["name"]) == (75, "local")


def test_two_runs_in_one_process_have_each_their_own_time_scale(suite: Suite) -> None:
    """What a run has set for its process ends with it."""
    for factor in (2.0, 3.0):
        suite.write(f"def pytest_verify_environment(config): return environment(time_scale={factor})\n", a=HOLDS)
        folder = f"out-{factor:g}"
        command = ["suites/smoke", "-p", "fixtures.runs.plugin", "-p", "no:cacheprovider", "--run-folder", folder]
        assert suite.pytester.runpytest_inprocess(*command).ret == 0
