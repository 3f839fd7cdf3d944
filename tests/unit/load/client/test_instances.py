"""Who gave an answer that is bad: what Locust's event says of it."""

import contextlib
import math

import pytest

from fixtures.contract import chat
from loadtests.failure import Failure
from loadtests.kinds import TRACE
from tests.unit.http1.peer import CONVERSATION, CREATED, server
from tests.unit.load.client.visitor import Visitor, does


@pytest.mark.parametrize(
    ("status", "said", "slow", "context"),
    [
        (503, b'chat;slot=blue;build="b";instance="chat-2"', math.inf, {"instance": "chat-2"}),
        (200, b'chat;slot=blue;build="b";instance="chat-2"', 0.0, {"instance": "chat-2"}),
        (200, b'chat;slot=blue;build="b";instance="chat-2"', math.inf, {}),
        (503, b"chat;slot=blue", math.inf, {}),
        (503, b"", 0.0, {}),
    ],
    ids=["failed", "slow", "good", "malformed", "nobody said"],
)
def test_event_says_who_gave_a_bad_answer(
    visitor: Visitor, status: int, said: bytes, slow: float, context: dict[str, object]
) -> None:
    """Of several instances one may be sick alone: what failed or was slow names the one that answered."""
    head = b"HTTP/1.1 %d Said\r\nX-Served-By: %b\r\n" % (status, said)
    answer = CREATED.replace(CREATED.partition(b"\r\n")[0] + b"\r\n", head).replace(b"200 Said", b"201 Said")
    with server(does(answer)) as known:
        client = visitor.client(known.url, slow=slow)
        with contextlib.suppress(Failure):
            client.send(chat.send(CONVERSATION, "hello", idempotency_key="k"))
        client.close()
    (event,) = visitor.fired
    # Nobody asks whose trace a good and quick one is.
    assert {key: value for key, value in event["context"].items() if key != TRACE} == context
    assert (TRACE in event["context"]) == (status == 503 or slow == 0)
    assert (event["exception"] is None) == (status == 200)
