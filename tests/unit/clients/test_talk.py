"""What many said at once, as it is told to who judges it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler

import pytest

from fixtures.checks.histories import Result
from fixtures.clients.person import Person
from fixtures.clients.talk import MESSAGES, talk_at_once
from fixtures.contract.chat import Conversation
from tests.unit.clients.make import AN_ID, person
from tests.unit.clients.peer import Answers, heard, says, web_server
from tests.unit.clients.platform import problem

CONVERSATION = Conversation(AN_ID, "group", (AN_ID,), datetime.now(UTC))


@contextmanager
def _talkers(answers: Answers, *nouns: str) -> Iterator[tuple[Person, ...]]:
    with web_server(answers) as base:
        yield tuple(person(base, noun) for noun in nouns)


def _keeps(handler: BaseHTTPRequestHandler, text: str) -> None:
    message = {"message_id": AN_ID, "conversation_id": AN_ID, "sender_id": AN_ID, "seq": 1, "text": text}
    message |= {"attachment_ids": [], "sent_at": "2026-01-01T00:00:00Z"}
    says(handler, 201, json.dumps(message).encode())


def test_so_much_is_said_that_one_lost_message_in_five_hundred_shows() -> None:
    """By all together, each in an order of their own, and no message like another."""
    said: list[str] = []

    def answers(handler: BaseHTTPRequestHandler) -> None:
        text = json.loads(heard(handler))["text"]
        said.append(text)
        _keeps(handler, text)

    with _talkers(answers, "alice", "bob", "carol", "dave", "erin") as people:
        sends = talk_at_once(people, CONVERSATION)
    assert len(sends) == len(said) >= MESSAGES > 500
    assert {send.message for send in sends} == set(said)
    assert len(set(said)) == len(said)
    for one in people:
        own = [send for send in sends if send.sender == str(one)]
        assert [send.sequence for send in own] == list(range(len(own)))
        assert [text for text in said if text.startswith(f"{one} ")] == [send.message for send in own]
    assert {send.result for send in sends} == {Result.ACKNOWLEDGED}


@pytest.mark.parametrize(
    ("status", "result"), [(403, Result.FAILED), (500, Result.UNKNOWN), (503, Result.UNKNOWN), (None, Result.UNKNOWN)]
)
def test_what_may_have_been_kept_is_not_taken_for_refused(
    monkeypatch: pytest.MonkeyPatch, status: int | None, result: Result
) -> None:
    """A server error, or no answer, leaves it open whether the message is there; a refusal does not."""
    monkeypatch.setattr("fixtures.clients.talk.MESSAGES", 2)

    def answers(handler: BaseHTTPRequestHandler) -> None:
        if status is None:
            handler.close_connection = True
        else:
            says(handler, status, json.dumps(problem(status, "any")[1]).encode())

    with _talkers(answers, "alice") as people:
        sends = talk_at_once(people, CONVERSATION)
    assert [send.result for send in sends] == [result] * 2
    assert {send.completed is None for send in sends} == {result is Result.UNKNOWN}
