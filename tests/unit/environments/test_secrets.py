"""Secrets: by reference, late, and never in clear by accident."""

import copy
import json
import pickle
import pprint
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.environments import Secret, SecretRef, UnresolvedReferenceError
from fixtures.environments.secrets import MASK

VALUES = st.text(st.characters(categories=("L", "N")), min_size=6, max_size=30)


def _printed(secret: Secret) -> list[str]:
    return [
        repr(secret), str(secret), f"{secret}", f"{secret!r:>40}", f"{secret:>20}", "%s %r" % (secret, secret),  # noqa: UP031
        pprint.pformat({"a": [secret]}), str([secret]), str(copy.deepcopy(secret)), str(copy.copy(secret)),
    ]  # fmt: skip


@given(VALUES)
def test_a_secret_does_not_print_itself(value: str) -> None:
    """However a secret is printed, or what holds it, it looks as any other does."""
    secret = Secret(value)
    # Not that the value is nowhere in it: it may be a word of the mask's.
    assert _printed(secret) == _printed(Secret("another one"))
    assert all(MASK in text for text in _printed(secret))
    assert secret.reveal() == value


def test_a_secret_is_neither_pickled_nor_serialised() -> None:
    """A secret refuses pickle and JSON."""
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(Secret("clear"))
    with pytest.raises(TypeError):
        json.dumps(Secret("clear"))


@given(st.text(max_size=40))
def test_a_reference_is_read_or_refused_without_repeating_it(text: str) -> None:
    """A text is a reference that prints as it was written, or is refused by an error that does not repeat it."""
    try:
        outcome = str(SecretRef.parse(text))
    except ValueError as error:
        outcome = str(error)
    assert outcome in {text, "not a reference"}


@pytest.mark.parametrize("text", ["env:", "env: ", "env: NAME", "file:key ", "s3:key", "NAME"])
def test_what_is_no_reference(text: str) -> None:
    """A place with blanks around it would be looked for with them, and found nowhere."""
    with pytest.raises(ValueError, match="not a reference"):
        SecretRef.parse(text)


def test_a_value_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """env:NAME is read when resolved, not before; unset or blank says what to set."""
    reference = SecretRef.parse("env:VERIFY_TEST_SECRET")
    monkeypatch.setenv("VERIFY_TEST_SECRET", "late")
    assert reference.resolve().reveal() == "late"
    for blank in ("", "  "):
        monkeypatch.setenv("VERIFY_TEST_SECRET", blank)
        with pytest.raises(UnresolvedReferenceError, match="set the environment variable VERIFY_TEST_SECRET"):
            reference.resolve()


def test_a_value_in_a_file(tmp_path: Path) -> None:
    """file:PATH is relative to its base and loses the newline at its end only."""
    (tmp_path / "key").write_text(" a b \n", encoding="utf-8")
    assert SecretRef.parse("file:key", tmp_path).resolve().reveal() == " a b "


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe", "folder"])
def test_a_file_without_a_value(tmp_path: Path, content: bytes | str | None) -> None:
    """A file that is missing, empty, not text or not a file says so with its path."""
    path = tmp_path / "key"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        path.mkdir()
    with pytest.raises(UnresolvedReferenceError, match=str(path)):
        SecretRef.parse("file:key", tmp_path).resolve()


def test_without_boto3_the_way_to_install_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """aws-secretsmanager:ID without boto3 says how to install it."""
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(UnresolvedReferenceError, match="pip install boto3"):
        SecretRef.parse("aws-secretsmanager:some/id").resolve()


class _Manager:
    def __init__(self, answer: dict[str, str] | Exception) -> None:
        self.answer = answer

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803 - the name is boto3's
        assert SecretId == "some/id"
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def _with_manager(monkeypatch: pytest.MonkeyPatch, answer: dict[str, str] | Exception) -> None:
    boto3 = pytest.importorskip("boto3")
    monkeypatch.setattr(boto3, "client", lambda *_, **__: _Manager(answer))


def test_a_value_of_the_secrets_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    """aws-secretsmanager:ID gives the stored text."""
    _with_manager(monkeypatch, {"SecretString": "kept"})
    assert SecretRef.parse("aws-secretsmanager:some/id").resolve().reveal() == "kept"


def test_a_secrets_manager_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refusals of AWS and secrets without text are missing secrets."""
    from botocore.exceptions import NoCredentialsError  # noqa: PLC0415 - a heavy import for one test

    _with_manager(monkeypatch, NoCredentialsError())
    with pytest.raises(UnresolvedReferenceError, match="credentials"):
        SecretRef.parse("aws-secretsmanager:some/id").resolve()
    for without in ({"SecretBinary": "x"}, {"SecretString": "  "}):
        _with_manager(monkeypatch, without)
        with pytest.raises(UnresolvedReferenceError, match="SecretString"):
            SecretRef.parse("aws-secretsmanager:some/id").resolve()
