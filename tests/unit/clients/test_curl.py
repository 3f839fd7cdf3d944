"""A request as a command: it can be pasted, and it holds no secret."""

import json
import shlex
import subprocess

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
        json.dumps(dict.fromkeys(["password", "code", "refresh_token", "proof", "phone"], SECRET)).encode(),
        ca_file=None,
    )
    assert SECRET not in command
    assert command.startswith("curl -sS -i --tlsv1.3 -X POST -H ")
    for name in ("TOKEN", "SYNTHETIC_KEY", "COOKIE", "PASSWORD", "CODE", "REFRESH_TOKEN", "PROOF", "PHONE"):
        assert f"${name}" in command


def test_presigned_addresses_lose_their_signature() -> None:
    """Of the query of an address only the platform's own paging parameters are shown, and of others their names."""
    command = curl(
        "GET", f"https://s3/x?X-Amz-Signature={SECRET}&a%26=&limit=5&address={SECRET}", {}, None, ca_file=None
    )
    assert command == "curl -sS -i --tlsv1.3 'https://s3/x?X-Amz-Signature=…&a%26=…&limit=5&address=…'"


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


@given(st.text(st.sampled_from("ab $`\\\"'{}()!~\n*;&|<>#")), st.sampled_from(["$TOKEN", "$(TOKEN)", "$PASSWORD"]))
def test_a_shell_fills_in_the_secrets_and_runs_nothing_else(text: str, more: str) -> None:
    """Whatever the platform gave out to be sent along, pasting the command asks just what was asked."""
    command = curl("PUT", "https://h/", {"X-Meta": f"{text}{more}", "Authorization": "x"}, None, ca_file=None)
    done = subprocess.run(
        ["/bin/sh", "-c", f"curl() {{ printf '%s\\0' \"$@\"; }}; {command}"],
        env={"TOKEN": "t0", "PASSWORD": "p0"}, capture_output=True, check=True, text=True, timeout=20,
    )  # fmt: skip
    filled = text + {"$TOKEN": "t0", "$PASSWORD": "p0"}.get(more, more)
    assert done.stdout.split("\0")[-5:-2:2] == [f"X-Meta: {filled}", "Authorization: Bearer t0"]
