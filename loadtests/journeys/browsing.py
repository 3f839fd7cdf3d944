"""Browsing: somebody looks at everything once, and changes nothing."""

from dataclasses import dataclass

from fixtures.contract import chat, notification, user_profile, websocket_signaling
from loadtests.journeys.journey import Journey, labels
from loadtests.people.visitor import Visitor


@dataclass(frozen=True, slots=True)
class Browsing(Journey):
    """One's own profile, a friend's, whether that friend is there, conversations, messages, notifications."""

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
        client, friend = visitor.client, visitor.friend.user_id
        client.send(user_profile.own_profile(), since=since)
        client.send(user_profile.profile(friend))
        client.send(websocket_signaling.presence(friend))
        client.send(chat.conversations())
        client.send(chat.messages(visitor.conversation_id))
        client.send(notification.notifications())
