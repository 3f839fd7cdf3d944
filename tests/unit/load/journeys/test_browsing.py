"""Browsing: what a look at everything must show of a friend, and of what one was told."""

import math
import time
from typing import Any

import pytest
from msgspec.structs import replace

from fixtures.contract.shared import Page
from fixtures.contract.websocket_signaling import Presence
from loadtests.failure import Failure
from loadtests.journeys import JOURNEYS
from loadtests.people import Visitor
from tests.unit.load.journeys.town import Town, an_id


def _looks(visitor: Visitor, town: Town) -> str:
    """What came of one look around."""
    JOURNEYS["browsing"].run(visitor, time.perf_counter())
    ((_, cause),) = town.counted("browsing")
    return cause


def _shows_online(town: Town) -> None:
    town.answers["websocket-signaling getPresence"] = lambda _: Presence(town.users["bob"], "online", None)


def test_profile_with_the_name_of_another_fails_the_journey(town: Town) -> None:
    """Two who are read at once may be mixed into one answer."""
    answer: Any = town.answers["user-profile getProfile"]
    town.answers["user-profile getProfile"] = lambda asked: replace(answer(asked), display_name="Carol")
    assert _looks(town.visitor(), town) == "wrong display_name"


@pytest.mark.parametrize(
    ("field", "shown", "cause"),
    [("email", "bob@synthetic.invalid", "somebody else's email"), ("phone", "+15550100", "wrong phone")],
)
def test_profile_that_shows_where_a_friend_is_reached_is_a_leak(field: str, shown: str, cause: str, town: Town) -> None:
    """What is kept of a profile for its owner may be given to others, when both ask at once."""
    answer: Any = town.answers["user-profile getProfile"]
    town.answers["user-profile getProfile"] = lambda asked: replace(answer(asked), **{field: shown})
    assert _looks(town.visitor(), town) == cause


def test_message_of_somebody_else_is_a_leak(town: Town) -> None:
    """One of the two writes in their conversation, and nobody else does."""
    answer: Any = town.answers["chat listMessages"]
    town.answers["chat listMessages"] = lambda asked: Page(
        tuple(replace(message, sender_id=an_id()) for message in answer(asked).items), None
    )
    assert _looks(town.visitor(), town) == "somebody else's sender_id"


def test_friend_who_put_the_phone_away_is_not_there_any_more(town: Town) -> None:
    """Presence that sticks keeps people from being told of messages."""
    _shows_online(town)
    assert _looks(town.visitor(), town) == "friend still online"


@pytest.mark.parametrize("gone", [time.perf_counter() + 3600, math.inf], ids=["hardly gone", "nobody knows"])
def test_friend_may_be_there_for_a_while_yet(gone: float, town: Town) -> None:
    """What is promised to be known within seconds may be unknown until then, and a lost connection takes longer."""
    _shows_online(town)
    visitor = town.visitor()
    visitor.friend_gone = gone
    assert _looks(visitor, town) == ""


def test_friend_who_holds_another_connection_may_be_there(town: Town) -> None:
    """Idle connections are of the same people."""
    _shows_online(town)
    visitor = town.visitor()
    visitor.held = True
    assert _looks(visitor, town) == ""


def test_friend_is_gone_when_the_phone_was_put_away(town: Town) -> None:
    """Chatting puts the friend's phone away at its end."""
    visitor, before = town.visitor(), time.perf_counter()
    JOURNEYS["chatting"].run(visitor, before)
    assert before < visitor.friend_gone <= time.perf_counter()


@pytest.mark.parametrize("lost", [True, False], ids=["lost", "never open"])
def test_nobody_knows_when_a_friend_is_gone_whose_connection_failed(*, lost: bool, town: Town) -> None:
    """A service may take a connection for open of which its other end knows nothing any more."""
    visitor = town.visitor()

    def is_lost() -> None:
        town.devices[-1].is_cut()

    if lost:
        town.at_closing = is_lost
    else:
        town.trouble["connection"].append(Failure("refused"))
    JOURNEYS["chatting"].run(visitor, time.perf_counter())
    assert visitor.friend_gone == math.inf


@pytest.mark.parametrize(("told_by", "cause"), [(-math.inf, "no notifications"), (math.inf, "")])
def test_who_was_told_of_a_friend_finds_it_in_the_list(told_by: float, cause: str, town: Town) -> None:
    """The list is empty only as long as what made them friends may not be known yet."""
    town.answers["notification listNotifications"] = lambda _: Page((), None)
    visitor = town.visitor()
    visitor.told_by = told_by
    assert _looks(visitor, town) == cause
