import base64
import html
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fixtures.checks.difference import show
from fixtures.runs.redaction import MASK, SHORTEST, Redactor

SECRETS = st.text(min_size=8, max_size=40).filter(lambda text: text.strip() == text and text.strip(MASK[0]) != "")
FORMS: list[Callable[[str], str]] = [
    str,
    # Without the quotes around them, and with those that are the secret's own.
    lambda text: repr(text)[1:-1],
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    quote,
    lambda text: quote(text, safe=""),
    quote_plus,
    html.escape,
]
JWT = "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ1MSJ9.c2lnbmF0dXJlLXNpZ25hdHVyZQ"


def redactor(*secrets: str) -> Redactor:
    made = Redactor()
    for secret in secrets:
        made.register(secret)
    return made


@given(SECRETS, st.sampled_from(FORMS), st.text(max_size=20), st.text(max_size=20))
def test_no_form_of_a_secret_is_left(secret: str, form: Callable[[str], str], before: str, after: str) -> None:
    """A registered secret is in no text, in none of the forms that texts carry."""
    written = form(secret)
    assume(written not in MASK)
    told = redactor(secret).redact(f"{before} {written} {after}")
    assert written not in told
    assert secret not in told


def test_a_secret_that_every_form_writes_differently_is_hidden_as_a_whole() -> None:
    """Whatever a text does to slashes, blanks, quotes, brackets and letters beyond ASCII, no part of it is left."""
    secret = "p/a s<&\"'\té"  # noqa: S105  # the example
    lower = re.sub("%[0-9A-F]{2}", lambda found: found[0].lower(), quote(secret))
    for written in (*(form(secret) for form in FORMS), lower, html.escape(secret, quote=False)):
        assert redactor(secret).redact(written) == MASK


@given(
    st.text(min_size=12, max_size=40, alphabet=st.characters(codec="ascii")),
    st.binary(max_size=5),
    st.binary(max_size=5),
)
def test_base64_at_every_alignment_is_hidden(secret: str, before: bytes, after: bytes) -> None:
    """Whatever stands before a secret in bytes that are written as base64, its digits are hidden."""
    assume(secret.strip(MASK[0]))
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        told = redactor(secret).redact(encode(before + secret.encode() + after).decode())
        assert MASK in told
        assert len(told.replace(MASK, "")) <= 16 + len(before) * 2 + len(after) * 2


@given(st.text(min_size=200, max_size=400, alphabet="abcdefghijklmnop0123456789"))
def test_a_secret_cut_short_is_hidden(secret: str) -> None:
    """What a shortened text leaves of a secret before and behind the ellipsis is hidden too."""
    cut = show(secret).strip("'")
    assert "..." in cut
    assert redactor(secret).redact(f"got '{cut}'") == f"got '{MASK}...{MASK}'"


@given(SECRETS, st.text(max_size=80))
def test_redacting_twice_changes_nothing_more(secret: str, text: str) -> None:
    """A redacted text can pass a second sink unharmed."""
    made = redactor(secret)
    once = made.redact(text + secret)
    assert made.redact(once) == once


@given(st.text(max_size=200, alphabet="abc xyz0189,.:{}[]'\"\n"))
def test_innocent_text_is_left_alone(text: str) -> None:
    """Text without secrets and without credentials passes unchanged."""
    assert redactor("something-else-entirely").redact(text) == text


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (f"token {JWT} end", JWT),
        (f"cut {JWT[:40]}...{JWT[-20:]}", JWT[-20:]),
        (f"cut {JWT[:40]}…{JWT[-20:]}", JWT[-20:]),
        ("Authorization: Bearer abc", "abc"),
        ("Proxy-Authorization: Digest abc", "abc"),
        ("'authorization': 'Basic dTpw'", "dTpw"),
        ('{"Authorization": "s3cret"}', "s3cret"),
        ("offers bearer.abcdefghijklmnopqrstuvwxyz", "abcdefghij"),
        ("X-Synthetic-Key: k3y", "k3y"),
        ("https://s3/x?X-Amz-Signature=abc123&x=1", "abc123"),
        ("https://s3/x?x=1&X-Amz-Credential=abc123", "abc123"),
        ("https://s3/x?X-Amz-Security-Token=abc123&x=1", "abc123"),
        ("no route to postgresql+asyncpg://chat:pa:s@word@db:5432/chat", "pa:s@word"),
        ("redis://:s3cret@cache", "s3cret"),
    ],
)
def test_what_is_shaped_like_a_credential_is_hidden(text: str, hidden: str) -> None:
    """Tokens and credentials in headers and addresses are hidden without being registered."""
    told = Redactor().redact(text)
    assert hidden not in told
    assert MASK in told


@pytest.mark.parametrize(
    "text", ["Authorization: Bearer $TOKEN", "close 4401 token-missing", "a bearer of news", "https://host:8080/@a"]
)
def test_what_only_speaks_of_credentials_is_left(text: str) -> None:
    """A shell variable in place of a secret stays, so that a command can be repeated."""
    assert Redactor().redact(text) == text


def test_a_secret_too_short_to_hide_is_left_alone() -> None:
    """A secret of a letter or two would hide half of every text; a key of many lines is hidden line by line."""
    assert redactor("a" * (SHORTEST - 1)).redact("banana aaa") == "banana aaa"
    pem = "-----BEGIN KEY-----\nMC4CAQAwBQYDK2VwBCIE\n-----END KEY-----"
    assert "MC4CAQAw" not in redactor(pem).redact("E   MC4CAQAwBQYDK2VwBCIE")


@given(SECRETS, SECRETS)
def test_a_passing_secret_is_hidden_until_it_is_forgotten(passing: str, lasting: str) -> None:
    """The token of a check is hidden in what is told of that check, and a secret of the environment for good."""
    assume(passing not in lasting and lasting not in passing)
    made = redactor(lasting)
    made.register(passing, passing=True)
    assert passing not in made.redact(f"{passing} {lasting}").replace(MASK, "")
    made.forget_passing()
    assert made.redact(passing) == redactor(lasting).redact(passing)
    assert lasting not in made.redact(lasting).replace(MASK, "")


def test_threads_may_register_while_others_redact() -> None:
    """People of one check join side by side, and each brings tokens."""
    made = Redactor()

    def hides(secret: str) -> str:
        made.register(secret, passing=True)
        return made.redact(secret)

    with ThreadPoolExecutor(max_workers=8) as threads:
        assert set(threads.map(hides, [f"secret-number-{number}" for number in range(200)])) == {MASK}
