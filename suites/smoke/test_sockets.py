"""WSS: the websocket of events, from its handshake to what happens when the network fails."""

from __future__ import annotations

import uuid
from functools import partial
from typing import TYPE_CHECKING

import pytest

from fixtures.checks import eventually, must, throughout
from fixtures.checks.match import (
    at_least,
    at_most,
    contains,
    contains_none,
    equals,
    exactly_once,
    has,
    length,
    present,
    same_items,
)
from fixtures.clients.actor import Good
from fixtures.clients.protected import closes, sockets_refuse
from fixtures.contract import frames, video_call_signaling, websocket_signaling
from fixtures.contract.promises import PROMISES

if TYPE_CHECKING:
    from fixtures.clients.devices import Camera, Phone
    from fixtures.clients.person import Person

RUBBISH = "This is {not JSON"
UNKNOWN = '{"type": "no-such-type"}'
NO_OBJECT = '["ping"]'
BINARY = b'{"type": "ping", "nonce": "all frames are text"}'


@pytest.mark.guide("WSS-01", service="websocket-signaling")
def test_good_token_is_welcomed(alice: Person) -> None:
    """With a good token both websockets open, agree on their subprotocol and greet the person by id."""
    phone, camera = alice.connects(), alice.turns_camera_on()
    for device, subprotocol in (
        (phone, websocket_signaling.SUBPROTOCOL),
        (camera, video_call_signaling.SUBPROTOCOL),
    ):
        must(
            device.subprotocol,
            equals(subprotocol),
            subject=f"the subprotocol agreed with {device.name}",
            service=device.service,
        )
    for greeted in (phone, camera):
        must(
            greeted.welcome(),
            has(user_id=alice.user_id),
            subject=f"the welcome of {greeted.name}",
            service=greeted.service,
        )


@pytest.mark.guide("WSS-01", service="websocket-signaling")
def test_missing_or_bad_token_is_refused(alice: Person) -> None:
    """Without a token or with a bad one both websockets close with the code and the reason for it."""
    sockets_refuse(alice, None, reason=PROMISES.sockets.token_missing)
    sockets_refuse(alice, "not.a.token", reason=PROMISES.sockets.token_invalid)


@pytest.mark.guide("WSS-01", service="websocket-signaling")
def test_unknown_subprotocol_is_refused(alice: Person) -> None:
    """Who does not offer the websocket's own subprotocol is closed with the code for it."""
    token = alice.tokens.access_token
    for device in (
        alice.line.opens_phone("alice's old phone", token=token, subprotocol="social.v0"),
        alice.line.opens_camera("alice's old camera", token=token, subprotocol="call.v0"),
    ):
        _ends(device, PROMISES.sockets.no_subprotocol)


@pytest.mark.waits(PROMISES.logins.brief)
@pytest.mark.guide("WSS-01", service="websocket-signaling")
def test_connection_ends_with_its_token(alice: Person) -> None:
    """Either connection is closed when its token expires, and the expired token opens no other."""
    # A token for each: of a shared one too little would be left for the second to be opened from far away.
    devices: list[Phone | Camera] = []
    for connects in (alice.connects, alice.turns_camera_on):
        brief = alice.account.logs_in_briefly()
        devices.append(connects())
    for device in devices:
        closes(
            device,
            reason=PROMISES.sockets.token_expired,
            within=PROMISES.logins.brief + PROMISES.deadlines.expiry,
        )
    sockets_refuse(alice, brief.access_token, reason=PROMISES.sockets.token_expired)


