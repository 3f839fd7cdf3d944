"""Chatting: messages to a friend whose phone is connected, each of which must arrive there exactly once."""

import math
import threading
import time
import uuid
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from gevent import GreenletExit

from fixtures.checks.time_scale import scaled
from fixtures.contract import chat, frames
from fixtures.contract.frames import Event, Resume, Resumed, SocialError, SocialFrame, Welcome
from fixtures.contract.promises import PROMISES
from loadtests.failure import SOMEBODY_ELSES, Failure, agrees
from loadtests.journeys.deliveries import Deliveries
from loadtests.journeys.hearing import understood, until, welcomed
from loadtests.journeys.history import holds
from loadtests.journeys.journey import Journey, labels
from loadtests.kinds import CONNECTION, DELIVERY, WEBSOCKET
from loadtests.people.visitor import Device, Visitor

_CREATED: Final = "message.created"
_PRESENCE: Final = "presence.changed"


@dataclass(frozen=True, slots=True)
class Chatting(Journey):
    """Some messages one after the other, and a look at the conversation.

    Each message is a sample of "delivery": from sending it to its receipt by the friend's phone; "not as sent" if that
    is of another text, person or conversation; "lost" when it has not come by the promised deadline; "overtaken" when
    one that was said after it came before it; "repeated" when it came again before the journey was over, or before the
    next one of these two was, then as a sample more. So is what comes again by another id, and what is "somebody
    else's": their conversation is all that the phone may hear of. Of a journey that is ended the messages that were
    taken are counted all the same: what has not come by then has failed.
    """

    messages: int = 5

    name = "chatting"
    operations = labels(chat.SEND, chat.MESSAGES)
    measures = frozenset({CONNECTION, DELIVERY})

    def walk(self, visitor: Visitor, since: float) -> None:
        """The friend connects, the person writes, both wait until all has arrived, and look at the conversation.

        Raises the `Failure` of a step, else that of the first message that did not arrive as it has to.
        """
        deliveries = Deliveries(scaled(PROMISES.deadlines.message_delivery), visitor.delivered)
        visitor.friend_gone = math.inf
        try:
            with closing(visitor.phone(visitor.friend, since)) as phone:
                _is_up_to_date(phone, welcomed(phone, frames.read_social, Welcome, visitor.friend.user_id))
                ear = _Ear(phone, deliveries, visitor)
                began = time.perf_counter()
                wrong = self._talk(visitor, ear)
        except GreenletExit:
            _counted(visitor, deliveries, given_up=time.perf_counter())
            raise
        finally:
            visitor.delivered = deliveries.delivered
        if deliveries.ended is None:
            visitor.friend_gone = time.perf_counter()
        # The phone listened until its connection was closed: what came again until then is known by now.
        worst = _counted(visitor, deliveries)
        for failure in (wrong, ear.wrong, worst):
            if failure is not None:
                raise failure
        visitor.talked = began

    def _talk(self, visitor: Visitor, ear: "_Ear") -> Failure | None:
        """Write, wait for what was taken, and look; returns what went wrong."""
        wrong: Failure | None = None
        sent: list[chat.Message] = []
        try:
            for _ in range(self.messages):
                self._say(visitor, ear.deliveries, sent)
        except Failure as failure:
            wrong = failure
        ear.waits()
        if wrong is None:
            try:
                _look(visitor, sent)
            except Failure as failure:
                wrong = failure
        return wrong

    @staticmethod
    def _say(visitor: Visitor, deliveries: Deliveries, sent: list[chat.Message]) -> None:
        key = uuid.uuid4().hex
        began = time.perf_counter()
        what = _What(visitor.conversation_id, visitor.person.user_id, f"How are you? ({key})")
        message = visitor.client.send(chat.send(what.conversation_id, what.text, idempotency_key=key))
        deliveries.sent(message.message_id, began=began, answered=time.perf_counter(), what=what)
        agrees(message, **what._asdict())
        if sent and message.seq <= sent[-1].seq:
            raise Failure("wrong seq", f"{message.seq} after {sent[-1].seq}")
        sent.append(message)


def _look(visitor: Visitor, sent: Sequence[chat.Message]) -> None:
    """See what was said; raises `Failure`. Full pages stay as they are: who has seen one goes on behind it."""
    while True:
        page = visitor.client.send(chat.messages(visitor.conversation_id, cursor=visitor.cursor))
        holds(page.items, visitor.conversation_id, visitor.person.user_id, sent, before=visitor.before)
        seen = visitor.before + len(page.items)
        if page.next_cursor is None:
            return
        visitor.cursor, visitor.before = page.next_cursor, seen
        if sent[-1].seq <= seen:
            return


def _is_up_to_date(phone: Device, welcome: Welcome) -> None:
    """Resume from the newest event there is, as phones do; raises `Failure`.

    A service may hold events back after the welcome until it knows whether earlier ones are wanted first. How long it
    waits for that is no part of how soon a phone hears of a message.
    """
    if welcome.last_event_id is None:
        return
    phone.send(frames.write(Resume(welcome.last_event_id)))
    until(phone, frames.read_social, _resumed, scaled(PROMISES.deadlines.resume), "resumed")


def _resumed(frame: SocialFrame) -> Resumed | None:
    if isinstance(frame, SocialError):
        raise Failure(f"error {frame.code}", frame.detail)
    return frame if isinstance(frame, Resumed) else None


class _What(NamedTuple):
    """What of a message both sides must agree on."""

    conversation_id: str
    sender_id: str
    text: str


class _Ear:
    """Listens to a phone and notes which messages it hears, and when."""

    def __init__(self, phone: Device, deliveries: Deliveries, visitor: Visitor) -> None:
        self.deliveries = deliveries
        self._ours = (visitor.conversation_id, visitor.person.user_id)
        self._both = {visitor.person.user_id, visitor.friend.user_id}
        self.wrong: Failure | None = None
        """What came that the contract does not know, or that a stranger comes or goes."""
        self._stir = threading.Event()
        phone.listen(self._hears, self._ends)

    def waits(self) -> None:
        """Return when all messages were heard, or there is nothing to wait for any more."""
        while (until := self.deliveries.awaited()) is not None:
            left = until - time.perf_counter()
            if left <= 0:
                return
            self._stir.wait(left)
            self._stir.clear()

    def _hears(self, text: str) -> None:
        at = time.perf_counter()
        try:
            frame = understood(frames.read_social, text)
        except Failure as wrong:
            self.wrong = wrong
            return
        if isinstance(frame, Event) and frame.event == _CREATED:
            what = _What(*(frame.data[field] for field in _What._fields))
            ours = (what.conversation_id, what.sender_id) == self._ours
            self.deliveries.heard(frame.data["message_id"], at, what, ours=ours)
            self._stir.set()
        elif isinstance(frame, Event) and frame.event == _PRESENCE and frame.data["user_id"] not in self._both:
            self.wrong = Failure(f"{SOMEBODY_ELSES} presence", frame.data["user_id"])

    def _ends(self, closure: Any) -> None:  # noqa: ANN401 - whichever the device has
        if not closure.by_us:
            self.deliveries.ended = time.perf_counter()
        self._stir.set()


def _counted(visitor: Visitor, deliveries: Deliveries, *, given_up: float = math.inf) -> Failure | None:
    """Count every delivery; returns the first that failed."""
    first = None
    for delivery in deliveries.judged(given_up):
        failure = Failure(delivery.cause) if delivery.cause else None
        visitor.counts(WEBSOCKET, DELIVERY, delivery.latency, failure)
        first = first or failure
    return first
