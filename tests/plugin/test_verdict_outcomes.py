import pytest

from fixtures.guide import load_catalogue
from tests.plugin.verdicts import Suite

pytest_plugins = ["pytester"]

HOLDS = "@pytest.mark.guide('SVC-01', service='otp')\ndef test_a(): pass\ndef test_b(): pass\n"
MUST = "from fixtures.checks import must\nfrom fixtures.checks.match import equals\n"
WRONG = MUST + "def test_wrong(): must(1, equals(2), subject='the count', service='chat')\n"


def test_all_held_is_go(suite: Suite) -> None:
    """A whole tier that ran and held is GO with exit code 0, and the reports say the same."""
    suite.write(a=HOLDS)
    ended = suite.run()
    assert (ended.code, ended.verdict["verdict"]) == (0, "GO")
    assert ended.verdict["counts"]["held"] == 2
    assert ended.verdict["checks"][0]["guide"] == ["SVC-01"]
    assert ended.verdict["checks"][0]["service"] == "otp"
    assert b'failures="0" errors="0" skipped="0"' in (ended.folder / "junit.xml").read_bytes()
    assert ended.out.rstrip().splitlines()[-1].endswith(str(ended.folder))


def test_a_failure_is_no_go_and_says_whom_to_call(suite: Suite) -> None:
    """A check that fails is NO-GO with exit code 1: the cause, its service and whom the guide says to call."""
    suite.write(a=HOLDS, b=WRONG)
    ended = suite.run()
    assert (ended.code, ended.verdict["verdict"]) == (1, "NO-GO")
    assert ended.verdict["causes"][0]["subject"] == "chat"
    assert "production-oncall@social-platform.com" in ended.out
    assert "the count: expected 2, got 1" in ended.out
    assert "Traceback" not in ended.out


def test_the_verdict_says_what_it_rests_on(suite: Suite) -> None:
    """What was asked of the environment is in every report, a stretched deadline beside the verdict itself."""
    asked = "required={'smoke': frozenset({'SVC-01'})}, live_api='https://127.0.0.1:2', time_scale=1000.0"
    stretched = "from fixtures.checks.time_scale import scaled\ndef test_c(): assert scaled(1) == 1000\n"
    suite.write(f"def pytest_verify_environment(config): return environment({asked})\n", a=HOLDS, c=stretched)
    ended = suite.run()
    assert ended.code == 0
    told = ended.verdict["environment"]
    assert told["required"] == {"smoke": ["SVC-01"]}
    assert (told["live_api"], told["time_scale"]) == ("https://127.0.0.1:2", 1000)
    assert "VERDICT  GO  (exit code 0), every deadline times 1000 (--time-scale)\n" in ended.out
    xml = (ended.folder / "junit.xml").read_bytes()
    assert b'<property name="live_api" value="https://127.0.0.1:2" />' in xml
    assert b'<property name="time_scale" value="1000.0" />' in xml


@pytest.mark.parametrize("args", [(), ("-n2",)])
def test_the_verdict_says_when_each_check_ran_and_what_it_sent_last(suite: Suite, args: tuple[str, ...]) -> None:
    """Whoever looks for a failure in the platform's logs has its time, and the last trace of each service."""
    sent = "from types import SimpleNamespace\nfrom fixtures.runs import record_touch\n"
    sent += (
        "def send(service, trace): record_touch(service, SimpleNamespace(curl='', repeated=False, trace_id=trace))\n"
    )
    late = (
        "def test_late():\n send('chat', 'a1')\n send('chat', 'a2')\n send('otp', 'b1')\n time.sleep(0.2)\n assert 0\n"
    )
    suite.write(a=HOLDS, b=f"import time\n{sent}{late}")
    ended = suite.run(*args)
    assert ended.code == 1
    run = (ended.verdict["began_at"], ended.verdict["ended_at"])
    assert all(run[0] <= check["at"] <= run[1] for check in ended.verdict["checks"])
    (check,) = [check for check in ended.verdict["checks"] if check["outcome"] == "failed"]
    failure = ended.verdict["causes"][0]["first"]
    assert check["at"] < failure["at"] <= run[1]
    assert failure["traces"] == {"chat": "a2", "otp": "b1"}
    assert f"test_late, at {failure['at']}" in ended.out
    assert f'<property name="at" value="{check["at"]}" />'.encode() in (ended.folder / "junit.xml").read_bytes()


