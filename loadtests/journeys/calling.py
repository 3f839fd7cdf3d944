"""Calling: one friend calls the other, and both agree on a media path; then the caller hangs up."""

import contextlib
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import Final, Literal

from gevent import GreenletExit

from fixtures.checks.time_scale import scaled
from fixtures.contract import frames
from fixtures.contract import video_call_signaling as signaling
from fixtures.contract.frames import (
    CallError,
    CallFrame,
    CallStep,
    CallWelcome,
    Candidate,
    ClientFrame,
    Offer,
    RelayedAnswer,
    RelayedCandidate,
    RelayedOffer,
    SessionAnswer,
)
from fixtures.contract.promises import PROMISES
from loadtests.failure import NOT_AS_SENT, REPEATED, SOMEBODY_ELSES, UNANSWERED, Failure, agrees
from loadtests.journeys.hearing import understood, until, welcomed
from loadtests.journeys.journey import Journey, labels
from loadtests.journeys.media import candidates, description
from loadtests.kinds import AGREED_CALL, CALL, CONNECTION
from loadtests.people.visitor import Device, Visitor

Event = Literal["ringing", "accepted", "ended"]
Relayed = RelayedOffer | RelayedAnswer | RelayedCandidate
_STEP: Final = PROMISES.deadlines.call_step


@dataclass(frozen=True, slots=True)
class Calling(Journey):
    """A call with both cameras connected.

    Counted as "call": from asking to ring until both sides have the other's description and all candidates, unchanged
    and in order; a call that does not come to that has no latency, and the step that failed is its cause. One that is
    on its way there when the journey is ended has failed, too.
    """

    name = "calling"
    operations = labels(signaling.CALL, signaling.ACCEPT, signaling.HANG_UP)
    measures = frozenset({CONNECTION, AGREED_CALL})

    def walk(self, visitor: Visitor, since: float) -> None:
        """Connect both cameras, call, ring, accept, agree, hang up, and hear that it has ended on both sides."""
        with (
            closing(visitor.camera(visitor.person, since)) as mine,
            closing(visitor.camera(visitor.friend)) as theirs,
        ):
            for camera, whose in ((mine, visitor.person), (theirs, visitor.friend)):
                welcomed(camera, frames.read_call, CallWelcome, whose.user_id)
            began = time.perf_counter()
            try:
                caller, callee = self._agree(visitor, mine, theirs)
            except Failure as failure:
                visitor.counts(CALL, AGREED_CALL, None, failure)
                raise
            except GreenletExit:
                visitor.counts(CALL, AGREED_CALL, None, Failure(UNANSWERED))
                raise
            visitor.counts(CALL, AGREED_CALL, time.perf_counter() - began)
            caller.agrees(visitor.client.send(signaling.hang_up(caller.call.call_id)), "ended")
            caller.hears("ended")
            callee.hears("ended")
            caller.listens()
            callee.listens()
        # Both listened until their connections were closed.
        for wrong in (*caller.wrong, *callee.wrong):
            raise wrong

    @staticmethod
    def _agree(visitor: Visitor, mine: Device, theirs: Device) -> tuple["_Side", "_Side"]:
        """Ring, accept and exchange what a media path needs; a call that fails on the way is hung up."""
        call = visitor.client.send(signaling.call(visitor.friend.user_id))
        if call.state != "ringing":
            raise Failure(f"not ringing: {call.end_reason}")
        agrees(call, caller_id=visitor.person.user_id, callee_id=visitor.friend.user_id)
        caller, callee = _Side(mine, call, call.caller_id), _Side(theirs, call, call.callee_id)
        try:
            callee.hears("ringing")
            callee.agrees(visitor.friends_client.send(signaling.accept(call.call_id)), "accepted")
            caller.hears("accepted")
            _exchange(caller, callee)
        except Failure:
            # Who is left in a call is busy to the next.
            with contextlib.suppress(Failure):
                visitor.client.send(signaling.hang_up(call.call_id))
            raise
        return caller, callee


