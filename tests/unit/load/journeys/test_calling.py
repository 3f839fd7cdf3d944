"""Calling: a call is good when both sides have all that a media path needs, and its failure names the step."""

import itertools
import time
from typing import Any

import gevent
import pytest
from msgspec.structs import replace

from loadtests.failure import UNANSWERED, Failure
from loadtests.journeys import JOURNEYS
from loadtests.journeys.media import candidates, description
from tests.unit.load.journeys.device import Device
from tests.unit.load.journeys.town import Town, an_id


def _runs(town: Town) -> None:
    JOURNEYS["calling"].run(town.visitor(), time.perf_counter())


def test_call_is_hung_up_on_both_sides(town: Town) -> None:
    """A good call is one good sample, and is ended."""
    _runs(town)
    assert town.counted("call") == [(True, "")]
    assert town.labels[-1] == "video-call-signaling hangUpCall"
    assert not any(device.inbox for device in town.devices)


@pytest.mark.parametrize("step", ["ringing", "accepted"])
def test_step_that_is_not_told_fails_the_call(step: str, town: Town) -> None:
    """A call of which a step does not reach the other person never came, and is hung up all the same."""
    town.steps = tuple({"ringing", "accepted", "ended"} - {step})
    _runs(town)
    assert town.counted("call") == [(False, f"no {step}")]
    assert town.labels[-1] == "video-call-signaling hangUpCall"


def test_end_that_is_not_told_fails_the_journey_and_not_the_call(town: Town) -> None:
    """The media path was agreed: what goes wrong after it is the journey's."""
    town.steps = ("ringing", "accepted")
    _runs(town)
    assert town.counted("call") == [(True, "")]
    assert town.counted("calling") == [(True, "no ended")]


@pytest.mark.parametrize("label", ["video-call-signaling createCall", "video-call-signaling acceptCall"])
def test_call_under_way_when_the_journey_is_ended_has_failed(label: str, town: Town) -> None:
    """What is on its way to a media path and does not get there is counted, once; the journey by whoever ends it."""
    town.answers[label] = lambda _: gevent.sleep(30)
    town.is_left(JOURNEYS["calling"])
    assert town.counted("call") == [(False, UNANSWERED)]
    assert town.counted("calling") == []


def test_call_that_came_is_no_failure_when_the_journey_is_ended(town: Town) -> None:
    """Hanging up is the journey's."""
    town.answers["video-call-signaling hangUpCall"] = lambda _: gevent.sleep(30)
    town.is_left(JOURNEYS["calling"])
    assert town.counted("call") == [(True, "")]


@pytest.mark.parametrize("kind", ["offer", "answer", "candidate"])
def test_frame_that_is_lost_fails_the_call(kind: str, town: Town) -> None:
    """A call without one of its parts never came to a media path."""
    town.on_frame = lambda _device, frame: None if frame["type"] == kind else frame
    _runs(town)
    ((came, cause),) = town.counted("call")
    assert not came
    assert cause in {f"no {kind}", "not as sent"}


@pytest.mark.parametrize("altered", [True, False])
def test_each_frame_of_either_side_has_to_come_as_it_was_sent(*, altered: bool, town: Town) -> None:
    """Whichever of them is lost, or comes otherwise, the call never came to a media path."""
    wrong, sent = 0, itertools.count(1)

    def carried(_device: Device, frame: dict[str, Any]) -> dict[str, Any] | None:
        if next(sent) != wrong:
            return frame
        return frame | {"call_id": an_id()} if altered else None

    town.on_frame = carried
    _runs(town)
    frames = next(sent) - 1
    assert frames == 2 + 2 * len(candidates())
    for wrong in range(1, frames + 1):
        sent = itertools.count(1)
        town.samples.clear()
        town.devices.clear()
        _runs(town)
        ((came, _),) = town.counted("call")
        assert not came, wrong


@pytest.mark.parametrize(
    ("kind", "change"), [("offer", {"sdp": "x"}), ("answer", {"sdp": "x"}), ("candidate", {"candidate": None})]
)
def test_frame_that_is_altered_fails_the_call(kind: str, change: dict[str, Any], town: Town) -> None:
    """What reaches the other person is what was sent, to the letter."""
    town.on_frame = lambda _device, frame: frame | change if frame["type"] == kind else frame
    _runs(town)
    assert town.counted("call") == [(False, "not as sent")]


