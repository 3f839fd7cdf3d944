"""VID: calls from ringing to their end, whatever the end is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from fixtures.checks import eventually, must
from fixtures.checks.match import at_most, contains, contains_none, each, empty, equals, exactly_once, has, one_of
from fixtures.contract import frames
from fixtures.contract import video_call_signaling as signaling
from fixtures.contract.promises import PROMISES

if TYPE_CHECKING:
    from fixtures.checks.match import Matcher
    from fixtures.clients.devices import Camera
    from fixtures.clients.person import Person
    from fixtures.contract.video_call_signaling import Call

SDP = "v=0\r\no=- 46117 2 IN IP4 127.0.0.1\r\ns=¿qué tal? — 通话\r\nt=0 0\r\na=group:BUNDLE 0\r\na=ice-ufrag:x/+=\r\n"
CANDIDATES = tuple(
    frames.IceCandidate(f"candidate:{place} 1 udp {2130706431 - place} 127.0.0.1 {50000 + place} typ host", "0", 0)
    for place in range(5)
)


@pytest.mark.guide("VID-01", service="video-call-signaling")
def test_call_is_set_up_and_ended(alice: Person, bob: Person) -> None:
    """Each step of a call reaches the other person unchanged and in order, and it ends on both sides."""
    hers, his, call = _ringing(alice, bob)
    must(call, has(caller_id=alice.user_id, callee_id=bob.user_id, state="ringing"), subject="a new call")
    alice.is_refused(signaling.accept(call.call_id), "forbidden")
    must(bob.calls.accepts(call), has(state="accepted"), subject="the call that bob accepted")
    _hears(hers, call, "accepted", has(state="accepted"))

    hers.sends(frames.Offer(call.call_id, SDP))
    _gets(his, frames.RelayedOffer(call.call_id, SDP, alice.user_id))
    his.sends(frames.SessionAnswer(call.call_id, SDP[::-1]))
    _gets(hers, frames.RelayedAnswer(call.call_id, SDP[::-1], bob.user_id))
    for sender, mine, theirs in ((alice, hers, his), (bob, his, hers)):
        former = len(theirs.relayed())
        trickle = [*CANDIDATES, None]
        for candidate in trickle:
            mine.sends(frames.Candidate(call.call_id, candidate))
        eventually(
            partial(_relayed_after, theirs, former),
            equals([frames.RelayedCandidate(call.call_id, candidate, sender.user_id) for candidate in trickle]),
            within=PROMISES.deadlines.call_step,
            subject=f"the candidates that {theirs.name} gets",
            service=signaling.SERVICE,
        )

    must(alice.calls.hangs_up(call), has(state="ended", end_reason="hangup"), subject="the call that alice ended")
    _ends_for_both((alice, hers), (bob, his), call, "hangup")
    hers.sends(frames.Candidate(call.call_id, CANDIDATES[0]))
    eventually(
        hers.frames,
        contains(has(code=one_of("bad-state", "unknown-call"))),
        within=PROMISES.deadlines.frame_answer,
        subject="the answer to a candidate after the call",
        service=signaling.SERVICE,
    )


@pytest.mark.guide("VID-01", service="video-call-signaling")
def test_third_person_takes_no_part(alice: Person, bob: Person, carol: Person) -> None:
    """A third person neither sees nor hears a call, and nothing that she sends into it reaches anybody."""
    hers, his, call = _ringing(alice, bob)
    third = carol.turns_camera_on()
    bob.calls.accepts(call)
    _hears(hers, call, "accepted", has(state="accepted"))
    for operation in (signaling.get_call, signaling.accept, signaling.decline, signaling.hang_up):
        carol.is_refused(operation(call.call_id), "not-found")
    third.sends(frames.Candidate(call.call_id, CANDIDATES[0]))
    eventually(
        third.frames,
        contains(has(code="unknown-call")),
        within=PROMISES.deadlines.frame_answer,
        subject="the answer to a third person's candidate",
        service=signaling.SERVICE,
        likely="it was dropped without a word, or it went on into the call",
    )
    hers.sends(frames.Candidate(call.call_id, CANDIDATES[1]))
    _gets(his, frames.RelayedCandidate(call.call_id, CANDIDATES[1], alice.user_id))
    must(his.relayed(), each(has(from_user_id=alice.user_id)), subject="what bob gets", service=signaling.SERVICE)
    alice.calls.hangs_up(call)
    _ends_for_both((alice, hers), (bob, his), call, "hangup")

    # Her own call comes after all of that on her connection: what she was given of the other is there by now.
    carol.befriends(alice)
    own = alice.calls.rings(carol)
    _hears(third, own, "ringing", has(state="ringing"))
    must(third.steps(call.call_id), empty(), subject="the steps a third person hears", service=signaling.SERVICE)
    must(third.relayed(), empty(), subject="what a third person gets", service=signaling.SERVICE)
    carol.calls.declines(own)


@pytest.mark.guide("VID-02", service="video-call-signaling")
def test_call_is_declined(alice: Person, bob: Person) -> None:
    """A call that is declined ends as declined on both sides."""
    hers, his, call = _ringing(alice, bob)
    must(bob.calls.declines(call), has(state="ended", end_reason="declined"), subject="the call that bob declined")
    _hears(hers, call, "declined", has(state="ended", end_reason="declined"))
    _is_over((alice, bob), call, "declined")
    bob.is_refused(signaling.accept(call.call_id), "conflict")

    # What was told twice comes before what is told next.
    later = alice.calls.rings(bob)
    for camera in (hers, his):
        _hears(camera, later, "ringing", has(state="ringing"))
        _hears(camera, call, "declined", has(state="ended", end_reason="declined"))
    alice.calls.hangs_up(later)


@pytest.mark.guide("VID-02", service="video-call-signaling")
def test_callee_is_busy(alice: Person, bob: Person, carol: Person) -> None:
    """Who is in a call is busy to others, hears nothing of them, and can be called again when it is over."""
    carol.befriends(bob)
    hers, his, call = _ringing(alice, bob)
    bob.calls.accepts(call)
    _hears(hers, call, "accepted", has(state="accepted"))
    other = carol.calls.rings(bob)
    must(other, has(state="ended", end_reason="busy"), subject="the call to bob, who is in another")
    must(bob.calls.hangs_up(call), has(state="ended", end_reason="hangup"), subject="the call that bob ended")
    _ends_for_both((alice, hers), (bob, his), call, "hangup")
    carol.turns_camera_on()
    later = carol.calls.rings(bob)
    _hears(his, later, "ringing", has(caller_id=carol.user_id, state="ringing"))
    carol.calls.hangs_up(later)
    must(
        his.steps(other.call_id),
        contains_none(has(event="ringing")),
        subject="what bob heard of the call that found him busy",
        service=signaling.SERVICE,
    )


@pytest.mark.waits(PROMISES.calls.ring_timeout_min)
@pytest.mark.guide("VID-02", service="video-call-signaling")
def test_nobody_answers(alice: Person, bob: Person) -> None:
    """A call that nobody answers stops ringing in time and ends as such on both sides."""
    seconds = PROMISES.calls.ring_timeout_min
    hers, his, call = _ringing(alice, bob, ring_timeout_s=seconds)
    _ends_for_both((alice, hers), (bob, his), call, "no-answer", within=seconds + PROMISES.deadlines.call_timeout)


@pytest.mark.guide("VID-02", service="video-call-signaling")
def test_caller_gives_up(alice: Person, bob: Person) -> None:
    """A call that the caller gives up while it rings ends as cancelled on both sides."""
    hers, his, call = _ringing(alice, bob)
    must(alice.calls.hangs_up(call), has(state="ended", end_reason="cancelled"), subject="the call alice gave up")
    _ends_for_both((alice, hers), (bob, his), call, "cancelled")


@pytest.mark.waits(2)
@pytest.mark.guide("VID-02", service="video-call-signaling")
@pytest.mark.parametrize("accepted", [False, True], ids=["while-ringing", "in-the-call"])
def test_caller_vanishes(alice: Person, bob: Person, accepted: bool) -> None:  # noqa: FBT001 -- pytest's parameter
    """A call whose caller is gone ends as such for the other, once a grace that is short has passed."""
    hers, his, call = _ringing(alice, bob)
    welcome = hers.welcome()
    # Before anything waits for as long.
    must(
        welcome,
        has(vanish_grace_s=at_most(PROMISES.calls.vanish_grace, "s")),
        subject=f"the welcome of {hers.name}",
        service=signaling.SERVICE,
        likely="the other is left alone in a call for as long",
    )
    if accepted:
        bob.calls.accepts(call)
        _hears(hers, call, "accepted", has(state="accepted"))
    hers.vanishes()
    _hears(
        his,
        call,
        "ended",
        has(state="ended", end_reason="caller-vanished"),
        within=welcome.vanish_grace_s + PROMISES.deadlines.call_timeout,
    )
    _is_over((alice, bob), call, "caller-vanished")


def _ringing(caller: Person, callee: Person, *, ring_timeout_s: int | None = None) -> tuple[Camera, Camera, Call]:
    """Two friends with their cameras on, and the call of the one that rings at the other's."""
    caller.befriends(callee)
    hers, his = caller.turns_camera_on(), callee.turns_camera_on()
    call = caller.calls.rings(callee, ring_timeout_s=ring_timeout_s)
    _hears(his, call, "ringing", has(caller_id=caller.user_id, callee_id=callee.user_id, state="ringing"))
    return hers, his, call