@pytest.mark.guide("WSS-02", service="websocket-signaling")
def test_presence_reaches_friends_and_no_strangers(alice: Person, bob: Person, carol: Person) -> None:
    """Coming and going reaches friends, once however many devices there are, and never a stranger."""
    bob.befriends(alice)
    bob.befriends(carol)
    for friend in (alice, carol):
        _knows_of(bob, friend)
        _knows_of(friend, bob)
    his, hers = bob.connects(), carol.connects()
    phone, tablet = alice.connects("phone"), alice.connects("tablet")
    _hears_of(his, alice, "online")
    must(bob.sees(alice), has(status="online"), subject="alice's presence as bob asks for it", service=his.service)
    carol.is_refused(websocket_signaling.presence(alice.user_id), "not-friends")

    phone.leaves()
    must(bob.sees(alice), has(status="online"), subject="alice's presence with one device left", service=his.service)
    tablet.leaves()
    _hears_of(his, alice, "online", "offline")
    must(bob.sees(alice), has(status="offline"), subject="alice's presence without a device", service=his.service)
    # What was told twice comes before what is told next.
    alice.connects("laptop")
    _hears_of(his, alice, "online", "offline", "online")

    # Carol is told when bob goes, so she would have been told before of alice.
    his.leaves()
    eventually(
        lambda: hers.hears("presence.changed"),
        exactly_once(has(user_id=bob.user_id, status="offline")),
        within=PROMISES.deadlines.presence,
        subject=f"whose presence {hers.name} heard of",
        service=hers.service,
    )
    must(
        hers.hears("presence.changed"),
        contains_none(has(user_id=alice.user_id)),
        subject="whose presence a stranger heard of",
        service=hers.service,
    )


@pytest.mark.waits(PROMISES.sockets.idle)
@pytest.mark.guide("WSS-03", service="websocket-signaling")
def test_idle_connection_lives(alice: Person) -> None:
    """A connection on which nobody says anything has heartbeats, stays open, and still answers afterwards."""
    phone = alice.connects()
    must(
        phone.welcome(),
        has(heartbeat_s=at_most(PROMISES.sockets.heartbeat, "s")),
        subject=f"the welcome of {phone.name}",
        service=phone.service,
        likely="with fewer protocol pings a load balancer, NAT or firewall takes a quiet connection for a dead one",
    )
    throughout(
        phone.frames,
        length(at_least(1)),
        lasting=PROMISES.sockets.idle,
        subject=f"the connection of {phone.name}",
        service=phone.service,
    )
    _answers(
        phone,
        likely="whatever is between here and the service has forgotten a connection that was silent: the idle time-out "
        "of a load balancer or, if the same check holds from another network, a NAT, VPN or firewall of this one",
    )


@pytest.mark.guide("WSS-03", service="websocket-signaling")
def test_nothing_is_lost_or_repeated_after_a_drop(alice: Person, bob: Person) -> None:
    """Who reconnects after a lost network and resumes hears what was missed once, in order, and then what follows."""
    alice.befriends(bob)
    conversation = alice.opens_conversation_with(bob)
    own, before = alice.connects(), bob.connects()
    heard = alice.chat.says(conversation, "before the drop")
    _hears(before, heard.message_id)
    position = before.last_event_id
    before.vanishes()

    missed = [alice.chat.says(conversation, text) for text in ("missed", "missed as well", "missed at last")]
    # Once they are on alice's own phone they are on their way to bob, who is not there: he has to be told again.
    _hears(own, missed[-1].message_id)
    after = bob.connects()
    must(position, present(), subject="where bob's phone can resume from", service=after.service)
    after.sends(frames.Resume(str(position)))
    live = alice.chat.says(conversation, "after the drop")
    eventually(
        after.frames,
        contains(has(replayed=present())),
        within=PROMISES.deadlines.resume,
        subject=f"the answer to {after.name}'s resume",
        service=after.service,
    )
    last = alice.chat.says(conversation, "the last")
    _hears(after, last.message_id)
    must(
        after.hears("message.created"),
        equals([*missed, live, last]),
        subject=f"the messages that {after.name} heard after the drop",
        service=after.service,
    )
    # What was missed need not begin with a message: whatever else happened comes back once, too.
    told = [frame.id for frame in after.frames() if isinstance(frame, frames.Event) and frame.id is not None]
    must(
        told,
        same_items(set(told)),
        subject=f"the events that {after.name} heard after the drop, each once",
        service=after.service,
    )