def test_frames_of_another_call_are_let_pass(town: Town) -> None:
    """What a camera still hears of a former call disturbs nothing."""
    former = "00000000-0000-4000-8000-000000000000"

    def twice(device: Device, frame: dict[str, Any]) -> dict[str, Any]:
        other = next(each for each in town.devices if each is not device)
        if frame["type"] == "offer":
            alice = town.users["alice"]
            other.gets({"type": "candidate", "call_id": former, "candidate": None, "from_user_id": alice})
        return frame

    town.on_frame = twice
    _runs(town)
    assert town.counted("call") == [(True, "")]


def test_busy_friend_is_a_call_that_failed(town: Town) -> None:
    """A call that ended instead of ringing says why."""
    town.call_state = "ended"
    _runs(town)
    assert town.counted("call") == [(False, "not ringing: busy")]


@pytest.mark.parametrize(("event", "reason"), [("ended", "hangup"), ("declined", "declined")])
def test_call_that_ends_under_way_says_so(event: str, reason: str, town: Town) -> None:
    """A call that the platform ends while it is set up fails with the reason of its end, and at once."""

    def ends(_device: Device, frame: dict[str, Any]) -> dict[str, Any]:
        if frame["type"] == "offer":
            call = town.shown("ended") | {"end_reason": reason}
            for each in town.devices:
                each.gets({"type": "call", "event": event, "call": call})
        return frame

    town.on_frame = ends
    _runs(town)
    assert town.counted("call") == [(False, f"ended: {reason}")]


@pytest.mark.parametrize("label", ["video-call-signaling createCall", "video-call-signaling acceptCall"])
def test_request_that_fails_is_the_cause_of_the_call(label: str, town: Town) -> None:
    """A call whose request fails has that request's cause."""
    town.trouble[label].append(Failure("status 503"))
    _runs(town)
    assert town.counted("call") == [(False, "status 503")]


def test_error_frame_fails_the_call(town: Town) -> None:
    """An error that a camera hears is the cause of the call, not the silence after it."""

    def refused(device: Device, frame: dict[str, Any]) -> dict[str, Any]:
        if frame["type"] == "offer":
            device.gets({"type": "error", "code": "bad-state", "detail": "d", "ref": "offer"})
        return frame

    town.on_frame = refused
    _runs(town)
    assert town.counted("call") == [(False, "error bad-state")]


def test_steps_that_nobody_waits_for_are_let_pass(town: Town) -> None:
    """A step told to both sides, or of another call, disturbs nothing."""

    def told(_device: Device, frame: dict[str, Any]) -> dict[str, Any]:
        if frame["type"] == "offer":
            former, town.call_id = town.call_id, "00000000-0000-4000-8000-000000000000"
            town.tell("ended")
            town.call_id = former
            town.tell("accepted", town.devices[1])
        return frame

    town.on_frame = told
    _runs(town)
    assert town.counted("call") == [(True, "")]
    assert town.counted("calling") == [(True, "")]


@pytest.mark.parametrize(("step", "whose"), [("ringing", 1), ("accepted", 0)])
def test_step_that_is_told_twice_fails_the_call(step: str, whose: int, town: Town) -> None:
    """A phone rings once for one call."""

    def again(_device: Device, frame: dict[str, Any]) -> dict[str, Any]:
        if frame["type"] == "offer":
            town.tell(step, town.devices[whose])
        return frame

    town.on_frame = again
    _runs(town)
    assert town.counted("call") == [(False, f"repeated {step}")]


@pytest.mark.parametrize(("step", "whose"), [("ringing", 1), ("accepted", 0), ("ended", 0), ("ended", 1)])
def test_phone_that_rings_when_all_is_over_fails_the_journey(step: str, whose: int, town: Town) -> None:
    """A ring that overtakes nobody, and comes after its caller has hung up, is for nobody; nor is any other step."""
    town.at_closing = lambda: town.tell(step, town.devices[whose])
    _runs(town)
    assert town.counted("call") == [(True, "")]
    assert town.counted("calling") == [(True, "repeated ended" if step == "ended" else f"{step} after the end")]


@pytest.mark.parametrize("field", ["caller_id", "callee_id"])
def test_step_that_names_others_fails_the_call(field: str, town: Town) -> None:
    """A call that is told of with another caller or callee is another call, whatever its id."""
    town.on_step = lambda call: call | {field: an_id()}
    _runs(town)
    assert town.counted("call") == [(False, f"somebody else's {field}")]


