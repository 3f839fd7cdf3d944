"""Chatting: what happens to messages is counted message by message."""

from __future__ import annotations

import itertools
import threading
import time
from typing import TYPE_CHECKING, Any

import gevent
import pytest
from msgspec.structs import replace

from fixtures.checks.time_scale import forget_time_scale
from loadtests.failure import UNANSWERED, Failure
from loadtests.journeys.chatting import Chatting
from tests.unit.load.journeys.town import NOW_TEXT, an_id

if TYPE_CHECKING:
    from fixtures.contract.chat import Message
    from fixtures.contract.operation import Operation
    from tests.unit.load.journeys.device import Device
    from tests.unit.load.journeys.town import Town

CHATTING = Chatting(messages=3)


def _runs(town: Town) -> None:
    CHATTING.run(town.visitor(), time.perf_counter())


def test_every_message_is_a_delivery(town: Town) -> None:
    """Each message that is sent is one sample of delivery."""
    _runs(town)
    assert town.counted("delivery") == [(True, "")] * 3


def test_lost_message_is_told_after_its_deadline(town: Town) -> None:
    """A message that does not come is lost, has no latency, and is the cause of the journey's failure."""
    town.copies = iter([1, 0, 1])
    _runs(town)
    assert town.counted("delivery") == [(True, ""), (False, "lost"), (True, "")]
    assert town.counted("chatting") == [(True, "lost")]


def test_repeated_message_is_told(town: Town) -> None:
    """A message that comes twice is repeated."""
    town.copies = iter([1, 1, 2])
    _runs(town)
    assert town.counted("delivery") == [(True, ""), (True, ""), (True, "repeated")]


def test_messages_in_another_order_are_overtaken(town: Town) -> None:
    """A phone hears what one person says in the order in which it was said."""
    arrives, kept = town.arrives, list[object]()

    def backwards(message: Message) -> None:
        kept.insert(0, message)
        for each in kept if len(kept) == 3 else ():
            arrives(each)

    town.arrives = backwards  # type: ignore[method-assign, assignment]  # for this town only
    _runs(town)
    assert town.counted("delivery") == [(True, "overtaken"), (True, "overtaken"), (True, "")]
    assert town.counted("chatting") == [(True, "overtaken")]


@pytest.mark.parametrize("later", [1, 2])
def test_number_that_does_not_rise_fails_the_journey(later: int, town: Town) -> None:
    """What is said after something else has a higher number; each message is judged all the same."""
    answer = town.answers["chat sendMessage"]
    numbers = iter([2, later])
    town.answers["chat sendMessage"] = lambda asked: replace(answer(asked), seq=next(numbers))  # type: ignore[type-var]
    _runs(town)
    assert town.counted("delivery") == [(True, "")] * 2
    assert town.counted("chatting") == [(True, "wrong seq")]


def test_copy_by_another_id_is_a_repetition(town: Town) -> None:
    """A message that comes twice has come twice, whatever id the copy has."""
    arrives = town.arrives

    def doubled(message: Message) -> None:
        arrives(message)
        arrives(replace(message, message_id=an_id()))

    town.arrives = doubled  # type: ignore[method-assign, assignment]  # for this town only
    _runs(town)
    assert town.counted("delivery") == [(True, "")] * 3 + [(False, "repeated")] * 3
    assert town.counted("chatting") == [(True, "repeated")]


@pytest.mark.parametrize("field", ["sender_id", "conversation_id"])
def test_message_of_others_is_a_delivery_that_failed(field: str, town: Town) -> None:
    """What other people say, or say elsewhere, is not for this phone."""
    arrives = town.arrives

    def leaking(message: Message) -> None:
        arrives(message)
        arrives(replace(message, **{"message_id": an_id(), "text": "private", field: an_id()}))

    town.arrives = leaking  # type: ignore[method-assign, assignment]  # for this town only
    _runs(town)
    assert town.counted("delivery") == [(True, "")] * 3 + [(False, "somebody else's message")] * 3
    assert town.counted("chatting") == [(True, "somebody else's message")]


@pytest.mark.parametrize("whose", ["alice", "bob", "nobody here"])
def test_presence_is_told_of_friends_and_of_nobody_else(whose: str, town: Town) -> None:
    """Who hears when strangers come and go knows what is not theirs."""
    arrives = town.arrives

    def telling(message: Message) -> None:
        arrives(message)
        data = {"user_id": town.users.get(whose, an_id()), "status": "online", "at": NOW_TEXT}
        town.devices[-1].gets({"type": "event", "id": None, "event": "presence.changed", "at": NOW_TEXT, "data": data})

    town.arrives = telling  # type: ignore[method-assign, assignment]  # for this town only
    _runs(town)
    assert town.counted("delivery") == [(True, "")] * 3
    assert town.counted("chatting") == [(True, "" if whose in town.users else "somebody else's presence")]


