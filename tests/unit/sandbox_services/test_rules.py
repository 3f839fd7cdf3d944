"""Decision rules of the services."""

import time
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.sandbox.services.admission import Admission
from fixtures.sandbox.services.events import id_order
from fixtures.sandbox.services.objects import Stored
from fixtures.sandbox.services.parts.calls import Deadline
from fixtures.sandbox.services.parts.notification import DeliverySink, Notifier
from fixtures.sandbox.services.parts.otp import ATTEMPTS_ALLOWED, Otp, OtpRules
from fixtures.sandbox.services.parts.user_profile import AvatarRules
from fixtures.sandbox.services.parts.video_call_signaling import CallRules, Relay
from fixtures.sandbox.services.parts.websocket_signaling import Cursor
from fixtures.sandbox.services.problems import Problem
from fixtures.sandbox.services.sockets import FrameError, Frames, Gatekeeper

CALLER, CALLEE, STRANGER = uuid4(), uuid4(), uuid4()


def call(state: str) -> dict[str, object]:
    return {"call_id": "c", "caller_id": str(CALLER), "callee_id": str(CALLEE), "state": state, "accepted_at": None}


@given(st.integers(0, 20))
def test_otp_locks_after_five_wrong_tries(attempts: int) -> None:
    """A code is locked exactly when five tries were made before."""
    assert OtpRules().is_locked(attempts) == (attempts >= ATTEMPTS_ALLOWED)


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_otp_expires_at_its_time(now: float, expires_at: float) -> None:
    """A code is good before its end and never from then on."""
    assert OtpRules().is_expired(Otp("o", "d", "p", "1", expires_at), now) == (now >= expires_at)


def test_otp_that_is_shown_does_not_show_its_code() -> None:
    """Neither what the asker of a code learns nor the list of those that are pending contains the code."""
    otp, rules = Otp("o", "d", "registration", "271828", time.time() + 60), OtpRules()
    assert not [view for view in (rules.issued_view(otp), rules.pending_view(otp)) if "271828" in repr(view)]


@pytest.mark.parametrize(
    ("content_type", "head"),
    [
        ("image/png", b"\x89PNG\r\n\x1a\n....."),
        ("image/jpeg", b"\xff\xd8\xff\xe0........"),
        ("image/webp", b"RIFF\x01\x00\x00\x00WEBP"),
    ],
)
def test_avatar_is_judged_by_its_first_bytes_and_size(content_type: str, head: bytes) -> None:
    """An upload is accepted only with the announced size and its type's first bytes."""
    rules = AvatarRules()
    stored = Stored(100, "", head)
    assert rules.is_as_announced(stored, content_type, 100)
    assert not rules.is_as_announced(stored, content_type, 99)
    assert not rules.is_as_announced(Stored(100, "", b"<html>"), content_type, 100)
    assert not rules.is_as_announced(None, content_type, 100)


def test_call_ends_without_the_caller_and_the_callee_who_accepted() -> None:
    """A ringing call needs its caller's socket, an accepted one both, an ended one nobody's."""
    rules = CallRules(2)
    assert [rules.must_stay(call(s), str(CALLER)) for s in ("ringing", "accepted", "ended")] == [True, True, False]
    assert [rules.must_stay(call(s), str(CALLEE)) for s in ("ringing", "accepted", "ended")] == [False, True, False]


def test_deadline_says_why_a_call_ends() -> None:
    """Ringing ends as no-answer, and a vanished participant is named by the reason."""
    rules = CallRules(2)
    assert rules.end_reason(call("ringing"), Deadline("c", "ring")) == "no-answer"
    assert rules.end_reason(call("accepted"), Deadline("c", "ring")) is None
    assert rules.end_reason(call("ringing"), Deadline("c", "vanish", str(CALLER))) == "caller-vanished"
    assert rules.end_reason(call("ringing"), Deadline("c", "vanish", str(CALLEE))) is None
    assert rules.end_reason(call("accepted"), Deadline("c", "vanish", str(CALLEE))) == "callee-vanished"


def test_hanging_up_while_ringing_cancels() -> None:
    """Who calls cancels while it rings, either hangs up once accepted, and nobody afterwards."""
    rules = CallRules(2)
    assert rules.hangup_reason(call("ringing"), CALLER) == "cancelled"
    assert rules.hangup_reason(call("ringing"), CALLEE) is None
    assert rules.hangup_reason(call("accepted"), CALLEE) == "hangup"
    assert rules.hangup_reason(call("ended"), CALLER) is None


@given(st.text(), st.dictionaries(st.text(), st.integers() | st.text() | st.none()))
def test_relay_changes_nothing_but_the_sender(sdp: str, more: dict[str, object]) -> None:
    """A relayed frame is what was sent, with its sender, and goes to the other participant alone."""
    frame = {**more, "type": "offer", "call_id": "c", "sdp": sdp}
    shown = Relay().shown(frame, CALLER)
    assert shown.pop("from_user_id") == str(CALLER)
    frame.pop("from_user_id", None)
    assert shown == frame
    assert Relay().other(call("accepted"), CALLER) == [str(CALLEE)]
    assert Relay().other(call("accepted"), CALLEE) == [str(CALLER)]


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ({"type": "dance"}, "unknown-type"),
        ({"type": "offer"}, "invalid-frame"),
        ({"type": "offer", "call_id": "x", "sdp": "v=0"}, "invalid-frame"),
        ({"type": "offer", "call_id": str(CALLER), "sdp": ""}, "invalid-frame"),
        ({"type": "candidate", "call_id": str(CALLER)}, "invalid-frame"),
        ({"type": "candidate", "call_id": str(CALLER), "candidate": {"candidate": "c"}}, "invalid-frame"),
    ],
)
def test_malformed_frame_is_not_relayed(frame: dict[str, object], code: str) -> None:
    """A frame that is not as the contract says is refused with the contract's code."""
    with pytest.raises(FrameError) as refused:
        Relay().check(frame)
    assert refused.value.code == code


