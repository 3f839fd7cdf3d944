"""CHT: messages between two people, and what is nobody else's business."""

from __future__ import annotations

import uuid
from itertools import cycle
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import pytest

from fixtures.checks import eventually, must
from fixtures.checks.match import at_most, contains, contains_none, equals, exactly_once, has, length, one_of
from fixtures.contract import chat, frames, objects, websocket_signaling
from fixtures.contract.promises import PROMISES
from fixtures.environments import Capability

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fixtures.clients.devices import Phone
    from fixtures.clients.person import Person
    from fixtures.contract.chat import Conversation, Message

MARKUP = "<b>3 < 4 & \"so\" 'on'</b> \\ %s {0}\n-- and a second line"
LINES = ("Hello!", "Are you there?", "— über alles: ¿qué tal? 🙂", MARKUP, "One", "two", "three", "See you.")
FAREWELL = "That was all."


@pytest.mark.guide("CHT-01", service="chat")
def test_messages_reach_every_device_once_and_in_order(alice: Person, bob: Person) -> None:
    """What one says arrives at every device of both, each message once, unchanged and in the order it was said."""
    conversation = _conversation(alice, bob)
    phones = bob.connects("phone"), bob.connects("tablet"), alice.connects("phone")
    said = [alice.chat.says(conversation, line) for line in LINES]
    must(said, equals([has(text=line) for line in LINES]), subject="what alice has said")
    last = alice.chat.says(conversation, FAREWELL)
    for phone in phones:
        _hears(phone, last)
        # The farewell has come, so whatever was lost, doubled or overtaken before it is so for good.
        must(
            phone.hears("message.created")[: len(said) + 1],
            equals([*said, last]),
            subject=f"what {phone.name} heard up to the farewell",
            service=websocket_signaling.SERVICE,
        )


@pytest.mark.guide("CHT-01", service="chat")
def test_history_pages_without_gap_or_repeat(alice: Person, bob: Person) -> None:
    """The history, read in pages by either, holds each message once and in order, from page to page."""
    conversation = _conversation(alice, bob)
    speakers = (alice, bob)
    said = [speaker.chat.says(conversation, line) for speaker, line in zip(cycle(speakers), LINES, strict=False)]
    for reader in speakers:
        for size in range(1, len(said) + 1):
            pages = reader.chat.reads_in_pages(conversation, size)
            must(
                [message for page in pages for message in page.items],
                equals(said),
                subject=f"the history as {reader} reads it in pages of {size}",
            )
            for page in pages[:-1]:
                must(page.items, length(size), subject=f"a page of {size} before the last")
            must(pages[-1].items, length(at_most(size)), subject=f"the last page, where pages of {size} were asked for")


@pytest.mark.guide("CHT-02", service="chat")
def test_retry_with_the_same_key_is_one_message(alice: Person, bob: Person) -> None:
    """A message sent again with its idempotency key is the same message to the sender, the history and the devices."""
    conversation = _conversation(alice, bob)
    phone = bob.connects()
    key = uuid.uuid4().hex
    first = alice.chat.says(conversation, LINES[0], key=key)
    again = alice.chat.says_again(conversation, LINES[0], key=key)
    must(again, has(status=200, replayed=True), subject="the answer to the retry")
    must(alice.chat.says(conversation, LINES[0], key=key), equals(first), subject="the message that the retry gives")
    alice.is_refused(chat.send(conversation.conversation_id, LINES[1], idempotency_key=key), "idempotency-key-reused")

    # A key is its sender's own: another's message with the same is another message.
    last = bob.chat.says(conversation, FAREWELL, key=key)
    _hears(phone, last)
    must(bob.chat.reads(conversation), equals([first, last]), subject="the history after the retries")
    must(
        phone.hears("message.created"),
        exactly_once(has(message_id=first.message_id)),
        subject=f"what {phone.name} heard after the retries",
        service=websocket_signaling.SERVICE,
    )


@pytest.mark.guide("CHT-03", service="chat")
def test_stranger_neither_reads_nor_writes(alice: Person, bob: Person, carol: Person) -> None:
    """Who is no member finds no conversation, reads no history and adds nothing to it, not even being friends."""
    conversation = _conversation(alice, bob)
    carol.befriends(alice)
    said = alice.chat.says(conversation, LINES[0])
    for operation in (
        chat.conversation(conversation.conversation_id),
        chat.messages(conversation.conversation_id),
        chat.send(conversation.conversation_id, LINES[1], idempotency_key=uuid.uuid4().hex),
        chat.start_attachment(conversation.conversation_id, "file.txt", "text/plain", 1, "0" * 64),
    ):
        carol.is_refused(operation, "not-found")
    own = has(conversation_id=conversation.conversation_id)
    must(alice.chat.conversations(), exactly_once(own), subject="alice's conversations")
    must(carol.chat.conversations(), contains_none(own), subject="carol's conversations")
    must(bob.chat.reads(conversation), equals([said]), subject="the history after a stranger tried to add to it")