def test_message_that_was_taken_without_an_answer_may_arrive(town: Town) -> None:
    """A message whose sending timed out may come all the same, and is then no failure of what was sent before."""
    answer = town.answers["chat sendMessage"]

    def silent(operation: Operation[Any]) -> object:
        message = answer(operation)
        if town.labels.count("chat sendMessage") == 2:
            raise Failure("time-out")
        return message

    town.answers["chat sendMessage"] = silent
    _runs(town)
    assert town.counted("delivery") == [(True, "")]
    assert town.counted("chatting") == [(True, "time-out")]


@pytest.mark.parametrize("field", ["text", "sender_id", "conversation_id"])
def test_message_that_arrives_otherwise_is_not_as_sent(field: str, town: Town) -> None:
    """Another text, or in another's name or conversation, is another message, whatever its id."""
    arrives = town.arrives

    def otherwise(message: Message) -> None:
        arrives(replace(message, **{field: an_id()}))

    town.arrives = otherwise  # type: ignore[method-assign, assignment]  # for this town only
    _runs(town)
    assert town.counted("delivery") == [(True, "not as sent")] * 3
    assert town.counted("chatting") == [(True, "not as sent")]


def test_message_that_was_not_taken_is_no_delivery(town: Town) -> None:
    """A message whose sending failed is not judged, and those before it are."""
    town.trouble["chat sendMessage"].extend([None, Failure("status 500")])
    _runs(town)
    assert town.counted("delivery") == [(True, "")]
    assert town.counted("chatting") == [(True, "status 500")]


def test_message_on_its_way_is_awaited_though_the_next_failed(town: Town) -> None:
    """A journey that fails does not call lost what still has time to arrive."""
    town.trouble["chat sendMessage"].extend([None, Failure("status 500")])
    town.copies = itertools.repeat(0)
    answer = town.answers["chat sendMessage"]
    late: list[threading.Timer] = []

    def later(operation: Operation[Any]) -> object:
        message = answer(operation)
        late.append(threading.Timer(0.01, town.arrives, [message]))
        late[0].start()
        return message

    town.answers["chat sendMessage"] = later
    _runs(town)
    late[0].join()
    assert town.counted("delivery") == [(True, "")]
    assert town.counted("chatting") == [(True, "status 500")]


def test_copy_that_comes_while_the_phone_leaves_is_a_repetition(town: Town) -> None:
    """A phone listens until its connection is closed."""
    sent: list[object] = []
    answer = town.answers["chat sendMessage"]

    def keeping(operation: Operation[Any]) -> object:
        sent.append(answer(operation))
        return sent[-1]

    town.answers["chat sendMessage"] = keeping
    town.at_closing = lambda: town.arrives(sent[-1])
    _runs(town)
    assert town.counted("delivery") == [(True, ""), (True, ""), (True, "repeated")]


def test_other_events_are_no_deliveries(town: Town) -> None:
    """Whatever else a phone hears of, such as its friend's presence, is let pass."""
    answer = town.answers["chat sendMessage"]

    def with_news(operation: Operation[Any]) -> object:
        town.devices[-1].gets({"type": "event", "id": None, "event": "news", "at": NOW_TEXT, "data": {}})
        return answer(operation)

    town.answers["chat sendMessage"] = with_news
    _runs(town)
    assert town.counted("delivery") == [(True, "")] * 3
    assert town.counted("chatting") == [(True, "")]


def test_history_that_cannot_be_read_fails_the_journey(town: Town) -> None:
    """Looking at the conversation is part of the journey, and spoils no delivery."""
    town.trouble["chat listMessages"].append(Failure("status 502"))
    _runs(town)
    assert town.counted("delivery") == [(True, "")] * 3
    assert town.counted("chatting") == [(True, "status 502")]


def test_each_message_has_a_key_of_its_own(town: Town) -> None:
    """Every message is sent with another idempotency key."""
    keys = []
    answer = town.answers["chat sendMessage"]

    def sending(operation: Operation[Any]) -> object:
        keys.append(operation.headers["Idempotency-Key"])
        return answer(operation)

    town.answers["chat sendMessage"] = sending
    _runs(town)
    assert len(set(keys)) == 3


