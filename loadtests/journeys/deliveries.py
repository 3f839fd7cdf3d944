"""Whether each message reached the other person exactly once, and how soon. Pure: times are given."""

import math
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Final

from loadtests.failure import NOT_AS_SENT, REPEATED, SOMEBODY_ELSES, UNANSWERED

LOST: Final = "lost"
OVERTAKEN: Final = "overtaken"
DOUBLED: Final = "one id for two messages"
DISCONNECTED: Final = "disconnected"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message: seconds from sending it to its first receipt, None if that never came; `cause` if it failed."""

    latency: float | None
    cause: str = ""


@dataclass(frozen=True, slots=True)
class _Sent:
    began: float
    answered: float
    what: object


class Deliveries:
    """The messages of one journey; all times by one clock, `deadline` in seconds after the answer to the sender."""

    def __init__(self, deadline: float, before: Collection[str] = ()) -> None:
        """`before` are messages that were delivered already, and must not come again."""
        self._deadline = deadline
        self._before = before
        self._again: set[str] = set()
        self._sent: dict[str, _Sent] = {}
        self._heard: dict[str, list[tuple[float, object]]] = {}
        self._others: set[str] = set()
        self._doubled = 0
        self.ended: float | None = None
        """When the receiving device lost its connection; leaving is no loss."""

    def sent(self, message_id: str, *, began: float, answered: float, what: object = None) -> None:
        """Take note that the platform took a message, which says `what`; receipt may have come before."""
        if message_id in self._sent:
            # Whatever comes by that id, it cannot be both.
            self._doubled += 1
        else:
            self._sent[message_id] = _Sent(began, answered, what)

    def heard(self, message_id: str, at: float, what: object = None, *, ours: bool = True) -> None:
        """Take note of a receipt; `ours` is whether that person may say something in that conversation."""
        if message_id in self._before:
            self._again.add(message_id)
        if not ours:
            self._others.add(message_id)
        self._heard.setdefault(message_id, []).append((at, what))

    def awaited(self) -> float | None:
        """Until when there is something to wait for; None if everything was heard or nothing can come any more."""
        if self.ended is not None:
            return None
        missing = [sent.answered for message, sent in self._sent.items() if message not in self._heard]
        return max(missing) + self._deadline if missing else None

    @property
    def delivered(self) -> frozenset[str]:
        """Messages that were sent and heard."""
        return frozenset(self._sent.keys() & self._heard.keys())

    def judged(self, given_up: float = math.inf) -> Iterator[Delivery]:
        """Each message: in time and once, "not as sent", "repeated", "lost", or "disconnected" before its deadline.

        One that was answered before another was sent, and was heard after it, is "overtaken" by that.
        One that came again after it was judged is one more, "repeated"; one that got the id of another has failed,
        whatever came. Nobody listens from `given_up` on: what still had time then did not come, either. What came by
        other ids is judged only if it has failed: it is "somebody else's message", or says what was heard already.
        """
        overtaken = self._overtaken()
        for message, sent in self._sent.items():
            # No latency is negative, also of an id that was heard before anything was sent by it.
            receipts = self._heard.get(message, [])
            heard = [max(at, sent.began) for at, _ in receipts]
            latest = sent.answered + self._deadline
            if any(what != sent.what for _, what in receipts):
                yield Delivery(heard[0] - sent.began, NOT_AS_SENT)
            elif len(heard) > 1:
                yield Delivery(heard[0] - sent.began, REPEATED)
            elif heard and heard[0] <= latest:
                yield Delivery(heard[0] - sent.began, OVERTAKEN if message in overtaken else "")
            elif self.ended is not None and self.ended <= latest:
                yield Delivery(None, DISCONNECTED)
            elif given_up <= latest:
                yield Delivery(None, UNANSWERED)
            else:
                yield Delivery(None, LOST)
        for _ in self._again:
            yield Delivery(None, REPEATED)
        for _ in range(self._doubled):
            yield Delivery(None, DOUBLED)
        yield from self._unasked()

    def _overtaken(self) -> frozenset[str]:
        """Messages that came for the first time after one that was sent when they were answered already."""
        found = []
        newest = -math.inf
        for message in self._heard:
            if (sent := self._sent.get(message)) is None:
                continue
            if sent.answered <= newest:
                found.append(message)
            newest = max(newest, sent.began)
        return frozenset(found)

    def _unasked(self) -> Iterator[Delivery]:
        """What came by ids that no answer had. It may be late, or its answer may have been: once that is no failure."""
        known = {what for message in self.delivered for _, what in self._heard[message]}
        for message, receipts in self._heard.items():
            if message in self._sent or message in self._before:
                continue
            what = receipts[0][1]
            if message in self._others:
                yield Delivery(None, f"{SOMEBODY_ELSES} message")
            elif what in known or len(receipts) > 1:
                yield Delivery(None, REPEATED)
            known.add(what)