@pytest.mark.guide("WSS-04", service="websocket-signaling")
@pytest.mark.parametrize(
    ("to_phone", "to_camera", "code"),
    [
        (RUBBISH, RUBBISH, "not-json"),
        (BINARY, BINARY, "not-json"),
        (UNKNOWN, UNKNOWN, "unknown-type"),
        (NO_OBJECT, NO_OBJECT, "invalid-frame"),
        ('{"type": "typing"}', '{"type": "offer"}', "invalid-frame"),
    ],
    ids=["not-json", "binary", "unknown-type", "no-object", "incomplete"],
)
def test_bad_frame_is_answered_with_an_error(
    alice: Person, to_phone: str | bytes, to_camera: str | bytes, code: str
) -> None:
    """A frame that cannot be understood is answered with an error on both websockets, and the connection lives on."""
    phone, camera = alice.connects(), alice.turns_camera_on()
    for device, bad in ((phone, to_phone), (camera, to_camera)):
        device.sends_raw(bad)
        eventually(
            device.frames,
            exactly_once(has(code=code)),
            within=PROMISES.deadlines.frame_answer,
            subject=f"the answer to a bad frame of {device.name}",
            service=device.service,
        )
    _answers(phone)
    _refuses(camera)


@pytest.mark.guide("WSS-04", service="websocket-signaling")
def test_oversize_frame_ends_only_its_own_connection(alice: Person, bob: Person) -> None:
    """A frame above the limit closes its connection with the code for it, and whoever keeps to it goes on."""
    phone, camera = bob.connects(), bob.turns_camera_on()
    for device in (alice.connects(), alice.turns_camera_on()):
        device.sends_raw(" " * (PROMISES.limits.frame_bytes + 1))
        _ends(device, PROMISES.sockets.too_big)
    _answers(phone, size=PROMISES.limits.frame_bytes)
    _refuses(camera)
    alice.connects()
    alice.turns_camera_on()


def _knows_of(person: Person, friend: Person) -> None:
    """The friendship may be so new that presence has yet to hear of it."""
    operation = websocket_signaling.presence(friend.user_id)
    eventually(
        lambda: person.gets(operation),
        Good(operation),
        within=PROMISES.deadlines.friendship_effect,
        subject=f"the answer to {person}, who asks for the presence of {friend}",
        service=websocket_signaling.SERVICE,
    )


def _hears_of(phone: Phone, friend: Person, *statuses: str) -> None:
    """A friend's presence was told in just these steps."""
    eventually(
        lambda: [told.status for told in phone.hears("presence.changed") if told.user_id == friend.user_id],
        equals(statuses),
        within=PROMISES.deadlines.presence,
        subject=f"the presence of {friend} as {phone.name} hears of it",
        service=phone.service,
    )


def _ends(device: Phone | Camera, code: int) -> None:
    eventually(
        lambda: device.closure,
        has(code=code),
        within=PROMISES.deadlines.socket_close,
        subject=f"the end of {device.name}",
        service=device.service,
    )


def _answers(phone: Phone, *, size: int = 0, likely: str = "") -> None:
    """A ping is answered, also one that blanks make `size` bytes long."""
    nonce = uuid.uuid4().hex
    phone.sends_raw(frames.write(frames.Ping(nonce)).ljust(size))
    eventually(
        phone.frames,
        contains(equals(frames.Pong(nonce))),
        within=PROMISES.deadlines.frame_answer,
        subject=f"the answer to a ping of {phone.name}",
        service=phone.service,
        likely=likely,
    )


def _refuses(camera: Camera) -> None:
    """A frame of a type that nobody knows is answered, once more if there was one before."""
    former = len(_refusals(camera))
    camera.sends_raw(UNKNOWN)
    eventually(
        partial(_refusals, camera),
        length(former + 1),
        within=PROMISES.deadlines.frame_answer,
        subject=f"the refusals of frames of an unknown type that {camera.name} hears",
        service=camera.service,
    )


def _refusals(camera: Camera) -> list[frames.CallFrame]:
    return [frame for frame in camera.frames() if isinstance(frame, frames.CallError) and frame.code == "unknown-type"]


def _hears(phone: Phone, message_id: str) -> None:
    eventually(
        lambda: phone.hears("message.created"),
        contains(has(message_id=message_id)),
        within=PROMISES.deadlines.message_delivery,
        subject=f"the messages that {phone.name} heard",
        service=phone.service,
    )
