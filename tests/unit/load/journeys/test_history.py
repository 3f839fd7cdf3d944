"""History: a first page that cannot be the beginning of the conversation fails the journey that looked at it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from fixtures.contract.chat import Message
from loadtests.failure import Failure
from loadtests.journeys import JOURNEYS
from loadtests.journeys.chatting import Chatting
from loadtests.journeys.history import holds
from tests.unit.load.journeys.town import NOW, an_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures.contract.operation import Operation
    from fixtures.contract.shared import Page
    from loadtests.people import Visitor
    from tests.unit.load.journeys.town import Town

    Altered = Callable[[tuple[Message, ...]], tuple[Message, ...]]

ALTERED: dict[str, tuple[Altered, str]] = {
    "beginning": (lambda items: items[1:], "history has gaps"),
    "gap": (lambda items: items[:1] + items[2:], "history has gaps"),
    "reverse": (lambda items: items[::-1], "history out of order"),
    "repeat": (lambda items: items + items[-1:], "history repeats messages"),
}
STALE: dict[str, tuple[Altered, str]] = {
    "empty": (lambda _: (), "history has gaps"),
    "stale": (lambda items: items[:-1], "history has gaps"),
}


def _shows(town: Town, altered: Altered) -> None:
    """Let the town show the history otherwise than it is."""
    answer: Any = town.answers["chat listMessages"]

    def shown(asked: Operation[Any]) -> Page[Message]:
        page: Page[Message] = answer(asked)
        return replace(page, items=altered(page.items))

    town.answers["chat listMessages"] = shown


def _chats(town: Town, messages: int = 3) -> Visitor:
    visitor = town.visitor()
    Chatting(messages=messages).run(visitor, time.perf_counter())
    return visitor


@pytest.mark.parametrize("how", ALTERED | STALE)
def test_history_without_what_was_just_said_fails_chatting(how: str, town: Town) -> None:
    """Whoever has said something finds it in the history, which is whole and in order."""
    altered, cause = (ALTERED | STALE)[how]
    _shows(town, altered)
    _chats(town)
    assert town.counted("delivery") == [(True, "")] * 3
    assert town.counted("chatting") == [(True, cause)]


@pytest.mark.parametrize("how", ALTERED)
def test_history_with_gaps_or_repeats_fails_browsing(how: str, town: Town) -> None:
    """Whoever only looks sees whether messages are there from the first, in order and without gaps."""
    altered, cause = ALTERED[how]
    visitor = _chats(town)
    _shows(town, altered)
    JOURNEYS["browsing"].run(visitor, time.perf_counter())
    assert town.counted("browsing") == [(True, cause)]


@pytest.mark.parametrize(
    ("field", "cause"),
    [("text", "not as sent"), ("message_id", "not as sent"), ("sender_id", "somebody else's sender_id")],
)
def test_history_that_tells_a_message_otherwise_fails_chatting(field: str, cause: str, town: Town) -> None:
    """What was said is in the history as it was said."""
    _shows(town, lambda items: (*items[:-1], replace(items[-1], **{field: an_id()})))
    _chats(town)
    assert town.counted("chatting") == [(True, cause)]


@pytest.mark.parametrize("lost", [1, 30, 50, 51, 77, 120])
def test_message_that_is_not_kept_fails_chatting_however_long_the_conversation_is(lost: int, town: Town) -> None:
    """What was said is looked for where it must be: of a long conversation that is not the first page."""
    _shows(town, lambda items: tuple(message for message in items if message.seq != lost))
    visitor, good = town.visitor(), (lost - 1) // 5
    for _ in range(good + 1):
        Chatting(messages=5).run(visitor, time.perf_counter())
    assert town.counted("chatting") == [(True, "")] * good + [(True, "history has gaps")]


def test_page_that_begins_with_the_end_of_the_one_before_fails_chatting(town: Town) -> None:
    """A message on two pages is no gap, and whoever reads that it is looks for what is not missing."""
    visitor = town.visitor()
    for _ in range(11):
        Chatting(messages=5).run(visitor, time.perf_counter())
    _shows(town, lambda items: (replace(items[0], seq=items[0].seq - 1), *items))
    Chatting(messages=5).run(visitor, time.perf_counter())
    assert town.counted("chatting") == [(True, "")] * 11 + [(True, "history repeats messages")]


def test_full_pages_are_looked_at_once(town: Town) -> None:
    """However long a conversation becomes, a look at it is one request, and two where a page became full meanwhile."""
    visitor = town.visitor()
    for _ in range(40):
        Chatting(messages=5).run(visitor, time.perf_counter())
    assert town.counted("chatting") == [(True, "")] * 40
    assert town.labels.count("chat listMessages") == 43


def _message(number: int) -> Message:
    return Message(f"m{number}", "c", "alice", number, f"text {number}", (), NOW)


@given(st.integers(0, 80), st.integers(0, 5), st.integers(0, 5))
def test_no_first_page_of_a_whole_history_fails(before: int, sent: int, meanwhile: int) -> None:
    """However much was said before, between and after one's own messages, what a platform must show is no failure."""
    own = [_message(before + 1 + each * 2) for each in range(sent)]
    holds([_message(number) for number in range(1, before + 2 * sent + meanwhile + 1)][:50], "c", "alice", own)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6))
def test_only_pages_from_the_first_message_on_without_gaps_hold(numbers: list[int]) -> None:
    """A page holds if, and only if, its messages are numbered one, two, three and so on."""
    page = [_message(number) for number in numbers]
    if numbers == list(range(1, len(numbers) + 1)):
        holds(page, "c", "alice")
    else:
        with pytest.raises(Failure, match="history"):
            holds(page, "c", "alice")
