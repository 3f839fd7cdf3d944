"""The short way to read an answer says what the contract says."""

import time
from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.contract import auth, chat, shared
from fixtures.contract.answer import Answer, Headers
from fixtures.contract.errors import UnexpectedAnswer
from fixtures.contract.operation import Endpoint, Operation
from fixtures.http1.answers import Answers
from loadtests.client.reading import read
from tests.unit.http1.peer import MESSAGE, OK, server
from tests.unit.load.client.visitor import Visitor, cause_of, does
from tests.unit.load.turns import ENOUGH

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

NAMES = st.lists(st.sampled_from([b"Content-Type", b"content-type", b"CONTENT-TYPE"]), max_size=1)


def outcome(reading: Any) -> Any:  # noqa: ANN401 - of either way
    try:
        return reading()
    except UnexpectedAnswer as wrong:
        return str(wrong)


@given(st.sampled_from(CALLS), st.sampled_from([200, 201, 204, 404, 503]), TYPES, BODIES, NAMES)
def test_both_ways_agree(operation: Operation[Any], status: int, kind: bytes, body: bytes, names: list[bytes]) -> None:
    """For any status, content type and body, value or complaint are those of the operation itself."""
    kinds = b"".join(b"%b: %b\r\n" % (name, kind) for name in names if kind)
    answers = Answers(10_000, head_only=status == HTTPStatus.NO_CONTENT)
    answers.feed(b"HTTP/1.1 %d X\r\nX-Trace-Id: t\r\n%bContent-Length: %d\r\n\r\n%b" % (status, kinds, len(body), body))
    stated = [("X-Trace-Id", "t"), ("Content-Length", str(len(body)))]
    body = b"" if status == HTTPStatus.NO_CONTENT else body
    headers = Headers([*stated, *((name.decode(), kind.decode()) for name in names if kind)])
    by_contract = Answer(status, headers, body, 0.25)
    assert outcome(lambda: read(operation, answers, 0.25)) == outcome(lambda: operation.read(by_contract))


@pytest.mark.parametrize("answer", [OK, b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"])
def test_what_reading_takes_is_no_time_of_the_platforms(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch, answer: bytes
) -> None:
    """A good answer, and a bad one, took until its last byte came: what this process does with it is its own time."""
    ahead = [0.0]

    def reads(*asked: Any) -> Any:  # noqa: ANN401 - as it is
        ahead[0] = 3600.0
        return read(*asked)

    monkeypatch.setattr("loadtests.client.exchanges.read", reads)
    monkeypatch.setattr("loadtests.client.client.perf_counter", lambda: time.perf_counter() + ahead[0])
    with server(does(answer)) as known:
        cause_of(visitor.client(known.url))
    assert ahead == [3600.0]
    assert 0 < visitor.fired[0]["response_time"] < 1000 * ENOUGH
