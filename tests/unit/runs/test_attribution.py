"""Which exceptions say that the run proves nothing, and which are failures."""

import errno

import pytest

from fixtures.checks import CheckFailure
from fixtures.environments import (
    ConfigurationError,
    ConfigurationErrors,
    EnvironmentInvalid,
    ForbiddenEffectError,
    UnresolvedReferenceError,
)
from fixtures.runs.attribution import invalidity
from fixtures.runs.verdict import Invalid

MISTAKE = ConfigurationError("mine.toml", "api", "is missing")


def failing(cause: Exception | None) -> CheckFailure:
    failure = CheckFailure(what="a check", expected="this", got="that")
    failure.__cause__ = cause
    return failure


@pytest.mark.parametrize(
    ("error", "cause", "text"),
    [
        (EnvironmentInvalid("missing-secret", [MISTAKE]), Invalid.MISSING_SECRET, "mine.toml: api: is missing"),
        (ConfigurationErrors([MISTAKE]), Invalid.BAD_CONFIGURATION, "mine.toml: api: is missing"),
        (
            UnresolvedReferenceError("k is out of reach", "mend it"),
            Invalid.MISSING_SECRET,
            "k is out of reach; mend it",
        ),
        (ForbiddenEffectError("it would change mine"), Invalid.INTERNAL_ERROR, "it would change mine"),
        (OSError(errno.EMFILE, "x"), Invalid.ENVIRONMENT_UNUSABLE, "this process has no file descriptor left"),
        (OSError(errno.ENFILE, "x"), Invalid.ENVIRONMENT_UNUSABLE, "this machine has no file descriptor left"),
    ],
    ids=["secret", "configuration", "secret while it runs", "effect", "process", "machine"],
)
def test_what_says_nothing_of_the_platform_is_invalid(error: Exception, cause: Invalid, text: str) -> None:
    """What is wrong with the environment's file, the check or this machine is no failure, alone or as a cause."""
    for raised in (error, failing(error), ExceptionGroup("several", [error, failing(error)])):
        (problem,) = invalidity(raised)
        assert problem.cause is cause
        assert text in problem.text


@pytest.mark.parametrize(
    "error",
    [failing(None), failing(ConnectionRefusedError(errno.ECONNREFUSED, "x")), OSError("of no number"), None],
    ids=["assertion", "nobody there", "no number", "nothing"],
)
def test_what_a_peer_does_is_a_failure(error: Exception | None) -> None:
    """A check that failed, and a platform that is not there, are not excused; nor are they by what else went wrong."""
    assert invalidity(error) == ()
    if error is not None:
        assert invalidity(ExceptionGroup("several", [error, OSError(errno.EMFILE, "x")])) == ()
