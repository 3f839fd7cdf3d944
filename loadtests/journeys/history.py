"""Whether a page of a conversation's history is what it must be, as far as one look at it can tell. Pure."""

from collections.abc import Collection, Sequence
from typing import Final

from fixtures.contract.chat import Message
from fixtures.contract.promises import PROMISES
from loadtests.failure import NOT_AS_SENT, Failure, agrees

GAPS: Final = "history has gaps"
REPEATS: Final = "history repeats messages"
UNORDERED: Final = "history out of order"


def holds(
    page: Sequence[Message], conversation_id: str, sender_id: str, sent: Collection[Message] = (), *, before: int = 0
) -> None:
    """Raises `Failure` unless the page begins behind so many, in order and whole, as `sent` were answered.

    All are of that one person: nobody else says anything there.
    Messages are numbered from 1 without gaps and come oldest first. A page has as many as a page has by default, or
    all that there were when it was asked for, the last of `sent` at the least.
    """
    for message in page:
        agrees(message, conversation_id=conversation_id, sender_id=sender_id)
    numbers = [message.seq for message in page]
    if len(set(numbers)) < len(numbers) or min(numbers, default=before + 1) <= before:
        raise Failure(REPEATS, f"numbers {numbers} after {before}")
    if numbers != sorted(numbers):
        raise Failure(UNORDERED, f"numbers {numbers}")
    wanted = min(PROMISES.limits.page_default, max((message.seq - before for message in sent), default=0))
    if numbers != list(range(before + 1, before + len(numbers) + 1)) or len(numbers) < wanted:
        raise Failure(GAPS, f"numbers {numbers}, and at least {wanted} were said after {before}")
    shown = {message.seq: _said(message) for message in page}
    for message in sent:
        if shown.get(message.seq, _said(message)) != _said(message):
            raise Failure(NOT_AS_SENT, f"number {message.seq} is {shown[message.seq]} instead of {_said(message)}")


def _said(message: Message) -> tuple[str, str, str]:
    """What of a message nobody may change."""
    return message.message_id, message.sender_id, message.text
