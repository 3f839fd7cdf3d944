"""Whether an answer is what one person of the pool may be given, who knows one friend and nobody else. Pure."""

from typing import NamedTuple

from fixtures.contract.auth import Account
from fixtures.contract.chat import Conversation
from fixtures.contract.friend_request import Block, Friend
from fixtures.contract.notification import CallMissed, FriendAccepted, FriendRequested, MessageReceived
from fixtures.contract.shared import Page
from fixtures.contract.user_profile import OwnProfile
from loadtests.failure import REPEATED, SOMEBODY_ELSES, Failure, agrees


class Asker(NamedTuple):
    """Who asks in their own name, and the friend."""

    user_id: str
    email: str
    friend_id: str


def belongs(answer: object, asker: Asker) -> None:
    """Raises `Failure` for what is somebody else's, or is twice in a list. Other answers are of nobody: they pass."""
    if isinstance(answer, OwnProfile | Account):
        agrees(answer, user_id=asker.user_id, email=asker.email)
    elif isinstance(answer, Page):
        seen = set()
        for item in answer.items:
            what, which, ours = _item(item, asker)
            if not ours:
                raise Failure(f"{SOMEBODY_ELSES} {what}", which)
            if (type(item), which) in seen:
                raise Failure(f"{REPEATED} {what}", which)
            seen.add((type(item), which))


def _item(item: object, asker: Asker) -> tuple[str, str, bool]:
    """What a list holds, which of them this is, and whether it may be in one of the asker's."""
    match item:
        case Conversation():
            both = {asker.user_id, asker.friend_id}
            return "conversation", item.conversation_id, set(item.member_ids) == both
        case Friend():
            return "friend", item.user_id, item.user_id == asker.friend_id
        case Block():
            return "block", item.user_id, False
        case FriendRequested() | FriendAccepted():
            return "notification", item.data.request_id, item.data.user_id == asker.friend_id
        case MessageReceived():
            return "notification", item.data.message_id, item.data.sender_id == asker.friend_id
        case CallMissed():
            return "notification", item.data.call_id, item.data.caller_id == asker.friend_id
        case _:
            raise TypeError(f"lists of {type(item).__name__} are nobody's")