@pytest.mark.parametrize("args", [(), ("-n2",)])
def test_the_verdict_says_what_no_check_judges(suite: Suite, args: tuple[str, ...]) -> None:
    """The lines of a tier that no check cites are named beside a GO, which they do not change."""
    cited = [one.id for one in load_catalogue().values() if "smoke" in one.tiers and one.id not in ("K8S-08", "CDN-01")]
    suite.write(a=f"@pytest.mark.guide(*{cited})\ndef test_a(): pass\n")
    ended = suite.run(*args)
    assert (ended.code, ended.verdict["unjudged"]) == (0, {"smoke": ["K8S-08", "CDN-01"]})
    assert "\nno check judges yet, of smoke: 2 lines (K8S-08, CDN-01)\n" in ended.out


def test_a_line_whose_check_is_not_applicable_has_a_check(suite: Suite) -> None:
    """What an environment does not declare is not laid to the suite."""
    cited = [one.id for one in load_catalogue().values() if "smoke" in one.tiers]
    absent = "@pytest.mark.guide('CDN-01')\ndef test_b(): pytest.skip('not applicable: no capability cdn')\n"
    suite.write(a=f"@pytest.mark.guide(*{sorted({*cited} - {'CDN-01'})})\ndef test_a(): pass\n{absent}")
    ended = suite.run()
    assert (ended.code, ended.verdict["unjudged"]) == (0, {})
    assert "no check judges" not in ended.out


@pytest.mark.parametrize(
    ("text", "args"),
    [
        (HOLDS, ("-k", "test_a")),
        (HOLDS, ("--deselect", "suites/smoke/test_a.py::test_b")),
        ("def test_a(): raise KeyboardInterrupt\ndef test_b(): pass\n", ()),
        ("def test_a(): assert 0\ndef test_b(): pass\n", ("-x",)),
    ],
)
def test_a_narrowed_run_does_not_say_what_no_check_judges(suite: Suite, text: str, args: tuple[str, ...]) -> None:
    """Of checks that were left out or never started nobody knows what they would have judged."""
    suite.write(a=text)
    ended = suite.run(*args)
    assert ended.code != 0
    assert ended.verdict["unjudged"] is None
    assert "no check judges" not in ended.out


def test_a_check_that_was_never_started_has_no_time(suite: Suite) -> None:
    """What did not begin says so instead of being given a time."""
    suite.write(a="def test_a(): raise KeyboardInterrupt\ndef test_b(): pass\n")
    ended = suite.run()
    assert [check["at"] is None for check in ended.verdict["checks"]] == [False, True]


def test_the_guides_contacts_are_not_bothered_by_a_go(suite: Suite) -> None:
    """Nobody is to be called for a GO."""
    suite.write(a=HOLDS)
    assert suite.run().verdict["call"] == {}


def test_a_failure_in_setup_or_teardown_is_no_go(suite: Suite) -> None:
    """A check fails whichever of its phases does."""
    fixture = "@pytest.fixture\ndef broken():\n    {}\ndef test_x(broken): pass\n"
    suite.write(a=fixture.format("raise ValueError('in setup')"), b=fixture.format("yield; assert 0, 'left behind'"))
    ended = suite.run()
    assert ended.code == 1
    assert {failure["phase"] for cause in ended.verdict["causes"] for failure in [cause["first"]]} == {
        "setup",
        "teardown",
    }


@pytest.mark.parametrize("args", [(), ("-n2",)])
def test_all_skipped_is_not_go(suite: Suite, args: tuple[str, ...]) -> None:
    """Checks that were all skipped prove nothing: INCONCLUSIVE, exit code 75, and each is named with its reason."""
    suite.write(a="def test_x(): pytest.skip('no time')\n")
    ended = suite.run(*args)
    assert (ended.code, ended.verdict["verdict"]) == (75, "INCONCLUSIVE")
    assert "test_x: no time" in ended.out


