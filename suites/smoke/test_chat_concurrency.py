"""CHT-05: many talk at once, and everybody hears everything once and in order."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from fixtures.checks import eventually, must
from fixtures.checks.histories import History, Read, Result, Send, anomalies
from fixtures.checks.match import contains, empty, has
from fixtures.clients.talk import talk_at_once
from fixtures.contract import chat, websocket_signaling
from fixtures.contract.promises import PROMISES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fixtures.clients.plugin import People
    from fixtures.contract.chat import Message

FAREWELL = "the end"


@pytest.mark.waits(3)
@pytest.mark.guide("CHT-05", service="chat")
def test_concurrent_talk_is_heard_whole(people: People) -> None:
    """Of what many say at once to one another, no device and no history lacks, repeats or reorders a message."""
    members = people("alice", "bob", "carol", "dave")
    maker, *others = members
    for other in others:
        maker.befriends(other)
    conversation = maker.opens_conversation_with(*others)
    phones = [member.connects() for member in members]

    sends = talk_at_once(members, conversation)
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