def _hears(
    camera: Camera, call: Call, event: str, expected: Matcher, *, within: float = PROMISES.deadlines.call_step
) -> None:
    eventually(
        lambda: camera.steps(call.call_id),
        exactly_once(has(event=event, call=expected)),
        within=within,
        subject=f"the steps of the call that {camera.name} hears",
        service=signaling.SERVICE,
    )


def _gets(camera: Camera, frame: frames.CallFrame) -> None:
    eventually(
        camera.relayed,
        exactly_once(equals(frame)),
        within=PROMISES.deadlines.call_step,
        subject=f"what {camera.name} gets from the other",
        service=signaling.SERVICE,
    )


def _relayed_after(camera: Camera, former: int) -> tuple[frames.CallFrame, ...]:
    return camera.relayed()[former:]


def _ends_for_both(
    one: tuple[Person, Camera],
    other: tuple[Person, Camera],
    call: Call,
    reason: str,
    *,
    within: float = PROMISES.deadlines.call_step,
) -> None:
    for _, camera in (one, other):
        _hears(camera, call, "ended", has(state="ended", end_reason=reason), within=within)
    _is_over((one[0], other[0]), call, reason)


def _is_over(people: tuple[Person, ...], call: Call, reason: str) -> None:
    for person in people:
        must(
            person.calls.looks_at(call),
            has(state="ended", end_reason=reason),
            subject=f"the call as {person} sees it",
            service=signaling.SERVICE,
        )
