"""Conversations and messages, as a person opens and sends them."""

import json
from http.server import BaseHTTPRequestHandler

import pytest

from fixtures.checks import CheckFailure
from fixtures.checks.time_scale import forget_time_scale, set_time_scale
from tests.unit.clients.make import AN_ID, person
from tests.unit.clients.peer import heard, says, web_server
from tests.unit.clients.platform import problem

MOMENT = "2026-01-01T00:00:00Z"
CONVERSATION = {"conversation_id": AN_ID, "kind": "group", "member_ids": [AN_ID], "created_at": MOMENT}
MESSAGE = {"message_id": AN_ID, "conversation_id": AN_ID, "sender_id": AN_ID, "seq": 1, "text": "x", "sent_at": MOMENT}


@pytest.mark.parametrize(("others", "kind"), [(1, "direct"), (2, "group")])
def test_with_one_friend_it_is_a_direct_conversation_and_with_more_a_group(others: int, kind: str) -> None:
    """And a friendship that chat has yet to hear of is given its time."""
    asked = []

    def answers(handler: BaseHTTPRequestHandler) -> None:
        asked.append(json.loads(heard(handler)))
        new = len(asked) < 3
        says(handler, *((403, json.dumps(problem(403, "not-friends")[1]).encode()) if new else (201, told)))

    told = json.dumps(CONVERSATION).encode()
    with web_server(answers) as base:
        alice = person(base)
        made = alice.chat.opens_with(*[alice] * others)
    assert asked == [{"kind": kind, "member_ids": [AN_ID] * others}] * 3
    assert made.conversation_id == AN_ID


def test_a_friendship_of_which_chat_never_hears_fails_chat() -> None:
    """Once its time is over, and by what was last answered."""
    set_time_scale(0.02)
    try:
        with web_server(lambda handler: says(handler, 403, b"{}")) as base, pytest.raises(CheckFailure) as failure:
            person(base).chat.opens_with(person(base, "bob"))
    finally:
        forget_time_scale()
    assert failure.value.service == "chat"
    assert "status 403" in failure.value.got


def test_each_message_has_a_key_of_its_own_and_one_sent_again_the_same() -> None:
    """Or the second would be taken for the first, or a retry for a message."""
    keys = []

    def answers(handler: BaseHTTPRequestHandler) -> None:
        keys.append(handler.headers["Idempotency-Key"])
        if handler.path.endswith("/messages"):
            says(handler, 201, json.dumps({**MESSAGE, "attachment_ids": []}).encode())
        else:
            says(handler, 201, json.dumps(CONVERSATION).encode())

    with web_server(answers) as base:
        alice = person(base)
        conversation = alice.chat.opens_with(alice)
        for _ in range(2):
            alice.chat.says(conversation, "x")
        alice.chat.says(conversation, "x", key="k")
        alice.chat.says_again(conversation, "x", key="k")
    assert len({*keys[1:3], "k"}) == 3
    assert keys[3:] == ["k", "k"]