@pytest.mark.guide("CHT-03", service="websocket-signaling")
def test_stranger_hears_nothing_and_cannot_be_heard(alice: Person, bob: Person, carol: Person) -> None:
    """Over the websocket, too, a stranger gets nothing of a conversation and puts nothing into it."""
    secret, open_to_her = _conversation(alice, bob), _conversation(alice, carol)
    his, hers = bob.connects(), carol.connects()
    said = alice.chat.says(secret, LINES[0])
    hers.sends(frames.Typing(secret.conversation_id))
    eventually(
        hers.frames,
        contains(has(code="not-a-member")),
        within=PROMISES.deadlines.frame_answer,
        subject="the answer to a stranger who types",
        service=websocket_signaling.SERVICE,
    )
    _hears(his, said)
    # Bob has heard it, so it was given out; carol hears what follows, so what she was given before is there as well.
    allowed = alice.chat.says(open_to_her, LINES[1])
    _hears(hers, allowed)
    must(
        hers.hears("message.created"),
        equals([allowed]),
        subject="the messages that a stranger heard",
        service=websocket_signaling.SERVICE,
    )
    # The stranger's typing was answered, so it would be told before a member's.
    alice.connects().sends(frames.Typing(secret.conversation_id))
    eventually(
        lambda: his.hears("typing"),
        equals([has(conversation_id=secret.conversation_id, user_id=alice.user_id)]),
        within=PROMISES.deadlines.message_delivery,
        subject="who bob is told is typing",
        service=websocket_signaling.SERVICE,
    )


@pytest.mark.needs(Capability.OBJECT_STORAGE)
@pytest.mark.guide("CHT-04", service="chat")
def test_attachment_arrives_as_it_was_sent(alice: Person, bob: Person) -> None:
    """An attachment that one sends is what the other downloads, byte by byte."""
    conversation = _conversation(alice, bob)
    content = _content()
    attachment = alice.chat.attaches(conversation, "notes.bin", content, "application/octet-stream")
    message = alice.chat.says(conversation, LINES[0], attachments=[attachment])
    must(message, has(attachment_ids=equals([attachment.attachment_id])), subject="a message with an attachment")
    must(
        bob.chat.finds(attachment),
        has(file_name="notes.bin", content_length=len(content), sha256=attachment.sha256),
        subject="the attachment as bob finds it",
    )
    must(bob.chat.downloads(attachment), has(body=equals(content)), subject="the bytes that bob downloads")


@pytest.mark.needs(Capability.OBJECT_STORAGE)
@pytest.mark.guide("CHT-04", service="chat")
def test_attachment_is_private(alice: Person, bob: Person, carol: Person) -> None:
    """Nobody but members finds an attachment, and its address opens nothing without its own signature."""
    conversation, hers = _conversation(alice, bob), _conversation(alice, carol)
    attachment, other = (
        alice.chat.attaches(each_one, "notes.bin", _content(), "application/octet-stream")
        for each_one in (conversation, hers)
    )
    carol.is_refused(chat.attachment(attachment.attachment_id), "not-found")
    carol.is_refused(chat.delete_attachment(attachment.attachment_id), "not-found")
    address = urlsplit(bob.chat.finds(attachment).download_url)
    for query, what in (
        ("", "no signature"),
        (urlsplit(carol.chat.finds(other).download_url).query, "the signature of another attachment"),
    ):
        must(
            carol.gets(objects.get(urlunsplit(address._replace(query=query)))),
            has(status=one_of(*objects.DENIED)),
            subject=f"the answer to whoever has {what}",
        )


@pytest.mark.needs(Capability.OBJECT_STORAGE)
@pytest.mark.guide("CHT-04", service="chat")
def test_attachment_is_what_was_announced(alice: Person, bob: Person) -> None:
    """Bytes other than those announced are refused, and so is a file above the limit."""
    conversation = _conversation(alice, bob)
    content = _content()
    announced = alice.chat.announces(conversation, "notes.bin", content, "application/octet-stream")
    alice.chat.puts(announced, bytes(reversed(content)))
    alice.is_refused(chat.complete_attachment(announced.attachment_id), "upload-rejected")
    too_long = PROMISES.limits.attachment_bytes + 1
    alice.is_refused(
        chat.start_attachment(conversation.conversation_id, "notes.bin", "text/plain", too_long, "0" * 64), "too-large"
    )


def _conversation(one: Person, other: Person) -> Conversation:
    one.befriends(other)
    return one.opens_conversation_with(other)


def _content() -> bytes:
    return b"".join(uuid.uuid4().bytes for _ in LINES)


def _hears(phone: Phone, message: Message) -> Sequence[Message]:
    return eventually(
        lambda: phone.hears("message.created"),
        contains(equals(message)),
        within=PROMISES.deadlines.message_delivery,
        subject=f"the messages that {phone.name} heard",
        service=websocket_signaling.SERVICE,
    )
