"""Browsing: somebody looks at everything once, and changes nothing."""

from dataclasses import dataclass

from fixtures.contract import chat, notification, user_profile, websocket_signaling
from fixtures.contract.notification import CallMissed, MessageReceived, Notification
from loadtests.failure import SOMEBODY_ELSES, Failure, agrees
from loadtests.journeys.history import holds
from loadtests.journeys.journey import Journey, labels
from loadtests.people.visitor import Visitor


@dataclass(frozen=True, slots=True)
class Browsing(Journey):
    """One's own profile, a friend's, whether that friend is there, conversations, messages, notifications.

    Each has to be about whom and what it was asked of, lists hold nothing of other people's, and messages are in order
    and without gaps, as far as that can be seen.
    """

    name = "browsing"
    operations = labels(
        user_profile.GET_OWN,
        user_profile.GET,
        websocket_signaling.GET_PRESENCE,
        chat.LIST,
        chat.MESSAGES,
        notification.LIST,
    )

    def walk(self, visitor: Visitor, since: float) -> None:
        """Six requests, each after the answer to the one before."""
        client, me, friend = visitor.client, visitor.person, visitor.friend.user_id
        agrees(client.send(user_profile.own_profile(), since=since), user_id=me.user_id, email=me.identity.email)
        agrees(client.send(user_profile.profile(friend)), user_id=friend)
        agrees(client.send(websocket_signaling.presence(friend)), user_id=friend)
        conversations = client.send(chat.conversations()).items
        for conversation in conversations:
            if me.user_id not in conversation.member_ids:
                raise Failure(f"{SOMEBODY_ELSES} conversation", conversation.conversation_id)
        if visitor.conversation_id not in {conversation.conversation_id for conversation in conversations}:
            raise Failure("wrong conversations", f"{visitor.conversation_id} is not among {len(conversations)}")
        holds(client.send(chat.messages(visitor.conversation_id)).items, visitor.conversation_id)
        for told in client.send(notification.notifications()).items:
            if _whose(told) != friend:
                # Nobody else has to do with the two.
                raise Failure(f"{SOMEBODY_ELSES} notification", told.notification_id)


def _whose(told: Notification) -> str:
    """Who asked, accepted, wrote or called."""
    match told:
        case MessageReceived():
            return told.data.sender_id
        case CallMissed():
            return told.data.caller_id
        case _:
            return told.data.user_id