@dataclass(frozen=True, slots=True)
class _Side:
    """One person of a call and that person's camera; what does not come as it must is raised as `Failure`."""

    camera: Device
    call: signaling.Call
    user_id: str
    told: set[str] = field(default_factory=set)
    """How far this side was told that the call has come."""
    wrong: list[Failure] = field(default_factory=list)
    """What came after its end."""

    def listens(self) -> None:
        """Note from now on what is no good; nothing is waited for any more."""
        self.camera.listen(self._still)

    def _still(self, text: str) -> None:
        try:
            self._ours(understood(frames.read_call, text))
        except Failure as wrong:
            self.wrong.append(wrong)

    def agrees(self, call: signaling.Call, state: signaling.State | None = None) -> None:
        """Raises `Failure` unless it is this call, in this state; one that has ended was hung up."""
        agrees(call, **{field: getattr(self.call, field) for field in ("call_id", "caller_id", "callee_id")})
        if state is not None:
            agrees(call, state=state, end_reason="hangup" if state == "ended" else None)

    def sends(self, frame: ClientFrame) -> None:
        self.camera.send(frames.write(frame))

    def trickles(self) -> None:
        for candidate in candidates():
            self.sends(Candidate(self.call.call_id, candidate))

    def hears(self, event: Event) -> None:
        """Wait until the call has come that far."""
        self._waits(partial(self._step, event), event)

    def gets(self, expected: Relayed) -> None:
        """Wait for what the other side sent, and nothing of that kind before it."""
        self._waits(partial(self._relayed, expected), type(expected).__name__.removeprefix("Relayed").lower())

    def gets_trickle_of(self, other: "_Side") -> None:
        """Wait for all candidates of the other side."""
        for candidate in candidates():
            self.gets(RelayedCandidate(self.call.call_id, candidate, other.user_id))

    def _waits(self, wanted: Callable[[CallFrame], CallFrame | None], what: str) -> None:
        until(self.camera, frames.read_call, lambda frame: wanted(self._ours(frame)), scaled(_STEP), what)

    def _ours(self, frame: CallFrame) -> CallFrame:
        """The frame; raises `Failure` for one about other people, which is not what comes late of an earlier call.

        Also for a step that was told before, be it that the call is over: a phone that rings again rings for nobody.
        """
        people = {self.call.caller_id, self.call.callee_id}
        if isinstance(frame, CallStep):
            if frame.call.call_id == self.call.call_id:
                self.agrees(frame.call)
                if frame.event in self.told:
                    over = "ended" in self.told and frame.event != "ended"
                    raise Failure(f"{frame.event} after the end" if over else f"{REPEATED} {frame.event}")
                self.told.add(frame.event)
            elif {frame.call.caller_id, frame.call.callee_id} != people:
                raise Failure(f"{SOMEBODY_ELSES} call", f"{frame.event} of call {frame.call.call_id}")
        elif isinstance(frame, Relayed) and frame.from_user_id not in people:
            raise Failure(f"{SOMEBODY_ELSES} call", f"{type(frame).__name__} of call {frame.call_id}")
        return frame

    def _step(self, event: Event | None, frame: CallFrame) -> CallFrame | None:
        """A frame that says that the call has come so far; raises `Failure` for one that says that it is over."""
        if isinstance(frame, CallError):
            raise Failure(f"error {frame.code}", frame.detail)
        if not isinstance(frame, CallStep) or frame.call.call_id != self.call.call_id:
            return None
        if frame.event == event:
            self.agrees(frame.call, event)
            return frame
        if frame.event in {"ended", "declined"}:
            raise Failure(f"ended: {frame.call.end_reason}", f"instead of {event or 'what the other side sent'}")
        return None

    def _relayed(self, expected: Relayed, frame: CallFrame) -> CallFrame | None:
        if not isinstance(frame, Relayed):
            # No step is wanted; but that the call has ended, or an error, is the reason why nothing comes.
            self._step(None, frame)
            return None
        if frame.call_id != self.call.call_id:
            return None
        if frame != expected:
            raise Failure(NOT_AS_SENT, f"expected {expected}, got {frame}")
        return frame


def _exchange(caller: _Side, callee: _Side) -> None:
    """Offer and answer, and the candidates of both sides, each right behind its side's description."""
    call_id, offer, answer = caller.call.call_id, description("actpass"), description("active")
    caller.sends(Offer(call_id, offer))
    caller.trickles()
    callee.gets(RelayedOffer(call_id, offer, caller.user_id))
    callee.sends(SessionAnswer(call_id, answer))
    callee.trickles()
    callee.gets_trickle_of(caller)
    caller.gets(RelayedAnswer(call_id, answer, callee.user_id))
    caller.gets_trickle_of(callee)
