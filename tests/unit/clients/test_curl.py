"""A request as a command: it can be pasted, and it holds no secret."""

import shlex

from hypothesis import given
from hypothesis import strategies as st

from fixtures.clients.curl import curl

SECRET = "s3cr3t-valu3"  # noqa: S105  # the example of a secret


def test_credentials_become_variables() -> None:
    """Tokens, keys, passwords and codes are shell variables to fill in."""
    command = curl(
        "POST",
        "https://h/v1/x",
        {"Authorization": f"Bearer {SECRET}", "X-Synthetic-Key": SECRET, "Cookie": SECRET},
        b'{"password": "s3cr3t-valu3", "code": "s3cr3t-valu3", "refresh_token": "s3cr3t-valu3", "email": "a@b.c"}',
        ca_file=None,
    )
    assert SECRET not in command
    for name in ("$TOKEN", "$SYNTHETIC_KEY", "$COOKIE", "$PASSWORD", "$CODE", "$REFRESH_TOKEN"):
        assert name in command


def test_presigned_addresses_lose_their_signature() -> None:
    """Of the query of an address only the platform's own paging parameters are shown."""
    command = curl(
        "GET", f"https://s3/x?X-Amz-Signature={SECRET}&X-Amz-Credential={SECRET}&limit=5", {}, None, ca_file=None
    )
    assert SECRET not in command
    assert "limit=5" in command


def test_bytes_are_not_printed() -> None:
    """A body that is no JSON, or a long one, is named by its length."""
    assert "@file-of-3-bytes" in curl("PUT", "https://h/", {}, b"\xff\xfe\x00", ca_file=None)
    assert "@file-of-" in curl("PUT", "https://h/", {}, b'"' + b"x" * 2000 + b'"', ca_file=None)


@given(
    text=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40),
    name=st.sampled_from(["text", "bio"]),
)
def test_the_command_is_one_line_of_words_for_a_shell(text: str, name: str) -> None:
    """Whatever people write, the command splits into the same words again."""
    import msgspec  # noqa: PLC0415  # beside its one use

    body = msgspec.json.encode({name: text})
    words = shlex.split(curl("POST", "https://h/v1", {"X-A": "b c'd"}, body, ca_file="/a b/ca.pem"))
    assert words[0] == "curl"
    assert "/a b/ca.pem" in words
    assert "X-A: b c'd" in words
    assert words[-1] == "https://h/v1"
    if "$" not in text:
        assert body.decode() in words