def test_phone_that_is_cut_off_ends_the_waiting(town: Town) -> None:
    """A phone whose connection ends is waited for no longer, and its messages are not called lost."""
    town.copies = itertools.repeat(0)
    answer = town.answers["chat sendMessage"]

    def cutting(operation: Operation[Any]) -> object:
        message = answer(operation)
        town.devices[-1].is_cut()
        return message

    town.answers["chat sendMessage"] = cutting
    _runs(town)
    assert town.counted("delivery") == [(False, "disconnected")] * 3


def test_message_of_the_journey_before_that_comes_again_is_repeated(town: Town) -> None:
    """A phone that hears in this journey what it heard in the last has heard it twice."""
    visitor, answer = town.visitor(), town.answers["chat sendMessage"]
    messages: list[object] = []

    def again(operation: Operation[Any]) -> object:
        for message in messages:
            town.arrives(message)
        messages.append(answer(operation))
        return messages[-1]

    town.answers["chat sendMessage"] = again
    for _ in range(2):
        Chatting(messages=1).run(visitor, time.perf_counter())
    assert town.counted("delivery") == [(True, ""), (True, ""), (False, "repeated")]


def test_frame_that_the_contract_does_not_know_fails_the_journey(town: Town) -> None:
    """A malformed event is a breach of the contract, whatever else arrives."""
    answer = town.answers["chat sendMessage"]

    def malformed(operation: Operation[Any]) -> object:
        town.devices[-1].gets({"type": "event", "id": "8", "event": "message.created", "data": {}})
        return answer(operation)

    town.answers["chat sendMessage"] = malformed
    _runs(town)
    assert town.counted("delivery") == [(True, "")] * 3
    assert town.counted("chatting") == [(True, "contract: frame at")]


def test_phone_resumes_before_the_first_message(town: Town) -> None:
    """A phone asks for what it missed first, so that nothing is held back from it when messages come."""
    frames: list[dict[str, Any]] = []

    def noted(_device: Device, frame: dict[str, Any]) -> dict[str, Any]:
        frames.append(frame)
        return frame

    town.on_frame = noted
    _runs(town)
    assert frames == [{"type": "resume", "last_event_id": "7"}]


def test_who_never_heard_of_anything_has_nothing_to_resume(town: Town) -> None:
    """Without a newest event nothing is asked for."""
    town.last_event_id = None
    town.on_frame = lambda *_: None
    _runs(town)
    assert town.counted("chatting") == [(True, "")]


def test_refused_resume_fails_the_journey(town: Town) -> None:
    """An error instead of what was missed is the journey's cause."""
    town.on_frame = lambda *_: {"type": "error", "code": "resume-gap", "detail": "d", "ref": "resume"}
    _runs(town)
    assert town.counted("chatting") == [(True, "error resume-gap")]


def test_message_under_way_when_the_journey_is_ended_has_failed(town: Town) -> None:
    """Every message that was taken is counted, once: what came is delivered, and what still had time is not."""
    forget_time_scale()
    answer = town.answers["chat sendMessage"]
    town.copies = iter([1, 0])

    def twice(operation: Operation[Any]) -> object:
        return answer(operation) if town.labels.count("chat sendMessage") < 3 else gevent.sleep(30)

    town.answers["chat sendMessage"] = twice
    town.is_left(CHATTING)
    assert town.counted("delivery") == [(True, ""), (False, UNANSWERED)]


@pytest.mark.parametrize("copies", [1, 0, 2])
def test_messages_of_a_journey_that_is_ended_later_are_judged_as_ever(copies: int, town: Town) -> None:
    """Whoever has waited for all messages knows what became of them, though the journey comes to no end."""
    town.copies = itertools.repeat(copies)
    town.answers["chat listMessages"] = lambda _: gevent.sleep(30)
    town.is_left(CHATTING)
    assert town.counted("delivery") == [{1: (True, ""), 0: (False, "lost"), 2: (True, "repeated")}[copies]] * 3


def test_journey_that_is_ended_while_the_phone_leaves_counts_its_messages(town: Town) -> None:
    """Closing takes a while, too."""
    town.copies = iter([1, 0, 1])
    town.at_closing = lambda: gevent.sleep(30)
    town.is_left(CHATTING)
    assert town.counted("delivery") == [(True, ""), (False, "lost"), (True, "")]


def test_journey_that_is_ended_before_its_first_message_counts_none(town: Town) -> None:
    """A phone that is not up to date yet has nothing to hear."""
    town.on_frame = lambda *_: gevent.sleep(30)
    town.is_left(CHATTING)
    assert town.counted("delivery") == []
