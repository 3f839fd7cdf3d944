"""SYN: what these checks do reaches no real person and moves no number of the business."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures.checks import eventually, must
from fixtures.checks.match import at_least, equals, has, is_a, is_not, one_of, same_items
from fixtures.contract import auth, notification
from fixtures.contract.promises import PROMISES

if TYPE_CHECKING:
    from fixtures.clients.person import Person

TOLD_TO_WHO_ASKED = (notification.FriendAccepted,)
TOLD_TO_WHO_WAS_ASKED = (notification.FriendRequested, notification.MessageReceived, notification.CallMissed)
NOTHING = has(mail=0, push=0, sms=0)


@pytest.mark.guide("SYN-01", service="notification")
def test_nothing_is_sent_to_the_real_world(alice: Person, bob: Person) -> None:
    """Mail and push of every kind for synthetic people go to the synthetic sinks, and none to a real provider."""
    alice.befriends(bob)
    alice.chat.says(alice.opens_conversation_with(bob), "while offline")
    alice.turns_camera_on()
    call = alice.calls.rings(bob)
    alice.calls.hangs_up(call)
    told = (alice, TOLD_TO_WHO_ASKED), (bob, TOLD_TO_WHO_WAS_ASKED)
    for person, kinds in told:
        eventually(
            person.notifications.all,
            same_items([is_a(kind) for kind in kinds]),
            within=PROMISES.deadlines.notification,
            subject=f"the notifications of {person}",
            service=notification.SERVICE,
        )
    run = alice.transport.run_id
    enough = has(mail=at_least(len(told)), push=at_least(sum(len(kinds) for _, kinds in told)))
    sent = eventually(
        lambda: alice.does(notification.deliveries(run)),
        one_of(has(synthetic=enough), has(provider=is_not(NOTHING))),
        within=PROMISES.deadlines.notification,
        subject="what was sent to the people of this run",
        service=notification.SERVICE,
    )
    must(sent, has(run=run), subject="what was sent to the people of this run")
    must(sent.provider, NOTHING, subject="what real providers were given for the people of this run, who are synthetic")


@pytest.mark.guide("SYN-01", service="auth")
def test_synthetic_people_are_not_counted(alice: Person) -> None:
    """Somebody of this run is known as such and is in no business metric."""
    run = alice.transport.run_id
    must(alice.account.looks(), has(synthetic_run=equals(run)), subject="alice's account")
    must(
        alice.does(auth.business_metrics(run)),
        has(
            run=run,
            people_seen=at_least(1),
            counted=has(registrations=0, daily_active_users=0, monthly_active_users=0),
        ),
        subject="the people of this run in the business metrics",
    )


@pytest.mark.guide("SYN-01", service="notification")
def test_synthetic_views_need_their_key(alice: Person) -> None:
    """What is kept of synthetic people is shown to nobody without the key."""
    run = alice.transport.run_id
    for operation in (
        notification.inbox(alice.identity.email),
        notification.deliveries(run),
        auth.business_metrics(run),
    ):
        alice.transport.refused(operation, "unauthenticated")
        alice.transport.refused(operation.keyed("no such key"), "unauthenticated")
