"""Which exceptions say that the run proves nothing, which are failures, and of what."""

import errno

import pytest

from fixtures.checks import CheckFailure
from fixtures.contract.errors import ContractError, UnexpectedAnswer
from fixtures.environments import (
    ConfigurationError,
    ConfigurationErrors,
    EnvironmentInvalid,
    ForbiddenEffectError,
    UnresolvedReferenceError,
)
from fixtures.http1.errors import NotHttpError
from fixtures.runs.attribution import attribute, invalidity
from fixtures.runs.causes import Kind
from fixtures.runs.ledger import LedgerUnwritableError
from fixtures.runs.verdict import Invalid

MISTAKE = ConfigurationError("mine.toml", "api", "is missing")


def failing(cause: Exception | None, service: str | None = None) -> CheckFailure:
    failure = CheckFailure(what="a check", expected="this", got="that", service=service)
    failure.__cause__ = cause
    return failure


def answered(status: int, unserved: str = "") -> UnexpectedAnswer:
    return UnexpectedAnswer(service="otp", operation_id="verifyOtp", status=status, why="status", unserved=unserved)


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
        (LedgerUnwritableError(errno.ENOSPC, "no room for it"), Invalid.RUN_FOLDER, "no room for it"),
        (OSError(errno.EMFILE, "x"), Invalid.ENVIRONMENT_UNUSABLE, "this process has no file descriptor left"),
        (OSError(errno.ENFILE, "x"), Invalid.ENVIRONMENT_UNUSABLE, "this machine has no file descriptor left"),
    ],
    ids=["secret", "configuration", "secret while it runs", "effect", "ledger", "process", "machine"],
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


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (None, Kind.ASSERTION),
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), Kind.UNREACHABLE),
        (NotHttpError("x"), Kind.UNREACHABLE),
        *((answered(status), Kind.UNREACHABLE) for status in (502, 503, 504)),
        (answered(500), Kind.UNEXPECTED_ANSWER),
        (ContractError("x"), Kind.UNEXPECTED_ANSWER),
    ],
    ids=["well answered", "nobody there", "no HTTP", "502", "503", "504", "500", "contract"],
)
def test_how_a_check_failed_is_told_by_what_its_failure_was_raised_from(cause: Exception | None, kind: Kind) -> None:
    """What gave no answer, what gave a wrong one, and what is wrong by a right one are kept apart."""
    assert attribute(failing(cause), in_setup=False).kind is kind
    assert attribute(failing(cause), in_setup=True).kind is (kind if cause else Kind.SETUP)


def test_what_was_merely_caught_before_is_no_cause() -> None:
    """An error that was dealt with when the failure arose says nothing of it."""
    failure = failing(None)
    failure.__context__ = ConnectionRefusedError(errno.ECONNREFUSED, "x")
    assert attribute(failure, in_setup=False).kind is Kind.ASSERTION


def test_causes_that_go_round_in_a_circle_are_each_looked_at_once() -> None:
    """A failure has an attribution, however its causes are linked."""
    failure = failing(answered(500))
    assert failure.__cause__ is not None
    failure.__cause__.__cause__ = failure
    assert attribute(failure, in_setup=False).kind is Kind.UNEXPECTED_ANSWER


def test_whose_a_failure_is() -> None:
    """The failure's own word goes before that of what it was raised from, and only a name is one."""
    assert attribute(failing(answered(500), "auth"), in_setup=False).service == "auth"
    assert attribute(failing(answered(500)), in_setup=False).service == "otp"
    strange = failing(None)
    strange.service = 7  # type: ignore[assignment]  # whatever exception it is, its attributes may be anything
    assert attribute(strange, in_setup=False).service is None


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (answered(429, "no X-Served-By"), "429: no X-Served-By; its limit "),
        (answered(429), ""),
        (answered(503, "no X-Served-By"), ""),
    ],
)
def test_only_what_turned_a_request_away_before_a_service_is_told_as_such(answer: UnexpectedAnswer, told: str) -> None:
    """A service's own refusal is the service's, and a gateway that found none says that it is down."""
    before = attribute(failing(answer), in_setup=False).before
    assert before.startswith(told)
    assert bool(before) is bool(told)


def test_a_failure_is_told_in_one_line_of_bounded_length() -> None:
    """Whatever an error says, the list of causes stays one that can be read; how to ask again is told beside it."""
    told = attribute(ValueError("one\n  two" + "x" * 1000), in_setup=False)
    assert told.summary.startswith("ValueError: one twox")
    assert (len(told.summary), told.summary[-1], told.repeat) == (400, "…", "")
    again = CheckFailure(what="w", expected="e", got="g", repeat="curl https://h/")
    assert attribute(again, in_setup=False).repeat == "curl https://h/"
