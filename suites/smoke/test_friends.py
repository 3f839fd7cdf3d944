"""FRD: friendship, from asking to parting, and what strangers may not do."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from fixtures.checks import eventually, must
from fixtures.checks.match import contains_none, each, empty, equals, exactly_once, has, one_of, same_items
from fixtures.contract import chat, friend_request, video_call_signaling, websocket_signaling
from fixtures.contract.problem import STATUS_OF
from fixtures.contract.promises import PROMISES

if TYPE_CHECKING:
    from fixtures.clients.devices import Phone
    from fixtures.clients.person import Person
    from fixtures.clients.plugin import People
    from fixtures.contract.friend_request import FriendRequest
    from fixtures.contract.operation import Operation


@pytest.mark.guide("FRD-01", service="friend-request")
def test_friendship_is_asked_for_and_accepted(alice: Person, bob: Person) -> None:
    """A request that is accepted makes one friendship on both sides, and both are told of each step."""
    phones = alice.connects(), bob.connects()
    request = alice.friends.asks(bob)
    must(
        request,
        has(from_user_id=alice.user_id, to_user_id=bob.user_id, status="pending"),
        subject="a new friend request",
    )
    _both_hear(phones, "friend.requested", request)
    must(bob.friends.requests("incoming", "pending"), exactly_once(equals(request)), subject="what bob was asked")
    must(alice.friends.requests("outgoing", "pending"), exactly_once(equals(request)), subject="what alice asked")

    must(bob.friends.accepts(request), has(status="accepted"), subject="the request that bob accepted")
    _both_hear(phones, "friend.accepted", request)
    _both_hear(phones, "friend.requested", request)  # once more: nothing came twice meanwhile
    for one, other in ((alice, bob), (bob, alice)):
        must(one.friends.looks_at(request), has(status="accepted"), subject=f"the request as {one} sees it")
        must(one.friends.everyone(), exactly_once(has(user_id=other.user_id)), subject=f"the friends of {one}")
        must(one.friends.requests("incoming", "pending"), empty(), subject=f"what {one} still has to decide")
    alice.is_refused(friend_request.cancel(request.request_id), "conflict")


@pytest.mark.guide("FRD-01", service="friend-request")
def test_asking_twice_is_one_request(alice: Person, bob: Person) -> None:
    """Whoever asks twice has asked once, and the one asked cannot ask back meanwhile."""
    first = alice.friends.asks(bob)
    must(alice.friends.asks(bob), equals(first), subject="the request after asking again")
    must(bob.friends.requests("incoming"), equals([first]), subject="what bob was asked")
    bob.is_refused(friend_request.ask(alice.user_id), "reverse-request-pending")

    bob.friends.accepts(first)
    alice.is_refused(friend_request.ask(bob.user_id), "already-friends")
    for one, other in ((alice, bob), (bob, alice)):
        must(one.friends.everyone(), exactly_once(has(user_id=other.user_id)), subject=f"the friends of {one}")


@pytest.mark.guide("FRD-01", service="friend-request")
def test_request_is_declined(alice: Person, bob: Person) -> None:
    """A request that is declined can no longer be accepted, is over on both sides, and both are told."""
    phones = alice.connects(), bob.connects()
    request = alice.friends.asks(bob)
    must(bob.friends.declines(request), has(status="declined"), subject="the request that bob declined")
    _both_hear(phones, "friend.declined", request)
    bob.is_refused(friend_request.accept(request.request_id), "conflict")
    _is_over(request, "declined", alice, bob)


@pytest.mark.guide("FRD-01", service="friend-request")
def test_request_is_cancelled(alice: Person, bob: Person) -> None:
    """A request that is taken back can no longer be accepted, is over on both sides, and both are told."""
    phones = alice.connects(), bob.connects()
    request = alice.friends.asks(bob)
    alice.friends.cancels(request)
    _both_hear(phones, "friend.cancelled", request)
    bob.is_refused(friend_request.accept(request.request_id), "conflict")
    _is_over(request, "cancelled", alice, bob)


@pytest.mark.guide("FRD-01", service="friend-request")
def test_friendship_ends_on_both_sides(alice: Person, bob: Person) -> None:
    """A friend who is removed is a stranger on either side, also to the other services, and both are told."""
    phones = alice.connects(), bob.connects()
    for person in (alice, bob):
        person.turns_camera_on()
    alice.befriends(bob)
    _are_treated_as(alice, bob, friends=True)
    alice.friends.removes(bob)
    for phone in phones:
        eventually(
            partial(phone.hears, "friend.removed"),
            exactly_once(has(from_user_id=alice.user_id, to_user_id=bob.user_id)),
            within=PROMISES.deadlines.friendship_event,
            subject=f"what {phone.name} hears of the end",
            service=websocket_signaling.SERVICE,
        )
    for one in (alice, bob):
        must(one.friends.everyone(), empty(), subject=f"the friends of {one} after parting")
    _are_treated_as(alice, bob, friends=False)


@pytest.mark.guide("FRD-02", service="friend-request")
def test_nobody_accepts_for_others(alice: Person, bob: Person, carol: Person) -> None:
    """Only the person asked can accept: neither the one who asked nor a third, who does not even see the request."""
    request = alice.friends.asks(bob)
    alice.is_refused(friend_request.accept(request.request_id), "forbidden")
    alice.is_refused(friend_request.decline(request.request_id), "forbidden")
    for operation in (friend_request.accept, friend_request.decline, friend_request.request, friend_request.cancel):
        carol.is_refused(operation(request.request_id), "not-found")
    must(bob.friends.looks_at(request), has(status="pending"), subject="the request after others tried to decide it")
    must(bob.friends.accepts(request), has(status="accepted"), subject="the request that bob accepted")


@pytest.mark.guide("FRD-02", service="friend-request")
def test_nobody_befriends_themselves(alice: Person) -> None:
    """Asking oneself is refused and leaves nothing behind."""
    alice.is_refused(friend_request.ask(alice.user_id), "cannot-befriend-oneself")
    must(alice.friends.requests("outgoing"), empty(), subject="what alice asked")


@pytest.mark.guide("FRD-02", service="friend-request")
def test_blocked_person_cannot_ask(people: People) -> None:
    """Who is blocked cannot ask, and a block ends friendship and requests between the two, and between no others."""
    alice, bob, carol, dave = people("alice", "bob", "carol", "dave")
    alice.befriends(bob)
    carol.befriends(bob)
    request = dave.friends.asks(bob)
    must(
        bob.friends.everyone(),
        same_items([has(user_id=alice.user_id), has(user_id=carol.user_id)]),
        subject="bob's friends before the block",
    )
    bob.friends.blocks(alice)
    alice.is_refused(friend_request.ask(bob.user_id), "blocked")
    must(bob.friends.blocked(), each(has(user_id=alice.user_id)), subject="whom bob has blocked")
    must(bob.friends.requests("incoming", "pending"), equals([request]), subject="what bob still has to decide")
    must(bob.friends.everyone(), equals([has(user_id=carol.user_id)]), subject="bob's friends after the block")
    must(alice.friends.everyone(), empty(), subject="alice's friends after the block")

    bob.friends.blocks(dave)
    must(bob.friends.requests("incoming", "pending"), empty(), subject="what bob has to decide of somebody now blocked")
    bob.is_refused(friend_request.accept(request.request_id), "conflict")


def _are_treated_as(one: Person, other: Person, *, friends: bool) -> None:
    """Hold that what is for friends alone is good or refused on both sides, once the other services have heard."""
    for person, friend in ((one, other), (other, one)):
        for operation in (
            websocket_signaling.presence(friend.user_id),
            chat.create_conversation("group", [friend.user_id]),
            video_call_signaling.call(friend.user_id),
        ):
            eventually(
                partial(_tries, person, operation),
                one_of(*operation.expects) if friends else equals(STATUS_OF["not-friends"]),
                within=PROMISES.deadlines.friendship_effect,
                subject=f"the answer of {operation.label} to {person} about a {'' if friends else 'former '}friend",
                service=operation.service,
            )


def _tries(person: Person, operation: Operation[Any]) -> int:
    """The status of the answer; a call is hung up at once, or the next try would find the line engaged."""
    answer = person.gets(operation)
    if answer.status in operation.expects:
        made = operation.read(answer)
        if isinstance(made, video_call_signaling.Call) and made.state == "ringing":
            person.calls.hangs_up(made)
    return answer.status


def _both_hear(phones: tuple[Phone, ...], name: str, request: FriendRequest) -> None:
    for phone in phones:
        eventually(
            partial(phone.hears, name),
            exactly_once(
                has(
                    request_id=request.request_id,
                    from_user_id=request.from_user_id,
                    to_user_id=request.to_user_id,
                )
            ),
            within=PROMISES.deadlines.friendship_event,
            subject=f"what {phone.name} hears of {name}",
            service=websocket_signaling.SERVICE,
        )


def _is_over(request: FriendRequest, status: str, *people: Person) -> None:
    for person in people:
        must(person.friends.looks_at(request), has(status=status), subject=f"the request as {person} sees it")
        must(person.friends.everyone(), empty(), subject=f"the friends of {person} when a request was {status}")
        for direction in ("incoming", "outgoing"):
            must(
                person.friends.requests(direction, "pending"),
                contains_none(has(request_id=request.request_id)),
                subject=f"the {direction} requests of {person} that are pending when one was {status}",
            )
