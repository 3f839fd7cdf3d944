"""Browsing: somebody looks at everything once, and changes nothing."""

import time
from dataclasses import dataclass, replace
from typing import Final

from fixtures.checks.time_scale import scaled
from fixtures.contract import chat, notification, user_profile, websocket_signaling
from fixtures.contract.promises import PROMISES
from loadtests.failure import Failure, agrees
from loadtests.journeys.history import holds
from loadtests.journeys.journey import Journey, labels
from loadtests.people.visitor import Visitor
from loadtests.whose import Asker, belongs


class Seen(user_profile.Profile, frozen=True):
    """A friend's profile with what nobody but the friend may see of it."""

    email: str | None = None
    phone: str | None = None


_SEEN: Final = replace(user_profile.GET, expects={200: Seen})


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
        name = visitor.friend.identity.display_name
        shown = client.send(_SEEN.call(params={"user_id": friend}))
        agrees(shown, user_id=friend, display_name=name, email=None, phone=None)
        _is_away(visitor)
        conversations = client.send(chat.conversations())
        belongs(conversations, asker)
        if visitor.conversation_id not in {conversation.conversation_id for conversation in conversations.items}:
            raise Failure("wrong conversations", f"{visitor.conversation_id} is not among {len(conversations.items)}")
        holds(client.send(chat.messages(visitor.conversation_id)).items, visitor.conversation_id, me.user_id)
        began = time.perf_counter()
        told = client.send(notification.notifications())
        belongs(told, asker)
        if not told.items and began > visitor.told_by:
            raise Failure("no notifications", "not even that the two are friends")


def _is_away(visitor: Visitor) -> None:
    """Look whether the friend is there; raises `Failure` if so, long after the friend's phone was put away."""
    friend, began = visitor.friend.user_id, time.perf_counter()
    presence = visitor.client.send(websocket_signaling.presence(friend))
    agrees(presence, user_id=friend)
    gone_for = began - visitor.friend_gone
    if presence.status == "online" and not visitor.held and gone_for > scaled(PROMISES.deadlines.presence):
        raise Failure("friend still online", f"{gone_for:.3g} s after the phone was put away")
