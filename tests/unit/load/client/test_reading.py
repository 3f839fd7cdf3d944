"""The short way to read an answer says what the contract says."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fixtures.contract import auth, chat, shared
from fixtures.contract.errors import UnexpectedAnswer
from fixtures.contract.operation import Answer, Endpoint, Operation
from loadtests.client.answers import Answers, headers_of
from loadtests.client.reading import read
from tests.unit.load.client.peer import MESSAGE

CALLS: list[Operation[Any]] = [
    chat.send("c", "hello", idempotency_key="k"),
    chat.conversations(),
    chat.delete_attachment("a"),
    shared.metrics("chat"),
    Operation(Endpoint("x", "bytes", "GET", "/", {200: bytes, 201: None}), "/"),
    Operation(Endpoint("x", "whole", "GET", "/", {200: Answer}), "/"),
    auth.account(),
]
BODIES = st.sampled_from(
    [MESSAGE.encode(), MESSAGE.replace('"seq":7', '"seq":0').encode(), b'{"items":[],"next_cursor":null}', b"{}"]
) | st.binary(max_size=10)
TYPES = st.sampled_from([b"application/json", b"application/json; charset=utf-8", b"text/plain", b""])


def outcome(reading: Any) -> Any:  # noqa: ANN401 - of either way
    try:
        return reading()
    except UnexpectedAnswer as wrong:
        return str(wrong)


@given(st.sampled_from(CALLS), st.sampled_from([200, 201, 204, 404, 503]), TYPES, BODIES)
def test_both_ways_agree(operation: Operation[Any], status: int, kind: bytes, body: bytes) -> None:
    """For any status, content type and body, value or complaint are those of the operation itself."""
    answers = Answers(10_000)
    answers.status, answers.body = status, body
    answers.fields = {b"Content-Type": kind, b"X-Trace-Id": b"t"} if kind else {}
    by_contract = Answer(status, headers_of(answers.fields), body, 0.25)
    assert outcome(lambda: read(operation, answers, 0.25)) == outcome(lambda: operation.read(by_contract))
