import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fixtures.checks import eventually
from fixtures.checks.match import equals
from fixtures.runs.ledger import open_items
from tests.plugin.verdicts import Suite

pytest_plugins = ["pytester"]

HOLDS = "def test_a(): pass\n"
SLOW = "import time, pathlib\ndef test_slow():\n    pathlib.Path('begun').touch()\n    time.sleep(30)\n"
UNUSABLE = """
from fixtures.environments import EnvironmentInvalid, Unusable
def {hook}:
    raise EnvironmentInvalid({cause!r}, [Unusable('no such context', 'blue.toml', 'add it')])
"""


def interrupted(suite: Suite, number: signal.Signals, *args: str) -> tuple[int, str]:
    begun = suite.pytester.path / "begun"
    command = [sys.executable, "-m", "pytest", "suites/smoke", *suite.command(*args)]
    with subprocess.Popen(
        command, cwd=suite.pytester.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        eventually(begun.exists, equals(expected=True), within=30, subject="the check")
        process.send_signal(number)
        out, _ = process.communicate(timeout=30)
    return process.returncode, out


@pytest.mark.parametrize(("number", "name"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")])
def test_an_interrupted_run_still_has_a_verdict(suite: Suite, number: signal.Signals, name: str) -> None:
    """Ctrl-C and SIGTERM end with the verdict INCONCLUSIVE, pytest's exit code 2, and teardown done."""
    teardown = "@pytest.fixture\ndef person():\n    yield\n    open('removed', 'w').close()\n"
    suite.write(a=HOLDS, b=teardown + SLOW.replace("test_slow()", "test_slow(person)"))
    ended = suite.read(*interrupted(suite, number))
    assert (ended.code, ended.verdict["verdict"]) == (2, "INCONCLUSIVE")
    assert ended.verdict["reasons"][0] == f"interrupted by {name}"
    assert ended.verdict["counts"]["held"] == 1
    assert ended.verdict["counts"]["not run"] == 1
    assert (suite.pytester.path / "removed").exists()


def test_an_interrupted_run_with_workers_still_has_a_verdict(suite: Suite) -> None:
    """SIGTERM to the controller of workers ends in bounded time with a verdict."""
    suite.write(b=SLOW)
    ended = suite.read(*interrupted(suite, signal.SIGTERM, "-n1"))
    assert (ended.code, ended.verdict["verdict"]) == (2, "INCONCLUSIVE")


def test_a_lost_worker_is_invalid(suite: Suite) -> None:
    """A worker that dies makes the run INVALID: what it did not report is not known."""
    suite.write(a=HOLDS, b="import os\ndef test_dies(): os._exit(9)\n")
    ended = suite.run("-n2")
    assert (ended.code, ended.verdict["verdict"]) == (69, "INVALID")
    assert ended.verdict["causes"] == []


@pytest.mark.parametrize(
    ("cause", "code"), [("bad-configuration", 64), ("missing-secret", 65), ("environment-unusable", 66)]
)
@pytest.mark.parametrize(
    "hook", ["pytest_sessionstart(session)", "pytest_collection_finish(session)", "pytest_verify_environment(config)"]
)
def test_an_unusable_environment_is_invalid_at_once(suite: Suite, hook: str, cause: str, code: int) -> None:
    """An environment that cannot be used ends in INVALID with the exit code of its cause and what to do."""
    suite.write(UNUSABLE.format(hook=hook, cause=cause), a="def test_a(): open('ran', 'w')\n")
    ended = suite.run()
    assert (ended.code, ended.verdict["verdict"]) == (code, "INVALID")
    assert "no such context (blue.toml); add it" in ended.out
    assert "Traceback" not in ended.out
    assert not (suite.pytester.path / "ran").exists()


def test_an_environment_found_unusable_in_a_fixture_is_invalid(suite: Suite) -> None:
    """What a fixture finds wrong with the environment is no failure of the platform."""
    raising = "from fixtures.environments import EnvironmentInvalid, Unusable\n@pytest.fixture\ndef sandbox():\n"
    raising += "    raise EnvironmentInvalid('environment-unusable', [Unusable('no port', 'x', 'y')])\n"
    suite.write(a=raising + "def test_a(sandbox): pass\n")
    assert suite.run().code == 66


def test_a_folder_that_cannot_be_written_is_invalid(suite: Suite) -> None:
    """Without a place for evidence nothing runs, and the verdict is printed all the same."""
    suite.write(a="def test_a(): open('ran', 'w')\n")
    Path(suite.pytester.path / "out").write_text("a file")
    ended = suite.run()
    assert ended.code == 70
    assert "VERDICT  INVALID  (exit code 70)" in ended.out
    assert "name another with --run-folder" in ended.out
    assert not (suite.pytester.path / "ran").exists()


def test_the_verdict_of_a_run_at_the_same_time_is_not_written_over(suite: Suite) -> None:
    """Of two that were given one folder, the first that ends has it; the other one's verdict is printed."""
    suite.write(a="def test_a(): open('out/verdict.json', 'w').write('the first')\n")
    ended = suite.pytester.runpytest_subprocess(*suite.command("suites/smoke"), timeout=60)
    assert ended.ret == 70
    assert "of another run" in ended.stdout.str()
    assert (suite.pytester.path / "out/verdict.json").read_text() == "the first"


def test_a_disk_that_fills_up_during_the_run_is_invalid(suite: Suite) -> None:
    """A verdict that could not be written is printed, and is not GO."""
    full = "import os\ndef test_a(monkeypatch):\n    from fixtures.runs import folder\n"
    full += "    def full(*_): raise OSError(28, 'No space left on device')\n    folder.write_whole = full\n"
    suite.write(a=full)
    ended = suite.run()
    assert ended.code == 70
    assert "No space left on device" in ended.out
    assert "no folder could be written" in ended.out


@pytest.mark.parametrize("args", [(), ("-n2",)])
@pytest.mark.parametrize(
    ("trouble", "checks", "code"),
    [
        ("OSError('no space')", HOLDS, 3),
        ("OSError('no space')", "def test_a(): assert 0\n", 1),
        ("KeyboardInterrupt", HOLDS, 2),
    ],
)
def test_trouble_at_the_very_end_does_not_look_like_no_go(
    suite: Suite, args: tuple[str, ...], trouble: str, checks: str, code: int
) -> None:
    """What breaks in the last hooks, or a second Ctrl-C there, still leaves the verdict that it deserves."""
    ends = f"def pytest_sessionfinish(session):\n    if not hasattr(session.config, 'workerinput'): raise {trouble}\n"
    suite.write(ends, a=checks)
    ended = suite.run(*args)
    assert ended.code == code
    assert "Traceback" not in ended.out


def test_a_report_that_cannot_be_written_is_invalid(suite: Suite) -> None:
    """A full disk under pytest's own report is INVALID, not NO-GO."""
    suite.write(a=HOLDS)
    ended = suite.run("--junitxml=/dev/full")
    assert ended.code == 3
    assert "No space left on device" in ended.out


def test_a_folder_with_a_verdict_is_not_used_again(suite: Suite) -> None:
    """An older verdict is never taken for this run's: a folder that holds one is refused."""
    suite.write(a=HOLDS)
    assert suite.run().code == 0
    result = suite.pytester.runpytest_subprocess(*suite.command("suites/smoke"), timeout=60)
    assert result.ret == 70


def test_another_build_under_the_run_is_invalid(suite: Suite) -> None:
    """Answers of two builds at one address mean that the target changed under the run."""
    text = "from fixtures.runs import record_served_by\n"
    text += (
        "def test_a(): record_served_by('otp', 'green', 'b1')\ndef test_b(): record_served_by('otp', 'green', 'b2')\n"
    )
    suite.write(a=text)
    ended = suite.run()
    assert (ended.code, ended.verdict["verdict"]) == (68, "INVALID")
    assert "target-changed: otp answered with build b2, not b1 as before" in ended.out


@pytest.mark.parametrize("args", [(), ("-n2",)])
def test_replicas_are_counted_and_too_few_are_noted(suite: Suite, args: tuple[str, ...]) -> None:
    """Where all that comes from here is led to two of three replicas, a GO says that it knows nothing of the third."""
    text = "from fixtures.runs import record_served_by\n"
    text += "def test_a(): record_served_by('otp', 'green', 'b', '', 'otp-{}')\n"
    suite.write(
        conftest="def pytest_verify_environment(config):\n    return environment(replicas={'otp': 3})\n",
        a=text.format(1), b=text.format(2), c=text.format(1),
    )  # fmt: skip
    ended = suite.run(*args)
    assert (ended.code, [seen["replicas"] for seen in ended.verdict["answered"]]) == (0, [2])
    assert "note: fewer replicas answered than there are at least by the guide (otp 2 of 3): " in ended.out


@pytest.mark.parametrize("args", [(), ("-n2",)])
def test_what_was_sent_twice_is_noted(suite: Suite, args: tuple[str, ...]) -> None:
    """A run tells what it sent once more, since a kept connection had ended, also when it is GO."""
    text = "from types import SimpleNamespace\nfrom fixtures.runs import record_touch\n"
    text += "def test_a(): record_touch('otp', SimpleNamespace(curl='', label='otp x', repeated=True, trace_id='t'))\n"
    suite.write(a=text)
    ended = suite.run(*args)
    assert (ended.code, len(ended.verdict["notes"])) == (0, 1)
    assert "note: 1 sent twice (otp x 1): " in ended.out


@pytest.mark.parametrize("args", [(), ("-n2",)])
def test_a_clock_that_is_off_is_noted(suite: Suite, args: tuple[str, ...]) -> None:
    """A release engineer who compares times with the platform's logs has to know how far these are apart."""
    text = "from fixtures.runs import record_ahead\n"
    suite.write(a=f"{text}def test_a(): record_ahead(0.0)", b=f"{text}def test_b(): record_ahead(-300.0)")
    ended = suite.run(*args)
    assert (ended.code, len(ended.verdict["notes"])) == (0, 1)
    assert "note: this machine's clock is from 5 min behind to 0 s behind the platform's" in ended.out


@pytest.mark.parametrize(
    ("sighted", "told"),
    [
        ("record_served_by('auth', 'green', 'b1')", "1. public address: something before the services answered 429: "),
        ("pass", "1. otp: otp verifyOtp: expected status 200, got "),
    ],
)
def test_a_limit_before_the_services_is_not_laid_to_one(suite: Suite, sighted: str, told: str) -> None:
    """Where services say who they are, an answer that does not is that of what is before them, and said to be."""
    text = f"""
from fixtures.clients.transport import Unexpected
from fixtures.contract import otp
from fixtures.contract.answer import Answer, Headers
from fixtures.runs import record_served_by
@pytest.mark.guide('OTP-01', service='otp')
def test_x():
    {sighted}
    try:
        otp.verify('id', '123456').read(Answer(429, Headers(), b'', 0.1))
    except Exception as wrong:
        raise Unexpected(what='otp verifyOtp', expected='status 200', got='429', service='otp') from wrong
"""
    suite.write(a=text)
    ended = suite.run()
    assert ended.code == 1
    assert told in ended.out


@pytest.mark.parametrize("args", [(), ("-n2",)])
def test_a_service_that_is_down_is_one_cause(suite: Suite, args: tuple[str, ...]) -> None:
    """Thirty checks that fail because auth is down are one cause and what follows from it."""
    scene = """
from fixtures.runs.causes import HealthReading, State
def pytest_verify_scene(environment):
    return [HealthReading('auth', State.UNREACHABLE, 'connection refused'), HealthReading('chat', State.UP)]
"""
    text = "from fixtures.checks import CheckFailure\n@pytest.mark.guide('CHT-01', service='chat')\n"
    text += "@pytest.mark.parametrize('n', range(30))\ndef test_x(n):\n"
    text += "    raise CheckFailure(what='log in', expected='an answer', got='none', service='auth')\n"
    suite.write(scene, a=text)
    ended = suite.run(*args)
    (cause,) = ended.verdict["causes"]
    assert cause["subject"] == "auth"
    assert len(cause["consequences"]) == 29
    assert "auth is down (connection refused); 29 checks follow from it" in ended.out


def test_a_scene_that_cannot_be_looked_at_is_a_note(suite: Suite) -> None:
    """The verdict stands when the look at the scene fails."""
    suite.write("def pytest_verify_scene(environment): raise OSError('no route')\n", a="def test_a(): assert 0\n")
    ended = suite.run()
    assert ended.code == 1
    assert "no route" in ended.verdict["notes"][0]


def test_no_secret_leaves_the_run(suite: Suite) -> None:
    """A registered secret is in no output and no file, however a failing check carries it."""
    secret = "hunter2-s3cr3t/value+"  # noqa: S105  # the example
    text = "import base64, json\nfrom fixtures.runs import register_secret\nfrom fixtures.checks import CheckFailure\n"
    text += f"S = ''.join({list(secret)!r})\n"
    text += "def test_a(record_property):\n    register_secret(S)\n"
    text += "    print('out', S, base64.b64encode(b'xy' + S.encode()))\n"
    text += "    record_property('p', S)\n    assert S == 'other'\n"
    text += "def test_b(): raise CheckFailure(what='w', expected=S, got=json.dumps(S), repeat='curl ' + S)\n"
    text += "def test_c(): pytest.skip(S)\n"
    suite.write(a=text)
    ended = suite.run("--junitxml=own.xml", "--tb=short")
    written = [path.read_text() for path in ended.folder.rglob("*") if path.is_file()]
    for output in (ended.out, *written, (suite.pytester.path / "own.xml").read_text()):
        assert secret not in output
        assert "s3cr3t" not in output
    assert "*****" in ended.out


def test_a_secret_of_the_environment_is_hidden_from_the_start(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment refers to is in no output and no file, though no check has asked for it."""
    secret = "hunter2-of-the-environment"  # noqa: S105  # the example
    monkeypatch.setenv("OWN_SECRET", secret)
    own = "from fixtures.environments import SecretRef\ndef pytest_verify_environment(config):\n"
    own += "    return environment(secrets={'own': SecretRef.parse('env:OWN_SECRET')})\n"
    suite.write(own, a="import os\ndef test_a(): assert os.environ['OWN_SECRET'] == 'other'\n")
    ended = suite.run()
    written = [path.read_text() for path in ended.folder.rglob("*") if path.is_file()]
    assert "*****" in ended.verdict["causes"][0]["headline"]
    assert all(secret not in output for output in (ended.out, *written))


def test_retries_are_refused(suite: Suite) -> None:
    """A run that asks for retries of checks is a usage error."""
    suite.write("def pytest_addoption(parser): parser.addoption('--reruns', type=int)\n", a=HOLDS)
    ended = suite.run("--reruns=2")
    assert ended.code == 4
    assert "never retried" in ended.out


def test_two_runs_at_once_do_not_meet(suite: Suite) -> None:
    """Two runs at once have names and folders of their own."""
    suite.write(a=HOLDS)
    command = [sys.executable, "-m", "pytest", "-p", "fixtures.runs.plugin", "suites/smoke"]
    runs = [
        subprocess.Popen(command, cwd=suite.pytester.path, stdout=subprocess.DEVNULL, env=os.environ) for _ in range(2)
    ]
    assert [run.wait(timeout=60) for run in runs] == [0, 0]
    assert len(list((suite.pytester.path / "runs").glob("*/verdict.json"))) == 2


def test_the_ledger_and_the_name_are_one_for_all_workers(suite: Suite) -> None:
    """Every worker writes to the ledger of the one run, under its one name."""
    text = "@pytest.mark.parametrize('n', range(6))\n"
    text += "def test_x(n, ledger, run_id): ledger.intends('account', f'{run_id}-{n}')\n"
    suite.write(a=text)
    ended = suite.run("-n2")
    items = open_items(ended.folder / "ledger")
    assert [item.name for item in items] == [f"{ended.verdict['run']}-{n}" for n in range(6)]
