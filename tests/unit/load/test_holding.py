"""What the contract says of idle websockets, and how a process holds its share of them."""

import json
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from fixtures.checks.time_scale import forget_time_scale, set_time_scale
from loadtests.holding import heartbeat

WELCOME = {
    "type": "welcome",
    "user_id": str(UUID(int=1)),
    "connection_id": "c",
    "heartbeat_s": 20,
    "last_event_id": None,
}


def test_the_welcome_promises_heartbeats() -> None:
    """Its own number of seconds counts, for a world as slow as this one is said to be."""
    assert heartbeat(json.dumps(WELCOME)) == 20
    set_time_scale(3)
    try:
        assert heartbeat(json.dumps(WELCOME)) == 60
    finally:
        forget_time_scale()


@given(st.text() | st.sampled_from([json.dumps({**WELCOME, "heartbeat_s": 0}), '{"type": "pong", "nonce": "1"}']))
def test_nothing_else_does(text: str) -> None:
    """Any other frame, and what is none, promises nothing and breaks nothing."""
    assert heartbeat(text) is None
