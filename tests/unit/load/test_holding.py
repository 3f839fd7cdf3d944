"""What the contract says of idle websockets, and how a process holds its share of them."""

import json
import math
from uuid import UUID

import jwt
from hypothesis import given
from hypothesis import strategies as st

from fixtures.checks.time_scale import forget_time_scale, set_time_scale
from loadtests.holding import good_until, heartbeat

WELCOME = {
    "type": "welcome",
    "user_id": str(UUID(int=1)),
    "connection_id": "c",
    "heartbeat_s": 20,
    "last_event_id": None,
}

claims = st.dictionaries(st.text().filter(lambda name: name != "exp"), st.integers() | st.text())


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


@given(st.integers(0, 1 << 40) | st.floats(0, 1e12))
def test_a_token_says_when_it_expires(when: float) -> None:
    """Its claim `exp` counts, in seconds since 1970, whatever else there is in it."""
    assert good_until(jwt.encode({"sub": "me", "exp": when}, "k" * 32)) == when


@given(st.text() | st.text().map(lambda text: f"a.{text}.b") | claims.map(lambda it: jwt.encode(it, "k" * 32)))
def test_what_does_not_say_never_expires(token: str) -> None:
    """A token that is none, or says nothing that is a time, has no end that could be waited for."""
    assert good_until(token) == math.inf
