"""Whose an answer is: one's own, the friend's, or that of people whom one does not know."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from fixtures.contract import auth, chat, friend_request, notification, user_profile
from fixtures.contract.shared import Page
from loadtests.failure import Failure
from loadtests.whose import Asker, belongs

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ME, FRIEND, OTHER, THING = (str(UUID(int=number)) for number in range(1, 5))
EMAIL, OTHERS = "me@synthetic.invalid", "other@synthetic.invalid"
ASKER = Asker(ME, EMAIL, FRIEND)


def page(*items: object) -> Page[Any]:
    return Page(items, None)


def profile(user_id: str = ME, email: str = EMAIL) -> object:
    return user_profile.OwnProfile(user_id, "Me", "", email, None, None, NOW, 1)


def account(user_id: str = ME, email: str = EMAIL) -> object:
    return auth.Account(user_id, email, "active", "Me", "run", NOW)


def conversation(*members: str, which: str = THING) -> object:
    return chat.Conversation(which, "direct", members, NOW)


def told(whose: str, which: str = THING) -> list[object]:
    return [
        notification.FriendRequested(which, NOW, None, notification.FriendData(THING, whose)),
        notification.FriendAccepted(which, NOW, None, notification.FriendData(THING, whose)),
        notification.MessageReceived(which, NOW, None, notification.MessageData(THING, THING, whose)),
        notification.CallMissed(which, NOW, None, notification.MissedCallData(THING, whose)),
    ]


@pytest.mark.parametrize(
    "answer",
    [
        profile(),
        account(),
        page(),
        page(conversation(ME, FRIEND)),
        page(friend_request.Friend(FRIEND, NOW)),
        page(*told(FRIEND)),
        auth.KeySet(()),
    ],
)
def test_ones_own_is_good(answer: object) -> None:
    """What is about oneself and the friend, once, is what one may be given, and so is what is nobody's."""
    belongs(answer, ASKER)


@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (profile(user_id=OTHER), "somebody else's user_id"),
        (profile(email=OTHERS), "somebody else's email"),
        (account(user_id=OTHER), "somebody else's user_id"),
        (account(email=OTHERS), "somebody else's email"),
        (page(conversation(OTHER, FRIEND)), "somebody else's conversation"),
        (page(conversation(ME, FRIEND), conversation(ME, OTHER)), "somebody else's conversation"),
        (page(conversation(ME, FRIEND, OTHER)), "somebody else's conversation"),
        (page(friend_request.Friend(OTHER, NOW)), "somebody else's friend"),
        *((page(friend_request.Block(whose, NOW)), "somebody else's block") for whose in (ME, FRIEND, OTHER)),
        *((page(item), "somebody else's notification") for item in told(OTHER)),
    ],
)
def test_what_strangers_have_to_do_with_is_somebody_elses(answer: object, cause: str) -> None:
    """The two know nobody else: nobody else's things may come, be they in an answer with one's own."""
    with pytest.raises(Failure) as raised:
        belongs(answer, ASKER)
    assert raised.value.cause == cause


@pytest.mark.parametrize(
    ("items", "cause"),
    [
        ([conversation(ME, FRIEND)], "repeated conversation"),
        ([friend_request.Friend(FRIEND, NOW)], "repeated friend"),
        *(([item], "repeated notification") for item in told(FRIEND)),
    ],
)
def test_a_thing_is_in_a_list_once(items: list[object], cause: str) -> None:
    """A list that doubles its items has all of them, and each of the right person."""
    with pytest.raises(Failure) as raised:
        belongs(page(*items, *items), ASKER)
    assert raised.value.cause == cause


def test_being_told_twice_of_one_thing_is_a_repeat() -> None:
    """A notification that is made twice has two ids, and is about one thing."""
    with pytest.raises(Failure) as raised:
        belongs(page(told(FRIEND)[1], told(FRIEND, which=ME)[1]), ASKER)
    assert raised.value.cause == "repeated notification"
