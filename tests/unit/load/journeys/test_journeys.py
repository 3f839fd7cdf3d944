"""What holds for every journey: it is counted once, from its intended start, and calls what it says it calls."""

import time
from typing import Any

import pytest
from msgspec.structs import replace

from fixtures.contract import chat
from fixtures.contract.shared import Page
from loadtests.failure import Failure
from loadtests.journeys import JOURNEYS, Journey
from loadtests.kinds import TRACE
from loadtests.profiles.operations import labels
from tests.unit.load.journeys.town import NOW, Town, an_id

ALL = pytest.mark.parametrize("journey", JOURNEYS.values(), ids=lambda journey: journey.name)


@ALL
def test_good_journey_is_one_good_sample(journey: Journey, town: Town) -> None:
    """A journey on which nothing fails is counted once, and nothing that it counts has a cause."""
    journey.run(town.visitor(), time.perf_counter())
    assert town.counted(journey.name) == [(True, "")]
    assert all(sample["exception"] is None for sample in town.samples)
    assert all(device.closed for device in town.devices)


@ALL
def test_journey_calls_what_it_says(journey: Journey, town: Town) -> None:
    """The operations and subjects that a journey names are those that it counts, and a budget can name them."""
    journey.run(town.visitor(), time.perf_counter())
    seen = {sample["name"] for sample in town.samples}
    assert seen == journey.operations | journey.measures | {journey.name}
    assert journey.operations <= labels()


@ALL
def test_intended_start_goes_to_the_first_step_only(journey: Journey, town: Town) -> None:
    """The first request or connection counts from the intended start, as the journey does, and no other."""
    since = time.perf_counter() - 2.0
    journey.run(town.visitor(), since)
    assert [start for _, start in town.asked] == [since] + [None] * (len(town.asked) - 1)
    (own,) = (sample for sample in town.samples if sample["name"] == journey.name)
    assert own["response_time"] > 2000


@ALL
def test_a_journey_is_one_trace(journey: Journey, town: Town) -> None:
    """All that it counts is of it, so that whatever failed leads to the whole of it; the next one is another."""
    visitor = town.visitor()
    journey.run(visitor, time.perf_counter())
    assert {sample["context"][TRACE] for sample in town.samples} == {visitor.trace}
    before = visitor.trace
    town.samples.clear()
    visitor.sets_out()
    journey.run(visitor, time.perf_counter())
    assert {sample["context"][TRACE] for sample in town.samples} == {visitor.trace} != {before}


@ALL
def test_first_step_that_fails_ends_the_journey(journey: Journey, town: Town) -> None:
    """A journey ends with the step that fails, is counted with its cause, and raises nothing."""
    visitor = town.visitor()
    journey.run(visitor, time.perf_counter())
    first = town.labels[0]
    town.asked.clear()
    town.samples.clear()
    town.trouble[first].append(Failure("status 503"))
    journey.run(visitor, time.perf_counter())
    assert town.labels == [first]
    assert town.counted(journey.name) == [(True, "status 503")]


IDS = {"user_id", "conversation_id", "sender_id", "caller_id", "callee_id"}
ABOUT = [
    ("browsing", "user-profile getOwnProfile", "somebody else's user_id"),
    ("browsing", "user-profile getProfile", "somebody else's user_id"),
    ("browsing", "websocket-signaling getPresence", "somebody else's user_id"),
    ("browsing", "chat listConversations", "wrong conversations"),
    ("browsing", "chat listMessages", "somebody else's conversation_id"),
    ("chatting", "chat sendMessage", "somebody else's conversation_id"),
    ("chatting", "chat listMessages", "somebody else's conversation_id"),
    ("calling", "video-call-signaling createCall", "somebody else's caller_id"),
    ("registering", "auth activateAccount", "somebody else's user_id"),
    ("registering", "auth issueTokens", "somebody else's user_id"),
]


def _of_others(answer: Any) -> Any:  # noqa: ANN401 - of whatever type
    """The same answer about other people and other conversations."""
    if isinstance(answer, Page):
        return replace(answer, items=tuple(map(_of_others, answer.items)))
    return replace(answer, **dict.fromkeys(IDS & set(answer.__struct_fields__), an_id()))


@pytest.mark.parametrize(("journey", "operation", "cause"), ABOUT)
def test_an_answer_about_somebody_else_fails_the_journey(journey: str, operation: str, cause: str, town: Town) -> None:
    """A cache that mixes people up under load answers quickly, with the right status and the right type."""
    answer = town.answers[operation]
    town.answers[operation] = lambda asked: _of_others(answer(asked))
    JOURNEYS[journey].run(town.visitor(), time.perf_counter())
    assert town.counted(journey) == [(True, cause)]


def test_ones_own_profile_with_another_address_is_somebody_elses(town: Town) -> None:
    """Who asks may be known by the token alone, and what is shown be another's."""
    answer: Any = town.answers["user-profile getOwnProfile"]
    town.answers["user-profile getOwnProfile"] = lambda asked: replace(answer(asked), email="other@synthetic.invalid")
    JOURNEYS["browsing"].run(town.visitor(), time.perf_counter())
    assert town.counted("browsing") == [(True, "somebody else's email")]


def test_a_list_with_a_conversation_of_others_is_a_leak(town: Town) -> None:
    """One's own conversations are all there, and one more that is none of them."""
    others = chat.Conversation(an_id(), "direct", (an_id(), an_id()), NOW)
    answer: Any = town.answers["chat listConversations"]
    town.answers["chat listConversations"] = lambda asked: Page((*answer(asked).items, others), None)
    JOURNEYS["browsing"].run(town.visitor(), time.perf_counter())
    assert town.counted("browsing") == [(True, "somebody else's conversation")]


@pytest.mark.parametrize("kind", range(4))
def test_a_notification_of_what_a_stranger_did_is_a_leak(kind: int, town: Town) -> None:
    """The two have to do with nobody else: whatever tells of others is meant for others."""
    visitor = town.visitor()
    items = (*town.told(visitor.friend.user_id), town.told(an_id())[kind])
    town.answers["notification listNotifications"] = lambda _: Page(items, None)
    JOURNEYS["browsing"].run(visitor, time.perf_counter())
    assert town.counted("browsing") == [(True, "somebody else's notification")]


@pytest.mark.parametrize("journey", ["connecting", "chatting", "calling"])
@pytest.mark.parametrize("named", ["alice", "bob"])
def test_welcome_of_somebody_else_fails_the_journey(named: str, journey: str, town: Town) -> None:
    """A socket that is taken for another person's is no connection of one's own, on whichever side."""
    town.greets = lambda user_id: an_id() if user_id == town.users[named] else user_id
    JOURNEYS[journey].run(town.visitor(), time.perf_counter())
    concerned = (journey, named) not in {("connecting", "bob"), ("chatting", "alice")}
    assert town.counted(journey) == [(True, "somebody else's user_id" if concerned else "")]


@ALL
def test_sample_has_what_locust_wants(journey: Journey, town: Town) -> None:
    """The journey's own sample is of the kind and form that Locust's event has."""
    journey.run(town.visitor(), time.perf_counter())
    own = town.samples[-1] if journey.name != "registering" else town.samples[-2]
    assert own["request_type"] == "JOURNEY"
    assert set(own) == {"request_type", "name", "response_time", "response_length", "exception", "context"}
