from dataclasses import dataclass, replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.checks.difference import hidden
from fixtures.checks.histories import Anomaly, Defect, History, Read, Result, Send, anomalies

ACK, FAILED, UNKNOWN = Result.ACKNOWLEDGED, Result.FAILED, Result.UNKNOWN


def send(sender: str, sequence: int, result: Result = ACK) -> Send:
    """One of a sender's sends, each begun when the one before was over."""
    completed = None if result is UNKNOWN else sequence + 0.9
    return Send(sender, sequence, f"{sender}{sequence}", result, float(sequence), completed)


def found(sends: list[Send], *seen: str) -> set[tuple[Defect, str]]:
    history = History(tuple(sends), (Read("r", seen),))
    return {(anomaly.defect, anomaly.message) for anomaly in anomalies(history)}


@dataclass(frozen=True)
class Right:
    """A history of a platform that keeps its promises, and the reader's view as a list."""

    sends: tuple[Send, ...]
    seen: tuple[str, ...]


@st.composite
def right(draw: st.DrawFn) -> Right:
    """Senders of several results, merged in any order; unknown sends appear late, in place, or not at all."""
    sends: list[Send] = []
    queues: list[list[str]] = []
    for sender in "abc"[: draw(st.integers(1, 3))]:
        results = draw(st.lists(st.sampled_from([ACK, ACK, ACK, UNKNOWN, FAILED]), min_size=1, max_size=8))
        own = [send(sender, number, result) for number, result in enumerate(results)]
        sends += own
        queue: list[str] = []
        late: list[str] = []
        for one in own:
            if one.result is ACK:
                queue.append(one.message)
            elif one.result is UNKNOWN:
                match draw(st.sampled_from(["in place", "late", "never"])):
                    case "in place":
                        queue.append(one.message)
                    case "late":
                        late.append(one.message)
        queues.append(queue + late)
    sends.append(send("z", 0))
    queues.append(["z0"])
    random = Random(draw(st.integers()))
    seen: list[str] = []
    while any(queues):
        seen.append(random.choice([queue for queue in queues if queue]).pop(0))
    return Right(tuple(sends), tuple(seen))


@given(right())
def test_no_false_alarm(history: Right) -> None:
    """A history of a platform that keeps its promises has no anomaly, whatever the unknown sends did."""
    assert anomalies(History(history.sends, (Read("r", history.seen),))) == ()


@given(right(), st.data())
def test_every_injected_anomaly_is_found_and_nothing_else(history: Right, data: st.DataObject) -> None:
    """Whatever is broken in a right history is found, at the reader that saw it, and nothing else is."""
    acknowledged = {one.message for one in history.sends if one.result is ACK}
    failed = [one.message for one in history.sends if one.result is FAILED]
    known = [message for message in history.seen if message in acknowledged]
    seen = list(history.seen)
    kind = data.draw(st.sampled_from([*Defect, "refused"] if failed else list(Defect)))
    match kind:
        case Defect.LOST:
            victim = data.draw(st.sampled_from(known))
            seen.remove(victim)
            expected = {(Defect.LOST, victim)}
        case Defect.REPEATED:
            victim = data.draw(st.sampled_from(seen))
            place = data.draw(st.integers(0, len(seen)))
            # The copy comes later: the first sighting stays where it was.
            seen.insert(max(place, seen.index(victim) + 1), victim)
            expected = {(Defect.REPEATED, victim)}
        case Defect.PHANTOM:
            seen.insert(data.draw(st.integers(0, len(seen))), "nobody's")
            expected = {(Defect.PHANTOM, hidden("nobody's"))}
        case "refused":
            seen.insert(data.draw(st.integers(0, len(seen))), failed[0])
            expected = {(Defect.PHANTOM, failed[0])}
        case _:
            of_sender = [message for message in known if message[0] == known[0][0]]
            if len(of_sender) < 2:
                return
            one, other = of_sender[0], of_sender[1]
            places = seen.index(one), seen.index(other)
            seen[places[0]], seen[places[1]] = other, one
            # Moving two apart may also pass an unknown send that was in place between them.
            told = {
                (each.defect, each.message) for each in anomalies(History(history.sends, (Read("r", tuple(seen)),)))
            }
            assert (Defect.REORDERED, one) in told
            assert {defect for defect, _ in told} == {Defect.REORDERED}
            return
    reads = (Read("q", history.seen), Read("r", tuple(seen)))
    result = anomalies(History(history.sends, reads))
    assert {(each.defect, each.message) for each in result} == expected
    assert {each.reader for each in result} == {"r"}