def test_nothing_selected_is_not_go(suite: Suite) -> None:
    """A run that selects nothing is INCONCLUSIVE and keeps pytest's exit code 5."""
    suite.write(a=HOLDS)
    ended = suite.run("-m", "smoke")
    assert (ended.code, ended.verdict["verdict"]) == (5, "INCONCLUSIVE")


@pytest.mark.parametrize("args", [(), ("-n2",)])
def test_a_collection_error_is_invalid(suite: Suite, args: tuple[str, ...]) -> None:
    """A check that cannot be collected makes the run INVALID, whatever else holds."""
    suite.write(a=HOLDS, b="import nothing_of_this_name\n")
    ended = suite.run(*args)
    assert (ended.code, ended.verdict["verdict"]) == (2, "INVALID")
    assert "nothing_of_this_name" in ended.verdict["reasons"][0]


def test_a_collection_error_that_is_continued_is_no_go_or_invalid_never_go(suite: Suite) -> None:
    """Going on after a collection error does not make it one."""
    suite.write(a=HOLDS, b="import nothing_of_this_name\n")
    assert suite.run("--continue-on-collection-errors").verdict["verdict"] == "INVALID"


def test_an_internal_error_is_invalid(suite: Suite) -> None:
    """An internal error of pytest or a plugin makes the run INVALID with pytest's exit code 3."""
    suite.write("def pytest_runtest_logfinish(): raise RuntimeError('plugin bug')\n", a=HOLDS)
    ended = suite.run()
    assert (ended.code, ended.verdict["verdict"]) == (3, "INVALID")
    assert "plugin bug" in ended.verdict["reasons"][0]


@pytest.mark.parametrize(
    "args", [("-k", "test_b"), ("--deselect", "suites/smoke/test_a.py::test_a"), ("-n2", "-ktest_b")]
)
def test_a_part_of_a_tier_is_not_go(suite: Suite, args: tuple[str, ...]) -> None:
    """A selection within a tier that held says so and is INCONCLUSIVE: it cannot speak for the tier."""
    suite.write(a=HOLDS)
    ended = suite.run(*args)
    assert (ended.code, ended.verdict["verdict"]) == (75, "INCONCLUSIVE")
    assert "partial: 1 check deselected" in ended.out
    assert "1 check ran and held" in ended.out


def test_a_check_named_by_its_id_is_not_go(suite: Suite) -> None:
    """One check by its node id is INCONCLUSIVE, and that it held can be seen."""
    suite.write(a=HOLDS)
    ended = suite.run(target="suites/smoke/test_a.py::test_a")
    assert ended.code == 75
    assert "only a part of suites/smoke was named" in ended.out
    assert "1 check ran and held" in ended.out


def test_not_applicable_is_beside_the_verdict(suite: Suite) -> None:
    """A check whose capability is not declared is reported and changes nothing where the environment is not strict."""
    suite.write(a=HOLDS, b="def test_cdn(): pytest.skip('not applicable: no capability cdn')\n")
    ended = suite.run()
    assert ended.verdict["verdict"] == "GO"
    assert ended.verdict["counts"]["not applicable"] == 1
    assert "not applicable here: 1" in ended.out


def test_a_strict_environment_must_declare_what_is_required(suite: Suite) -> None:
    """In a strict environment an undeclared capability makes the run INVALID with a code of its own."""
    strict = "def pytest_verify_environment(config): return environment(strict=True)\n"
    suite.write(strict, a=HOLDS, b="def test_cdn(): pytest.skip('not applicable: no capability cdn')\n")
    assert suite.run().code == 67


def test_what_is_expected_to_fail_is_advice(suite: Suite) -> None:
    """A check expected to fail is advisory: beside the verdict, but NO-GO in a strict environment."""
    suite.write(a=HOLDS, b="@pytest.mark.xfail(reason='known')\ndef test_x(): assert 0\n")
    ended = suite.run()
    assert ended.verdict["verdict"] == "GO"
    (advice,) = [check for check in ended.verdict["checks"] if check["outcome"] == "advisory"]
    assert advice["reason"] == "known"


