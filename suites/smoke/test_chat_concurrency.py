"""CHT-05: many talk at once, and everybody hears everything once and in order."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import pytest

from fixtures.checks import eventually, must
from fixtures.checks.histories import History, Read, Result, Send, anomalies
from fixtures.checks.match import contains, empty, has
from fixtures.clients.transport import Unanswered, Unexpected
from fixtures.contract import chat, websocket_signaling
from fixtures.contract.promises import PROMISES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fixtures.clients.person import Person
    from fixtures.clients.plugin import People
    from fixtures.contract.chat import Conversation, Message

MESSAGES = 504
"""All in all: a fault that strikes one message in five hundred has to show itself."""
FAREWELL = "the end"
SERVER_ERROR = 500


@pytest.mark.waits
@pytest.mark.guide("CHT-05", service="chat")
def test_concurrent_talk_is_heard_whole(people: People) -> None:
    """Of what many say at once to one another, no device and no history lacks, repeats or reorders a message."""
    members = people("alice", "bob", "carol", "dave")
    maker, *others = members
    for other in others:
        maker.befriends(other)
    conversation = maker.opens_conversation_with(*others)
    phones = [member.connects() for member in members]

    with ThreadPoolExecutor(max_workers=len(members)) as threads:
        talks = [threads.submit(_talks, member, conversation, MESSAGES // len(members)) for member in members]
        sends = tuple(send for talk in talks for send in talk.result())
    must(
        [send for send in sends if send.result is not Result.ACKNOWLEDGED],
        empty(),
        subject="the messages that were not acknowledged",
        service=chat.SERVICE,
    )

    farewell = maker.chat.says(conversation, FAREWELL)
    history = maker.chat.reads(conversation, page=PROMISES.limits.page_max)
    _is_whole(sends, [Read("the history", _before_the_farewell(history))], chat.SERVICE)
    reads = []
    for phone in phones:
        heard = eventually(
            partial(phone.hears, "message.created"),
            contains(has(message_id=farewell.message_id)),
            within=PROMISES.deadlines.message_delivery,
            subject=f"the farewell at {phone.name}",
            service=phone.service,
        )
        reads.append(Read(phone.name, _before_the_farewell(heard)))
    # What is stored is whole by now, so what a device lacks was lost on its way there.
    _is_whole(sends, reads, websocket_signaling.SERVICE)


def _is_whole(sends: tuple[Send, ...], reads: list[Read], service: str) -> None:
    must(
        anomalies(History(sends, tuple(reads))),
        empty(),
        subject=f"what is wrong with {len(sends)} messages as read by {', '.join(read.reader for read in reads)}",
        service=service,
    )


def _before_the_farewell(messages: Sequence[Message]) -> tuple[str, ...]:
    """All others stand before it in the one order of the conversation; of the farewell itself nothing is asked."""
    return tuple(message.text for message in messages if message.text != FAREWELL)


def _talks(person: Person, conversation: Conversation, count: int) -> list[Send]:
    sends = []
    for number in range(count):
        text = f"{person} says {number}"
        invoked = time.monotonic()
        try:
            person.chat.says(conversation, text)
            result = Result.ACKNOWLEDGED
        except Unanswered:
            result = Result.UNKNOWN
        except Unexpected as refusal:
            # A server error leaves it open whether the message was stored.
            result = Result.UNKNOWN if refusal.status >= SERVER_ERROR else Result.FAILED
        completed = None if result is Result.UNKNOWN else time.monotonic()
        sends.append(Send(str(person), number, text, result, invoked, completed))
    return sends
