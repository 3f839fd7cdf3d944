"""The helper that holds real answers to the documents can turn red."""

import json

import pytest

from tests.conformance import validate_answer

HEADERS = {"x-served-by": 'auth;slot=green;build="b";instance="i"', "x-trace-id": "0" * 32}
ACTIVE = {"user_id": "0196f0a2-6d5e-7c31-9d0e-2b1f4a6c8e10", "status": "active"}
NOT_FOUND = {
    "type": "urn:social-platform:problem:not-found",
    "title": "Not found",
    "status": 404,
    "detail": "",
    "instance": "/x",
    "trace_id": "0" * 32,
}


def judge(status: int, body: object, media_type: str = "application/json", **headers: str) -> None:
    fields = {**HEADERS, "Content-Type": media_type, **{name.replace("_", "-"): text for name, text in headers.items()}}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    validate_answer("auth", "activateAccount", status, fields, content)


def test_good_answers() -> None:
    """An answer as documented passes, a problem as documented too, and one without a body."""
    judge(200, ACTIVE)
    judge(404, NOT_FOUND, "application/problem+json")
    validate_answer("auth", "logOut", 204, HEADERS, b"")
    validate_answer("auth", "getMetrics", 200, {**HEADERS, "Content-Type": "text/plain; version=0.0.4"}, b"up 1")


def test_bad_answers() -> None:
    """Each way to differ from the document is found and said."""
    problem = "application/problem+json"
    for arguments, said in (
        ((201, ACTIVE), "status 201 is not documented"),
        ((200, {"user_id": "x", "status": "active"}), "user_id"),
        ((200, {"status": "active"}), "'user_id' is a required property"),
        ((200, ACTIVE, "text/html"), "content type text/html"),
        ((200, b"{"), "not JSON"),
        ((404, {**NOT_FOUND, "type": "urn:social-platform:problem:blocked"}, problem), "problem blocked"),
        ((404, {**NOT_FOUND, "status": 403}, problem), "the body says status 403"),
    ):
        with pytest.raises(AssertionError, match=said):
            judge(*arguments)
    with pytest.raises(AssertionError, match="header X-Trace-Id"):
        judge(200, ACTIVE, x_trace_id="short")
    with pytest.raises(AssertionError, match="header X-Served-By is missing"):
        validate_answer("auth", "logOut", 204, {"x-trace-id": "0" * 32}, b"")
    with pytest.raises(AssertionError, match="a body of 1 bytes"):
        validate_answer("auth", "logOut", 204, HEADERS, b"x")