def test_the_projects_own_tests_get_no_verdict(suite: Suite) -> None:
    """A run of other tests has no verdict, no folder and pytest's own exit codes."""
    suite.write()
    suite.pytester.makepyfile(test_own="import pytest\ndef test_x(): pytest.skip('x')\n")
    ended = suite.run(target="test_own.py")
    assert ended.code == 0
    assert "VERDICT" not in ended.out
    assert not ended.folder.exists()


@pytest.mark.parametrize("only", ["--collect-only", "--setup-plan"])
def test_looking_at_the_suite_gives_no_verdict(suite: Suite, only: str) -> None:
    """Collecting makes no run: no folder, no question for the environment."""
    suite.write("def pytest_verify_environment(config): raise SystemExit('asked')\n", a=HOLDS)
    ended = suite.run(only)
    assert ended.code == 0
    assert "VERDICT" not in ended.out
    assert not ended.folder.exists()


REQUIRES = "def pytest_verify_environment(config): return environment(required={'smoke': frozenset({'SVC-01'})})\n"
OF = "@pytest.mark.guide('{id}')\ndef test_{name}(): {body}\n"


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        ("pass", "pass", 0),
        ("pass", "pytest.skip('no time')", 0),
        ("pytest.skip('no time')", "pass", 75),
        ("pytest.skip('not applicable: no cdn')", "pass", 75),
        ("pass", "assert 0", 1),
    ],
)
def test_only_the_checks_that_an_environment_names_must_run(suite: Suite, first: str, second: str, code: int) -> None:
    """A named check that did not run is INCONCLUSIVE, another is not; whatever fails is NO-GO."""
    one, other = OF.format(id="SVC-01", name="a", body=first), OF.format(id="SVC-02", name="b", body=second)
    suite.write(REQUIRES, a=one + other)
    ended = suite.run()
    assert ended.code == code
    assert ("SVC-01 of smoke is required, and no check of it ran" in ended.out) == (code == 75)


LEAVES = """
def test_a(ledger):
    for name in ("gone", "stays", "unsure"):
        ledger.intends("account", name)
    ledger.confirmed("account", "stays")
    ledger.left("account", "stays", "503")
    ledger.removed("account", "gone")
"""


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_what_is_left_behind_is_told_with_the_verdict(suite: Suite, workers: str) -> None:
    """What the ledger does not know to be gone is in the verdict's document and a note of it, and nothing else is."""
    suite.write(a=LEAVES)
    ended = suite.run(workers)
    assert ended.verdict["left"] == [
        {"kind": "account", "name": "stays", "confirmed": True, "why": "503"},
        {"kind": "account", "name": "unsure", "confirmed": False, "why": ""},
    ]
    (note,) = ended.verdict["notes"]
    assert f"note: {note}" in ended.out
    assert "account stays (503); account unsure (may be there" in note


def test_what_another_run_left_is_not_told(suite: Suite) -> None:
    """A run that could not begin says nothing of a ledger that it found in its folder."""
    suite.write(a=LEAVES)
    assert suite.run().code == 0
    again = suite.pytester.runpytest_subprocess(*suite.command("suites/smoke"), timeout=60)
    assert int(again.ret) == 70
    assert "left behind" not in again.stdout.str()


PASSING = """
from fixtures.runs import register_passing_secret

def test_a():
    register_passing_secret("token-of-a-person")
    raise ValueError("token-of-a-person")

def test_b():
    raise ValueError("token-of-a-person")
"""


def test_a_token_of_one_check_is_hidden_in_what_is_told_of_it(suite: Suite) -> None:
    """What a check was given as a token is hidden wherever its failure is told, and forgotten with its people."""
    suite.write(a=PASSING)
    ended = suite.run()
    told = {check["id"].partition("::")[2]: check["reason"] for check in ended.verdict["checks"]}
    assert told == {"test_a": "ValueError: *****", "test_b": "ValueError: token-of-a-person"}
    assert 'raise ValueError("*****")' in ended.out
