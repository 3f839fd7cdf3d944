"""NTF: people are told of what happened while they looked elsewhere, once, and nobody else is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from fixtures.checks import eventually, must
from fixtures.checks.match import (
    all_of,
    contains,
    contains_none,
    empty,
    equals,
    exactly_once,
    has,
    is_a,
    present,
    same_items,
)
from fixtures.clients.actor import Good
from fixtures.contract import notification, websocket_signaling
from fixtures.contract.promises import PROMISES

if TYPE_CHECKING:
    from fixtures.checks.match import Matcher
    from fixtures.clients.person import Person
    from fixtures.contract.notification import Notification


@pytest.mark.guide("NTF-01", service="notification")
def test_friend_request_is_told_to_the_one_asked(alice: Person, bob: Person, carol: Person) -> None:
    """A friend request is told to the one asked, its acceptance to the one who asked, each once and to no other."""
    hers, his = alice.connects(), bob.connects()
    request = alice.friends.asks(bob)
    asked = _told(notification.FriendRequested, request_id=request.request_id, user_id=alice.user_id)
    _is_told(bob, asked)
    bob.friends.accepts(request)
    accepted = _told(notification.FriendAccepted, request_id=request.request_id, user_id=bob.user_id)
    _is_told(alice, accepted)

    # What comes next has come, so whatever was told twice or to the wrong person is there as well.
    later = carol.friends.asks(bob)
    _is_told(bob, _told(notification.FriendRequested, request_id=later.request_id, user_id=carol.user_id))
    must(bob.notifications.all(), exactly_once(asked), subject="what bob is told")
    must(bob.notifications.all(), contains_none(accepted), subject="what bob is told")
    must(alice.notifications.all(), equals([accepted]), subject="all that alice is told")
    must(carol.notifications.all(), empty(), subject="what a third person is told")
    for phone, person in ((his, bob), (hers, alice)):
        eventually(
            partial(phone.hears, "notification.created"),
            same_items(person.notifications.all()),
            within=PROMISES.deadlines.notification,
            subject=f"the notifications that {phone.name} shows",
            service=notification.SERVICE,
        )


@pytest.mark.guide("NTF-01", service="notification")
def test_message_is_told_to_whoever_is_offline(alice: Person, bob: Person, carol: Person) -> None:
    """A message is told once to the others who are offline, and not to one whose device has shown it."""
    alice.befriends(bob)
    alice.befriends(carol)
    conversation = alice.opens_conversation_with(bob, carol)
    first = alice.chat.says(conversation, "while offline")
    _is_told(bob, _of(first.message_id))

    phone = bob.connects()
    _is(alice, bob, "online")
    shown = alice.chat.says(conversation, "while online")
    eventually(
        lambda: phone.hears("message.created"),
        contains(has(message_id=shown.message_id)),
        within=PROMISES.deadlines.message_delivery,
        subject="the messages that bob's phone heard",
        service=websocket_signaling.SERVICE,
    )
    # Carol is offline: once she is told of what came after it, nobody will be told of it who has not been yet.
    after = alice.chat.says(conversation, "still online")
    _is_told(carol, _of(after.message_id))
    phone.leaves()
    _is(alice, bob, "offline")
    last = alice.chat.says(conversation, "offline again")
    _is_told(bob, _of(last.message_id))
    told = bob.notifications.all()
    must(told, exactly_once(_of(first.message_id)), subject="what bob is told of the first message")
    must(told, contains_none(_of(shown.message_id)), subject="what bob is told of the message that his phone showed")
    must(
        alice.notifications.all(),
        contains_none(has(data=has(conversation_id=conversation.conversation_id))),
        subject="what alice is told of what she said",
    )


@pytest.mark.waits(PROMISES.calls.ring_timeout_min)
@pytest.mark.guide("NTF-01", service="notification")
def test_missed_call_is_told_to_the_callee(alice: Person, bob: Person) -> None:
    """A call that rang out or was given up is told once to the callee alone, and one that was held to nobody."""
    alice.befriends(bob)
    for person in (alice, bob):
        person.turns_camera_on()
    held = alice.calls.rings(bob)
    bob.calls.accepts(held)
    alice.calls.hangs_up(held)
    call = alice.calls.rings(bob)
    alice.calls.hangs_up(call)
    missed = _told(notification.CallMissed, call_id=call.call_id, caller_id=alice.user_id)
    _is_told(bob, missed)

    again = alice.calls.rings(bob, ring_timeout_s=PROMISES.calls.ring_timeout_min)
    _is_told(bob, _told(notification.CallMissed, call_id=again.call_id, caller_id=alice.user_id))
    told = bob.notifications.all()
    must(told, exactly_once(missed), subject="what bob is told of the call that was given up")
    must(told, contains_none(has(data=has(call_id=held.call_id))), subject="what bob is told of the call that he took")
    must(
        alice.notifications.all(),
        contains_none(has(data=has(call_id=call.call_id))),
        subject="what alice is told of the call that she gave up",
    )


@pytest.mark.guide("NTF-01", service="notification")
def test_notification_is_marked_read_by_its_person(alice: Person, bob: Person, carol: Person) -> None:
    """A notification can be marked as read by the one whom it told, and by nobody else, and no other is by that."""
    later = carol.friends.asks(bob)
    other = _is_told(bob, _told(notification.FriendRequested, request_id=later.request_id, user_id=carol.user_id))
    request = alice.friends.asks(bob)
    item = _is_told(bob, _told(notification.FriendRequested, request_id=request.request_id, user_id=alice.user_id))
    own = has(notification_id=item.notification_id)
    must(bob.notifications.all(unread=True), exactly_once(own), subject="what bob has not read")
    alice.is_refused(notification.mark_read(item.notification_id), "not-found")
    must(bob.notifications.all(unread=True), exactly_once(own), subject="what bob has not read")

    must(bob.notifications.marks_read(item), has(read_at=present()), subject="the notification that bob has read")
    must(bob.notifications.all(unread=True), equals([other]), subject="what bob has not read")
    must(bob.notifications.all(unread=False), equals([own]), subject="what bob has read")


def _told(kind: type, **data: str) -> Matcher:
    return all_of(is_a(kind), has(data=has(**data)))


def _of(message_id: str) -> Matcher:
    return _told(notification.MessageReceived, message_id=message_id)


def _is_told(person: Person, expected: Matcher) -> Notification:
    told = eventually(
        person.notifications.all,
        exactly_once(expected),
        within=PROMISES.deadlines.notification,
        subject=f"the notifications of {person}",
        service=notification.SERVICE,
    )
    return next(item for item in told if expected.match(item) is None)


def _is(person: Person, friend: Person, status: str) -> None:
    operation = websocket_signaling.presence(friend.user_id)
    eventually(
        lambda: person.gets(operation),
        Good(operation),
        within=PROMISES.deadlines.friendship_effect,
        subject=f"the presence of {friend} as {person} asks for it",
        service=websocket_signaling.SERVICE,
    )
    eventually(
        lambda: person.sees(friend),
        has(status=status),
        within=PROMISES.deadlines.presence,
        subject=f"the presence of {friend} as {person} sees it",
        service=websocket_signaling.SERVICE,
    )
