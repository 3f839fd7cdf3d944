"""What idle devices hear: of whom they may, and when they are taken for deaf."""

import json
import math
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.checks.time_scale import forget_time_scale, set_time_scale
from fixtures.contract.promises import PROMISES
from loadtests.failure import Failure
from loadtests.listening import Listening

MOMENT = "2026-01-01T00:00:00.000Z"
ME, FRIEND, STRANGER = (str(UUID(int=number)) for number in (1, 2, 3))
WELCOME = {"type": "welcome", "user_id": ME, "connection_id": "c", "heartbeat_s": 20, "last_event_id": None}
SAID = {"message_id": ME, "conversation_id": ME, "seq": 1, "text": "", "attachment_ids": [], "sent_at": MOMENT}
READY, IN_TIME = PROMISES.deadlines.resume, PROMISES.deadlines.message_delivery


def _event(name: str, **data: object) -> str:
    return json.dumps({"type": "event", "id": None, "event": name, "at": MOMENT, "data": data})


def _message() -> str:
    return _event("message.created", **SAID, sender_id=FRIEND)


class Device:
    """One idle device, which two people have beside their talks."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.talked = -math.inf
        self.listening = Listening((ME, FRIEND), lambda _: self.talked, clock=lambda: self.now)

    def hears(self, text: str) -> float | None:
        return self.listening.hears(0, text)

    def is_opened(self) -> None:
        self.hears(json.dumps(WELCOME))
        self.now += READY + 1

    def deaf(self) -> Failure | None:
        return self.listening.deaf(0, self.now)


def test_the_welcome_promises_heartbeats() -> None:
    """Its own number of seconds counts, for a world as slow as this one is said to be."""
    assert Device().hears(json.dumps(WELCOME)) == 20
    set_time_scale(3)
    try:
        assert Device().hears(json.dumps(WELCOME)) == 60
    finally:
        forget_time_scale()


def test_nothing_else_does() -> None:
    """Any other frame promises nothing."""
    assert Device().hears('{"type": "pong", "nonce": "1"}') is None


@given(st.text() | st.just(json.dumps({**WELCOME, "heartbeat_s": 0})))
def test_what_is_no_frame_is_a_failure(text: str) -> None:
    """What the contract does not know is wrong on a connection that is only held, too."""
    with pytest.raises(Failure, match="contract: frame"):
        Device().hears(text)


@pytest.mark.parametrize("whose", [ME, FRIEND, STRANGER])
@pytest.mark.parametrize(
    ("event", "field", "rest"),
    [("message.created", "sender_id", SAID), ("presence.changed", "user_id", {"status": "online", "at": MOMENT})],
)
def test_who_only_listens_hears_of_a_friend_and_of_nobody_else(
    event: str, field: str, rest: dict[str, object], whose: str
) -> None:
    """What strangers say, and that they come and go, is not meant for this connection."""
    text = _event(event, **rest, **{field: whose})
    if whose == STRANGER:
        with pytest.raises(Failure, match=f"somebody else's {event}"):
            Device().hears(text)
    else:
        assert Device().hears(text) is None


def test_device_that_hears_nothing_of_a_chat_is_deaf() -> None:
    """Its pings are answered and its friend's comings told, and what they say to each other reaches another device."""
    device = Device()
    device.is_opened()
    device.talked = device.now
    assert device.deaf() is None
    device.hears(_event("presence.changed", user_id=FRIEND, status="online", at=MOMENT))
    device.now += IN_TIME - 0.1
    assert device.deaf() is None
    device.now += 0.1
    wrong = device.deaf()
    assert wrong is not None
    assert wrong.cause == "no messages"


def test_time_that_was_slept_through_is_not_over() -> None:
    """The time for a message begins when its chat is seen here, as what came is heard only then."""
    device = Device()
    device.is_opened()
    device.talked = device.now
    device.now += 60
    assert device.deaf() is None


@pytest.mark.parametrize("after", [-1.0, 0.0, READY], ids=["before it opened", "with it", "before it was ready"])
def test_nobody_hears_what_was_said_before_one_listened(after: float) -> None:
    """A service may hold events back until it knows whether earlier ones are wanted."""
    device = Device()
    device.talked = device.now + after
    device.is_opened()
    for _ in range(3):
        assert device.deaf() is None
        device.now += IN_TIME


def test_device_that_is_opened_again_begins_anew() -> None:
    """What was said while its token was over belongs to nobody's silence."""
    device = Device()
    device.is_opened()
    device.talked = device.now
    assert device.deaf() is None
    device.is_opened()
    device.now += IN_TIME
    assert device.deaf() is None


@given(
    st.lists(
        st.tuples(st.floats(0, 20), st.integers(1, 5), st.floats(0, IN_TIME - 0.01), st.lists(st.floats(0, 20))),
        max_size=10,
    )
)
def test_device_that_hears_something_of_every_chat_is_not_deaf(
    chats: list[tuple[float, int, float, list[float]]],
) -> None:
    """However chats follow each other, and whenever somebody looks, before or after the messages have come."""
    device = Device()
    device.is_opened()
    for pause, messages, takes, looks in chats:
        device.now += pause
        device.talked = device.now
        assert device.deaf() is None
        device.now += takes
        for _ in range(messages):
            device.hears(_message())
        for look in looks:
            device.now += look
            assert device.deaf() is None


@given(st.lists(st.floats(0.01, 20), min_size=1, max_size=10))
def test_no_chat_that_was_heard_before_makes_up_for_deafness(pauses: list[float]) -> None:
    """Whatever was heard before, the first chat that is heard by nobody here tells."""
    device = Device()
    device.is_opened()
    for pause in pauses:
        device.now += pause
        device.talked = device.now
        assert device.deaf() is None
        device.hears(_message())
        assert device.deaf() is None
    device.now += 1
    device.talked = device.now
    assert device.deaf() is None
    device.now += IN_TIME
    assert device.deaf() is not None
