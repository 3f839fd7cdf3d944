"""What tells two answers apart."""

import json

from fixtures.clients.differences import told_apart_by
from fixtures.contract.answer import Answer, Headers


def _answer(
    status: int = 401, body: bytes | None = None, headers: dict[str, str] | None = None, **members: str
) -> Answer:
    content = json.dumps({"title": "t", "trace_id": "a", **members}).encode() if body is None else body
    return Answer(status, Headers({"Content-Type": "application/problem+json", **(headers or {})}), content, 0.1)


def test_what_differs_at_any_request_tells_nothing() -> None:
    """Trace, date and instance differ between any two requests."""
    one = _answer(headers={"X-Trace-Id": "a", "Date": "x"}, instance="/1")
    other = _answer(headers={"X-Trace-Id": "b", "Date": "y"}, instance="/2", trace_id="b")
    assert told_apart_by(one, other) == ()


def test_any_other_difference_is_named() -> None:
    """Status, headers, also missing ones, and members of the body are told by name."""
    assert told_apart_by(_answer(401), _answer(404)) == ("status",)
    assert told_apart_by(_answer(), _answer(headers={"X-Hint": "1"})) == ("header x-hint",)
    assert told_apart_by(_answer(detail="unknown user"), _answer(detail="wrong password")) == ("member detail",)
    assert told_apart_by(_answer(), _answer(hint="x")) == ("member hint",)
    assert told_apart_by(_answer(body=b"a"), _answer(body=b"b")) == ("member (body)",)
    assert told_apart_by(_answer(body=b"[1]"), _answer(body=b"[2]")) == ("member (body)",)
