"""Deliveries: each message that was sent is judged once, by its own deadline."""

import math
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from loadtests.failure import REPEATED
from loadtests.journeys.deliveries import DOUBLED, Deliveries, Delivery

times = st.floats(0, 20)


def _one(*heard: float, ended: float | None = None, given_up: float = math.inf) -> Delivery:
    deliveries = Deliveries(5.0)
    deliveries.sent("m", began=1.0, answered=2.0)
    for at in heard:
        deliveries.heard("m", at)
    deliveries.ended = ended
    (judged,) = deliveries.judged(given_up)
    return judged


def test_delivery_counts_from_sending() -> None:
    """A message that arrives once and in time took as long as from its sending to its receipt."""
    assert _one(1.5) == Delivery(0.5)
    assert _one(7.0) == Delivery(6.0)


def test_lost_is_what_did_not_come_by_the_deadline_after_the_answer() -> None:
    """A message that never comes, or comes after its deadline, is lost and has no latency."""
    assert _one() == Delivery(None, "lost")
    assert _one(7.01) == Delivery(None, "lost")


def test_repeated_is_what_came_again() -> None:
    """A message that comes twice is repeated, and its latency is that of the first."""
    assert _one(3.0, 4.0) == Delivery(2.0, "repeated")


def test_phone_that_lost_its_connection_loses_no_message() -> None:
    """What a phone could not hear because its connection ended is told apart from what the platform lost."""
    assert _one(ended=3.0) == Delivery(None, "disconnected")
    assert _one(ended=7.5) == Delivery(None, "lost")
    assert _one(2.5, ended=3.0) == Delivery(1.5)


def test_what_nobody_listens_for_any_more_did_not_come() -> None:
    """Of a run that is over only the reason is another: what came has arrived, and what had its time is lost."""
    assert _one(given_up=3.0) == Delivery(None, "unanswered at the end")
    assert _one(given_up=7.5) == Delivery(None, "lost")
    assert _one(ended=2.5, given_up=3.0) == Delivery(None, "disconnected")
    assert _one(2.5, given_up=3.0) == Delivery(1.5)
    assert _one(2.5, 2.6, given_up=3.0) == Delivery(1.5, "repeated")


def test_nothing_is_awaited_once_all_were_heard() -> None:
    """Waiting ends with the last receipt, at the latest deadline, or with the connection."""
    deliveries = Deliveries(5.0)
    assert deliveries.awaited() is None
    deliveries.sent("m", began=0.0, answered=1.0)
    deliveries.sent("n", began=1.0, answered=2.0)
    assert deliveries.awaited() == 7.0
    deliveries.heard("n", 2.5)
    assert deliveries.awaited() == 6.0
    deliveries.ended = 3.0
    assert deliveries.awaited() is None
    deliveries.ended = None
    deliveries.heard("m", 2.5)
    assert deliveries.awaited() is None


def test_a_message_that_comes_again_in_the_next_journey_is_repeated() -> None:
    """It is one sample more, however often it comes; what was lost before and comes now is not repeated."""
    first = Deliveries(5.0)
    first.sent("m", began=0.0, answered=0.1)
    first.sent("lost", began=0.0, answered=0.1)
    first.heard("m", 0.2)
    following = Deliveries(5.0, first.delivered)
    following.sent("n", began=8.0, answered=8.1, what="n")
    for message in ("m", "lost", "n", "m"):
        following.heard(message, 8.25, message)
    assert list(following.judged()) == [Delivery(0.25), Delivery(None, REPEATED)]


def test_two_messages_of_one_id_are_not_both_delivered() -> None:
    """A platform that answers a second message with the id of the first has lost one, and no latency is negative."""
    deliveries = Deliveries(5.0)
    deliveries.sent("m", began=0.0, answered=0.1)
    deliveries.heard("m", 0.2)
    deliveries.sent("m", began=0.5, answered=0.6)
    assert list(deliveries.judged()) == [Delivery(0.2), Delivery(None, DOUBLED)]
    early = Deliveries(5.0)
    early.heard("m", 0.2)
    early.sent("m", began=0.5, answered=0.6)
    assert list(early.judged()) == [Delivery(0.0)]


def _told(*heard: str, sent: Sequence[tuple[float, float]]) -> list[str]:
    """The causes of messages "0", "1" and so on, sent and answered at these times and heard in this order."""
    deliveries = Deliveries(5.0)
    for number, (began, answered) in enumerate(sent):
        deliveries.sent(str(number), began=began, answered=answered, what=str(number))
    for message in heard:
        deliveries.heard(message, 1.0, message)
    return [each.cause for each in deliveries.judged()]