def test_last_candidate_is_null() -> None:
    """A candidate of null, which ends trickling, is a good frame."""
    assert Relay().check({"type": "candidate", "call_id": str(CALLER), "candidate": None}) == CALLER


@given(st.text())
def test_any_text_is_a_frame_or_a_frame_error(text: str) -> None:
    """No text a client sends raises anything but an error frame."""
    try:
        frame = Frames().read(text)
    except FrameError as error:
        assert error.code in {"not-json", "invalid-frame"}  # noqa: PT017  both outcomes are lawful
    else:
        assert isinstance(frame["type"], str)


@pytest.mark.parametrize(
    ("offered", "refusal"),
    [
        (["social.v1", "bearer.x"], None),
        (["bearer.x"], (4406, "offer social.v1")),
        (["social.v1"], (4401, "token-missing")),
        (["social.v1", "bearer."], (4401, "token-missing")),
        ([], (4406, "offer social.v1")),
    ],
)
def test_gatekeeper_demands_protocol_and_token(offered: list[str], refusal: tuple[int, str] | None) -> None:
    """Without the protocol a socket closes 4406, without a token 4401."""
    assert Gatekeeper().refusal(offered, "social.v1") == refusal


def test_sender_is_not_told_of_the_own_message() -> None:
    """A message concerns every member but who sent it, and those only while away."""
    message = {"conversation_id": "c", "message_id": "m", "sender_id": str(CALLER)}
    event = {"event": "message.created", "message": message, "member_ids": [str(CALLER), str(CALLEE)]}
    (notice,) = Notifier().notices("chat.messages", event)
    assert (notice.user_id, notice.offline_only) == (CALLEE, True)


@pytest.mark.parametrize(("event", "told"), [("friend.requested", CALLEE), ("friend.accepted", CALLER)])
def test_friend_event_is_told_to_the_right_side(event: str, told: object) -> None:
    """Who was asked is told of the request, who asked of the acceptance."""
    sides = {"request_id": "r", "from_user_id": str(CALLER), "to_user_id": str(CALLEE)}
    (notice,) = Notifier().notices("friend.events", {"event": event, **sides})
    assert notice.user_id == told
    assert notice.data["user_id"] != str(told)


def test_nobody_is_admitted_without_credentials() -> None:
    """Who has no token speaks for nobody, and who has another key than the synthetic one has none."""
    admission = Admission()
    with pytest.raises(Problem) as refused:
        admission.nobody("/v1/profiles/me")
    assert refused.value.slug == "unauthenticated"
    assert admission.has_key("the key", "the key")
    assert not any(admission.has_key(given, "the key") for given in ("", "the kez", "the key ", "schlüssel"))


def test_nothing_real_is_sent_to_synthetic_people() -> None:
    """Deliveries to synthetic people go to the synthetic sink."""
    assert DeliverySink().of("run-1") == "synthetic"
    assert DeliverySink().of(None) == "provider"


class Peer:
    """Stands where a connection is: keeps what it is sent."""

    def __init__(self) -> None:
        self.frames: list[str] = []

    def send_text(self, text: str) -> None:
        self.frames.append(text)


@given(
    st.lists(st.integers(1, 30), max_size=40),
    st.integers(0, 30),
    st.integers(0, 40),
)
def test_cursor_brings_each_event_once_in_order(published: list[int], last: int, released_after: int) -> None:
    """Whatever order stream and subscription bring events in, a connection hears later ones once and in order."""
    peer = Peer()
    cursor = Cursor(peer)  # type: ignore[arg-type]  # only send_text is used
    cursor.start(f"{last}-0" if last else None)
    for at, number in enumerate(published):
        if at == released_after:
            cursor.release()
        cursor.hear(f'{number}-0 {{"event":"e"}}')
    cursor.release()
    heard = [int(frame.split('"id":"')[1].split("-")[0]) for frame in peer.frames]
    assert heard == sorted(set(heard))
    assert all(number > last for number in heard)
    if sorted(published) == published:
        assert heard == [number for number in sorted(set(published)) if number > last]


@given(st.integers(0, 2**63), st.integers(0, 2**63))
def test_stream_ids_are_ordered_by_both_parts(milliseconds: int, sequence: int) -> None:
    """Stream ids are read exactly, and one without a sequence is its millisecond's first."""
    assert id_order(f"{milliseconds}-{sequence}") == (milliseconds, sequence)
    assert id_order(str(milliseconds)) == (milliseconds, 0)


@pytest.mark.parametrize("text", ["", "x", "1-x", "-1", "１-0", "1-2-3", "9" * 30])  # noqa: RUF001  a fullwidth digit
def test_what_is_no_stream_id_is_refused(text: str) -> None:
    """A text that is no stream id raises ValueError."""
    with pytest.raises(ValueError, match="not a stream id"):
        id_order(text)
