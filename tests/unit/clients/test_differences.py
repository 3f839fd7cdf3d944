"""What tells two answers apart."""

import json

from fixtures.clients.differences import told_apart_by
from fixtures.contract.answer import Answer, Headers


def _answer(
    status: int = 401, body: bytes | None = None, headers: dict[str, str] | None = None, **members: str
) -> Answer:
    content = json.dumps({"title": "t", "trace_id": "a", **members}).encode() if body is None else body
    return Answer(status, Headers({"Content-Type": "application/problem+json", **(headers or {})}), content, 0.1)


def _names(one: Answer, other: Answer) -> tuple[str, ...]:
    return told_apart_by([one, one], [other, other])


def test_what_differs_at_any_request_tells_nothing() -> None:
    """Trace, date and instance differ between any two requests, and so do replicas and connections."""
    one = _answer(headers={"X-Trace-Id": "a", "Date": "x", "X-Served-By": "a", "Connection": "close"}, instance="/1")
    met = {"X-Trace-Id": "b", "Date": "y", "Keep-Alive": "timeout=5", "Content-Length": "9"}
    other = _answer(headers=met, instance="/2", trace_id="b")
    assert _names(one, other) == ()


def test_what_is_never_the_same_tells_nothing() -> None:
    """An edge that gives each answer an id, a cookie or what is left of its limit tells no kind from another."""
    four = [_answer(headers={"X-Amz-Cf-Id": str(number), "Set-Cookie": f"AWSALB={number}"}) for number in range(4)]
    assert told_apart_by(four[::2], four[1::2]) == ()
    seldom = [_answer(headers={"X-Cache": value}) for value in ("miss", "miss", "miss", "hit")]
    assert told_apart_by(seldom[:2], seldom[2:]) == ()


def test_what_one_kind_alone_has_tells() -> None:
    """How many guesses are left differs from answer to answer, and only of an account that there is."""
    left = [_answer(headers={"X-Left": str(number)}) for number in (4, 3)]
    assert told_apart_by(left, [_answer(), _answer()]) == ("header x-left",)
    assert told_apart_by(left, [_answer(headers={"X-Left": "5"})] * 2) == ("header x-left",)


def test_any_other_difference_is_named() -> None:
    """Status, headers, also missing ones, and members of the body are told by name."""
    assert _names(_answer(401), _answer(404)) == ("status",)
    assert _names(_answer(), _answer(headers={"X-Hint": "1"})) == ("header x-hint",)
    assert _names(_answer(detail="unknown user"), _answer(detail="wrong password")) == ("member detail",)
    assert _names(_answer(), _answer(hint="x")) == ("member hint",)
    assert _names(_answer(body=b"a"), _answer(body=b"b")) == ("member (body)",)
    assert _names(_answer(body=b"[1]"), _answer(body=b"[2]")) == ("member (body)",)
