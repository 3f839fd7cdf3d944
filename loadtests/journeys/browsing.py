"""Browsing: somebody looks at everything once, and changes nothing."""

from dataclasses import dataclass

from fixtures.contract import chat, notification, user_profile, websocket_signaling
from loadtests.failure import Failure, agrees
from loadtests.journeys.history import holds
from loadtests.journeys.journey import Journey, labels
from loadtests.people.visitor import Visitor
from loadtests.whose import Asker, belongs


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
        asker = Asker(me.user_id, me.identity.email, friend)
        belongs(client.send(user_profile.own_profile(), since=since), asker)
        agrees(client.send(user_profile.profile(friend)), user_id=friend)
        agrees(client.send(websocket_signaling.presence(friend)), user_id=friend)
        conversations = client.send(chat.conversations())
        belongs(conversations, asker)
        if visitor.conversation_id not in {conversation.conversation_id for conversation in conversations.items}:
            raise Failure("wrong conversations", f"{visitor.conversation_id} is not among {len(conversations.items)}")
        holds(client.send(chat.messages(visitor.conversation_id)).items, visitor.conversation_id)
        belongs(client.send(notification.notifications()), asker)