def test_what_comes_after_what_was_said_later_is_overtaken() -> None:
    """A message that was answered before the next was sent comes before it, or it was overtaken, whatever was lost."""
    in_turn = [(0.0, 0.1), (0.1, 0.2), (0.3, 0.4)]
    assert _told("0", "1", "2", sent=in_turn) == ["", "", ""]
    assert _told("1", "0", "2", sent=in_turn) == ["overtaken", "", ""]
    assert _told("2", "1", "0", sent=in_turn) == ["overtaken", "overtaken", ""]
    assert _told("2", "0", sent=in_turn) == ["overtaken", "lost", ""]
    assert _told("0", "2", "0", "1", sent=in_turn) == ["repeated", "overtaken", ""]


def _heard(sent: int) -> st.SearchStrategy[list[str]]:
    """So many messages, or some of them, in any order."""
    return st.lists(st.sampled_from([str(number) for number in range(sent)]), unique=True) if sent else st.just([])


@given(st.lists(st.tuples(times, times), max_size=6).flatmap(lambda sent: st.tuples(st.just(sent), _heard(len(sent)))))
def test_overtaken_is_whatever_came_after_one_that_was_begun_when_it_was_answered(
    told: tuple[list[tuple[float, float]], list[str]],
) -> None:
    """By all that came before it, and not only by the last of these."""
    sent, heard = [(min(pair), max(pair)) for pair in told[0]], told[1]
    causes = _told(*heard, sent=sent)
    for place, message in enumerate(heard):
        answered = sent[int(message)][1]
        overtaken = any(answered <= sent[int(earlier)][0] for earlier in heard[:place])
        assert causes[int(message)] == ("overtaken" if overtaken else "")


@given(st.permutations(["0", "1", "2"]))
def test_what_was_sent_at_once_comes_in_any_order(heard: list[str]) -> None:
    """A message that was sent before another was answered may come before it as well as after it."""
    assert _told(*heard, sent=[(0.0, 0.2), (0.1, 0.3), (0.1, 0.4)]) == ["", "", ""]


def test_what_comes_late_is_not_judged() -> None:
    """A message of which no answer here tells is no delivery: it is late, or its answer was."""
    deliveries = Deliveries(5.0)
    deliveries.heard("theirs", 1.0, "late")
    assert list(deliveries.judged()) == []


def test_what_comes_again_by_another_id_is_repeated() -> None:
    """One text is one message: each copy of it by an id of its own is one sample more, whichever comes first."""
    deliveries = Deliveries(5.0)
    deliveries.sent("m", began=0.0, answered=0.1, what="m")
    for message in ("copy", "m", "another copy"):
        deliveries.heard(message, 0.2, "m")
    assert list(deliveries.judged()) == [Delivery(0.2), Delivery(None, REPEATED), Delivery(None, REPEATED)]


def test_what_was_taken_without_an_answer_may_come_once() -> None:
    """A message whose sender was never answered comes by an id that nobody knows; twice is repeated by any ids."""
    deliveries = Deliveries(5.0)
    deliveries.heard("taken", 0.2, "text")
    assert list(deliveries.judged()) == []
    deliveries.heard("copy", 0.3, "text")
    assert list(deliveries.judged()) == [Delivery(None, REPEATED)]
    same = Deliveries(5.0)
    for at in (0.2, 0.3):
        same.heard("taken", at, "text")
    assert list(same.judged()) == [Delivery(None, REPEATED)]


def test_what_others_say_to_each_other_has_failed() -> None:
    """A message that this phone may not hear is a failed sample, however often it comes."""
    deliveries = Deliveries(5.0)
    for at in (0.2, 0.3):
        deliveries.heard("theirs", at, "private", ours=False)
    assert list(deliveries.judged()) == [Delivery(None, "somebody else's message")]


@given(st.dictionaries(st.text(max_size=3), st.lists(times, max_size=3)), st.none() | times, times | st.just(math.inf))
def test_every_message_is_judged_exactly_once(
    heard: dict[str, list[float]], ended: float | None, given_up: float
) -> None:
    """There are as many judgements as messages, and only what came in time and once has no cause."""
    deliveries = Deliveries(5.0)
    for message, receipts in heard.items():
        for at in receipts:
            deliveries.heard(message, at, message)
        deliveries.sent(message, began=0.0, answered=1.0, what=message)
    deliveries.ended = ended
    judged = list(deliveries.judged(given_up))
    assert len(judged) == len(heard)
    good = [receipts for receipts in heard.values() if len(receipts) == 1 and receipts[0] <= 6.0]
    assert sorted(each.latency or 0.0 for each in judged if not each.cause) == sorted(at for (at,) in good)
