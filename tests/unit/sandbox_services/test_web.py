"""Tokens, pages, traces, problems and passwords."""

import asyncio
import time
from pathlib import Path
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from fixtures.sandbox.services.clock import Clock, new_id
from fixtures.sandbox.services.keys import jwk, key_id, private_key, public_key, write_key_pair
from fixtures.sandbox.services.pages import PageRequest, cursor_of, page, page_request
from fixtures.sandbox.services.parts.auth import Passwords, Signer, TokenRules
from fixtures.sandbox.services.problems import STATUS, Problem, invalid
from fixtures.sandbox.services.tokens import Tokens, bearer
from fixtures.sandbox.services.trace import trace_id

ISSUER = "https://api.example.test/api/auth-service"
KEY = Ed25519PrivateKey.generate()
USER, SESSION = uuid4(), uuid4()


def claims(**changes: object) -> dict[str, object]:
    return {**TokenRules().claims(ISSUER, USER, SESSION, time.time(), 60), **changes}


def verifier() -> Tokens:
    return Tokens(KEY.public_key(), ISSUER, Clock())


def test_signed_token_speaks_for_its_subject() -> None:
    """A token of auth verifies, also a second time, for its person and session."""
    tokens = verifier()
    token = Signer(KEY).sign(claims())
    assert tokens.verify(token) == tokens.verify(token)
    assert tokens.verify(token).user_id == USER


@pytest.mark.parametrize("changes", [{"iss": "https://elsewhere.test"}, {"aud": "other"}, {"sub": "nobody"}])
def test_token_from_elsewhere_is_refused(changes: dict[str, object]) -> None:
    """A token with another issuer, audience or no person as subject is unauthenticated."""
    with pytest.raises(Problem) as refused:
        verifier().verify(Signer(KEY).sign(claims(**changes)))
    assert refused.value.slug == "unauthenticated"


def test_unsigned_foreign_and_confused_tokens_are_refused() -> None:
    """`alg: none`, another key under the same id, and HMAC with the public key are unauthenticated."""
    headers = {"kid": key_id(KEY.public_key())}
    public = jwk(KEY.public_key())["x"].encode()
    forged = [
        jwt.encode(claims(), None, algorithm="none", headers=headers),  # type: ignore[arg-type]  # forged on purpose
        jwt.encode(claims(), Ed25519PrivateKey.generate(), algorithm="EdDSA", headers=headers),
        jwt.encode(claims(), public, algorithm="HS256", headers=headers),
        jwt.encode(claims(), KEY, algorithm="EdDSA"),
        "rubbish",
    ]
    for token in forged:
        with pytest.raises(Problem) as refused:
            verifier().verify(token)
        assert refused.value.slug == "unauthenticated"


def test_token_that_expires_while_remembered_is_refused() -> None:
    """A token that verified before its end is refused after it."""

    class Later(Clock):
        ahead = 0.0

        def time(self) -> float:
            return super().time() + self.ahead

    clock = Later()
    tokens = Tokens(KEY.public_key(), ISSUER, clock)
    token = Signer(KEY).sign(claims())
    tokens.verify(token)
    clock.ahead = 61
    with pytest.raises(Problem) as refused:
        tokens.verify(token)
    assert refused.value.slug == "token-expired"


def test_key_pair_is_written_for_its_owner_only(tmp_path: Path) -> None:
    """A written private key belongs to its public one and is readable by its owner alone."""
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    write_key_pair(private, public)
    assert private.stat().st_mode & 0o077 == 0
    assert key_id(private_key(private).public_key()) == key_id(public_key(public))


@given(st.text(alphabet=st.characters(codec="ascii")))
def test_authorization_is_a_bearer_token_or_refused(header: str) -> None:
    """An Authorization header holds a bearer token or is unauthenticated."""
    try:
        token = bearer(header)
    except Problem as problem:
        assert problem.slug == "unauthenticated"  # noqa: PT017  both outcomes are lawful
    else:
        assert token


@given(st.lists(st.integers(0, 10**6), unique=True), st.integers(1, 100))
def test_pages_have_no_gap_and_no_repeat(numbers: list[int], limit: int) -> None:
    """Following the cursors brings each item once, in order."""
    numbers.sort()
    seen: list[int] = []
    after = -1
    for _ in range(len(numbers) + 1):
        rows = [number for number in numbers if number > after][: limit + 1]
        shown = page(rows, PageRequest(limit, None), item=lambda row: row, key=lambda row: row)
        seen += shown["items"]
        if shown["next_cursor"] is None:
            break
        after = int(page_request({"cursor": shown["next_cursor"]}).after or "")
    assert seen == numbers


@given(st.text())
def test_cursor_is_ours_or_bad(cursor: str) -> None:
    """A cursor that was not given out is bad-cursor."""
    try:
        after = page_request({"cursor": cursor}).after
    except Problem as problem:
        assert problem.slug == "bad-cursor"  # noqa: PT017  both outcomes are lawful
    else:
        assert cursor_of(after or "") == cursor


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x", "", "1.5", "9" * 50])
def test_limit_outside_its_bounds_is_refused(limit: str) -> None:
    """A limit is a whole number from 1 to 100."""
    with pytest.raises(Problem) as refused:
        page_request({"limit": limit})
    assert refused.value.slug == "validation-failed"


@given(st.binary())
def test_trace_id_is_always_lawful(header: bytes) -> None:
    """Whatever traceparent is sent, the trace id is 32 hex digits and not all zero."""
    found = trace_id(header)
    assert len(found) == 32
    assert int(found, 16) > 0


def test_trace_id_of_a_good_traceparent_is_kept() -> None:
    """A W3C traceparent's trace id is taken over."""
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    assert trace_id(f"00-{trace}-00f067aa0ba902b7-01".encode()) == trace
    assert trace_id(b"00-" + b"0" * 32 + b"-00f067aa0ba902b7-01") != "0" * 32


@pytest.mark.parametrize("slug", STATUS)
def test_problem_document_has_all_members(slug: str) -> None:
    """A problem has RFC 9457's members and the trace id, and a 401 challenges."""
    problem = Problem(slug)
    document = problem.document("/v1/x", "t" * 32)
    assert {"type", "title", "status", "detail", "instance", "trace_id"} <= document.keys()
    assert ("WWW-Authenticate" in problem.headers) == (problem.status == 401)


def test_validation_failure_names_the_field() -> None:
    """A validation failure lists the field and what is wrong with it."""
    assert invalid("email", "is missing").document("/", "")["errors"] == [{"field": "email", "message": "is missing"}]


def test_ids_are_uuid7_in_order_of_time() -> None:
    """New ids are UUIDs of version 7 and variant RFC 9562, ordered by millisecond."""
    first = new_id()
    time.sleep(0.002)
    second = new_id()
    assert (first.version, second.version) == (7, 7)
    assert first < second


def test_password_is_argon2id_and_unknown_people_cost_the_same() -> None:
    """Passwords are kept as argon2id, and verifying for nobody is false after the same work."""

    async def check() -> None:
        passwords = Passwords()
        encoded = await passwords.hash("correct horse battery")
        assert encoded.startswith("$argon2id$")
        assert await passwords.matches(encoded, "correct horse battery")
        assert not await passwords.matches(encoded, "wrong")
        assert not await passwords.matches(None, "correct horse battery")

    asyncio.run(check())