def test_an_acknowledged_message_must_be_seen_by_every_reader() -> None:
    """What was acknowledged and is not seen is lost."""
    assert found([send("a", 0), send("a", 1)], "a0") == {(Defect.LOST, "a1")}


def test_an_unknown_send_may_be_seen_or_not_early_or_late() -> None:
    """A send without an answer may have happened, also later than the sender's next."""
    sends = [send("a", 0, UNKNOWN), send("a", 1)]
    assert found(sends, "a1") == found(sends, "a0", "a1") == found(sends, "a1", "a0") == set()


def test_an_unknown_send_is_seen_once_and_not_before_its_time() -> None:
    """A send without an answer may not be seen twice, nor before what was acknowledged before it began."""
    sends = [send("a", 0), send("a", 1, UNKNOWN)]
    assert found(sends, "a1", "a0") == {(Defect.REORDERED, "a0")}
    assert found(sends, "a0", "a1", "a1") == {(Defect.REPEATED, "a1")}


def test_a_refused_send_must_not_be_seen() -> None:
    """What the sender was refused and a reader sees all the same is a phantom."""
    assert found([send("a", 0), send("a", 1, FAILED)], "a0", "a1") == {(Defect.PHANTOM, "a1")}


def test_an_unknown_send_hides_no_reordering_around_it() -> None:
    """A late message of unknown outcome between two others does not hide that these changed places."""
    sends = [send("a", 0, UNKNOWN), send("a", 1), send("a", 2)]
    assert found(sends, "a2", "a0", "a1") == {(Defect.REORDERED, "a1")}


def test_sends_that_overlap_have_no_order() -> None:
    """Of two sends of one sender that overlap in time neither is first; one begun at the answer does not overlap."""
    sends = [replace(send("a", 0), completed=5.0), send("a", 1)]
    assert found(sends, "a1", "a0") == set()
    sends = [replace(send("a", 0), completed=1.0), send("a", 1)]
    assert found(sends, "a1", "a0") == {(Defect.REORDERED, "a0")}


def test_an_answer_that_leaves_the_outcome_open_sets_no_order() -> None:
    """A send that was answered by an error may happen later than the sender's next, as one without an answer."""
    sends = [replace(send("a", 0, UNKNOWN), completed=0.9), send("a", 1)]
    assert found(sends, "a1", "a0") == set()


def test_where_numbers_and_times_disagree_there_is_no_order() -> None:
    """Of a sender that took a number early and used it late nobody knows which was meant to be first."""
    sends = [replace(send("a", 0), invoked=2.0, completed=2.9), send("a", 1)]
    assert found(sends, "a0", "a1") == found(sends, "a1", "a0") == set()


@pytest.mark.parametrize(
    "history",
    [
        History((send("a", 0),), ()),
        History((), (Read("r", ()),)),
        History((send("a", 0, UNKNOWN),), (Read("r", ()),)),
        History((send("a", 0), send("a", 0)), (Read("r", ()),)),
        History((send("a", 0), replace(send("a", 0), message="other")), (Read("r", ()),)),
        History((send("a", 0),), (Read("r", ()), Read("r", ()))),
        History((replace(send("a", 0), completed=None), send("b", 0)), (Read("r", ()),)),
    ],
)
def test_a_history_that_proves_nothing_is_refused(history: History) -> None:
    """A history without reader or acknowledged send, or with a name used twice, never passes."""
    with pytest.raises(ValueError, match=r"proves nothing|twice|no time"):
        anomalies(history)


def test_an_anomaly_is_told_in_one_line() -> None:
    """An anomaly says what, where, which message and what shows it."""
    (anomaly,) = anomalies(History((send("a", 0), send("a", 1)), (Read("bob's phone", ("a1", "a0")),)))
    assert isinstance(anomaly, Anomaly)
    assert str(anomaly) == "reordered at bob's phone: a0 (a's number 0 after its number 1)"
    sends = (send("a", 0), send("a", 1), send("b", 7))
    (anomaly,) = anomalies(History(sends, (Read("r", ("b7", "a1", "a0")),)))
    assert anomaly.detail == "a's number 0 after its number 1"


def test_what_nobody_of_the_history_sent_is_not_shown() -> None:
    """A message of somebody else, seen once or more, is told without its text."""
    history = History((send("a", 0),), (Read("r", ("a0", "what a stranger wrote", "what a stranger wrote")),))
    told = [str(anomaly) for anomaly in anomalies(history)]
    assert [one.partition(" ")[0] for one in told] == ["phantom", "repeated"]
    assert not any("stranger" in one for one in told)
