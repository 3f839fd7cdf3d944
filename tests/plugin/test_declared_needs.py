"""What a check needs and its environment does not declare: no failure of the platform."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.plugin.verdicts import Ended, Suite

pytest_plugins = ["pytester"]

FORM = """
name = "mine"
api = "https://127.0.0.1:1"
reported_environment = "production"
capabilities = {capabilities}
effects = {effects}
strict = {strict}
[secrets]
synthetic_key = "env:PATH"
"""
FROM_FILE = """
def pytest_verify_environment(config):
    from fixtures.environments.plugin import current_environment
    return current_environment(config)
"""
HOLDS = "def test_a(): pass\n"
NAMES = "from fixtures.environments import Capability, Effect\n"
OF_THE_CDN = NAMES + "@pytest.mark.needs(Capability.CDN)\ndef test_cdn(): assert 0, 'ran'\n"
OF_PEOPLE = "def test_journey(alice): pass\n"
SENDS = "from fixtures.contract import auth\ndef test_sends(transport): transport.send(auth.register('a', 'b', 'c'))\n"
PLUGINS = ("-p", "fixtures.environments.plugin", "-p", "fixtures.clients.plugin")


def judged(
    suite: Suite,
    *args: str,
    check: str,
    capabilities: tuple[str, ...] = ("synthetic",),
    effects: tuple[str, ...] = ("read", "synthetic"),
    strict: bool = True,
) -> Ended:
    suite.write(FROM_FILE, a=HOLDS, b=check)
    form = FORM.format(capabilities=list(capabilities), effects=list(effects), strict=str(strict).lower())
    (suite.pytester.path / "mine.toml").write_text(form, encoding="utf-8")
    return suite.run(*PLUGINS, "--env=mine.toml", *args)


@pytest.mark.parametrize(
    ("check", "capabilities", "effects", "lacking"),
    [
        (OF_THE_CDN, ("synthetic",), ("read", "synthetic"), '"cdn" in capabilities'),
        (OF_PEOPLE, ("synthetic",), ("read",), '"synthetic" in effects'),
        (OF_PEOPLE, (), ("read",), '"synthetic" in capabilities, "synthetic" in effects'),
    ],
)
def test_what_is_not_declared_is_no_failure(
    suite: Suite,
    check: str,
    capabilities: tuple[str, ...],
    effects: tuple[str, ...],
    lacking: str,
) -> None:
    """What a strict environment does not declare leaves a check out: INVALID, and what to declare is told."""
    ended = judged(suite, "-n0", check=check, capabilities=capabilities, effects=effects)
    assert (ended.code, ended.verdict["verdict"]) == (67, "INVALID")
    assert ended.verdict["counts"] == {"held": 1, "failed": 0, "not run": 0, "not applicable": 1, "advisory": 0}
    assert ended.verdict["reasons"][0] == "1 check needs what this strict environment does not declare"
    assert ended.verdict["reasons"][1] == f"1 check: {suite.pytester.path / 'mine.toml'} does not declare {lacking}"
    assert "call " not in ended.out


def test_what_is_not_declared_is_beside_the_verdict_where_nothing_is_strict(suite: Suite) -> None:
    """Where the environment is not strict such a check is left out, and the report says what it would need."""
    ended = judged(suite, "-n2", check=OF_PEOPLE, effects=("read",), strict=False)
    assert (ended.code, ended.verdict["counts"]["not applicable"]) == (0, 1)
    assert 'does not declare "synthetic" in effects' in ended.out


def test_what_is_declared_is_checked(suite: Suite) -> None:
    """Declared and broken is a failure."""
    ended = judged(
        suite, "-n0", check=NAMES + "@pytest.mark.needs(Capability.SYNTHETIC, Effect.READ)\ndef test_x(): assert 0\n"
    )
    assert (ended.code, ended.verdict["counts"]["failed"]) == (1, 1)


def test_an_effect_that_no_check_declares_is_a_mistake_of_the_check(suite: Suite) -> None:
    """What the environment does not allow is not sent, and nobody is called because a check lacks its mark."""
    ended = judged(suite, "-n0", check=SENDS, effects=("read",), strict=False)
    assert (ended.code, ended.verdict["verdict"]) == (3, "INVALID")
    assert "auth registerAccount would change mine, which allows only to be looked at" in ended.verdict["reasons"][0]