@pytest.mark.parametrize(("step", "other"), [("ringing", "ended"), ("accepted", "ringing"), ("ended", "accepted")])
def test_step_in_another_state_has_failed(step: str, other: str, town: Town) -> None:
    """A step comes with the call as it is then; how it ends is the journey's."""
    town.on_step = lambda call: call | {"state": other} if call["state"] == step else call
    _runs(town)
    assert town.counted("call") == [(True, "") if step == "ended" else (False, "wrong state")]
    assert town.counted("calling") == [(True, "wrong state")]


@pytest.mark.parametrize("field", ["call_id", "caller_id", "callee_id", "state"])
@pytest.mark.parametrize("operation", ["acceptCall", "hangUpCall"])
def test_answer_about_another_call_has_failed(operation: str, field: str, town: Town) -> None:
    """Whoever accepts or hangs up is answered with the same call, in the state that it has by that."""
    label = f"video-call-signaling {operation}"
    answer: Any = town.answers[label]
    town.answers[label] = lambda asked: replace(answer(asked), **{field: "ringing" if field == "state" else an_id()})
    _runs(town)
    cause = "wrong state" if field == "state" else f"somebody else's {field}"
    assert town.counted("call") == [(True, "") if operation == "hangUpCall" else (False, cause)]
    assert town.counted("calling") == [(True, cause)]


@pytest.mark.parametrize("field", ["caller_id", "callee_id"])
def test_call_that_was_made_for_others_has_failed(field: str, town: Town) -> None:
    """Whoever asks to ring a friend is answered about these two, also if all that follows names the same others."""
    answer: Any = town.answers["video-call-signaling createCall"]
    other = an_id()
    town.on_step = lambda call: call | {field: other}
    town.answers["video-call-signaling createCall"] = lambda asked: replace(answer(asked), **{field: other})
    _runs(town)
    assert town.counted("call") == [(False, f"somebody else's {field}")]
    assert town.labels == ["connection", "connection", "video-call-signaling createCall"]


@pytest.mark.parametrize("told", ["answer", "step"])
def test_call_that_is_said_to_have_ended_otherwise_has_failed(told: str, town: Town) -> None:
    """Nobody cancelled it, and nobody vanished: whoever hangs up, and who hears of it, is told that it was hung up."""
    label = "video-call-signaling hangUpCall"
    answer: Any = town.answers[label]
    if told == "answer":
        town.answers[label] = lambda asked: replace(answer(asked), end_reason="cancelled")
    else:
        town.on_step = lambda call: call | {"end_reason": call["end_reason"] and "callee-vanished"}
    _runs(town)
    assert town.counted("call") == [(True, "")]
    assert town.counted("calling") == [(True, "wrong end_reason")]


@pytest.mark.parametrize("kind", ["offer", "answer", "candidate"])
@pytest.mark.parametrize("changed", [("from_user_id",), ("from_user_id", "call_id")], ids=["this call", "another call"])
def test_frame_from_somebody_else_fails_the_call(kind: str, changed: tuple[str, ...], town: Town) -> None:
    """What strangers send each other is not for these cameras, in whichever call."""

    def leaking(device: Device, frame: dict[str, Any]) -> dict[str, Any]:
        if frame["type"] == kind:
            other = next(each for each in town.devices if each is not device)
            other.gets(frame | dict.fromkeys(changed, an_id()))
        return frame

    town.on_frame = leaking
    _runs(town)
    assert town.counted("call") == [(False, "somebody else's call")]


def test_step_of_a_call_of_others_fails_the_call(town: Town) -> None:
    """That two other people talk is told to no one else."""

    def leaking(device: Device, frame: dict[str, Any]) -> dict[str, Any]:
        if frame["type"] == "offer":
            theirs = town.shown("ended") | {"call_id": an_id(), "caller_id": an_id()}
            device.gets({"type": "call", "event": "ended", "call": theirs})
        return frame

    town.on_frame = leaking
    _runs(town)
    assert town.counted("call") == [(False, "somebody else's call")]


def test_descriptions_look_like_those_of_browsers() -> None:
    """A description has one audio and one video stream and is unlike any other; the trickle ends with a word."""
    one, other = description("actpass"), description("actpass")
    assert one != other
    assert [line.partition(" ")[0] for line in one.split("\r\n") if line.startswith("m=")] == ["m=audio", "m=video"]
    assert 500 < len(one) < 4000
    assert candidates()[-1] is None
