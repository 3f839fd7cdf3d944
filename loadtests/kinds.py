"""Samples that are no HTTP requests: their request types in Locust's events, their subjects, and how to count one.

An HTTP request has its method as its type, and the label of its operation as its subject.
"""

from collections.abc import Callable
from typing import Final

from loadtests.failure import Failure

JOURNEY: Final = "JOURNEY"
WEBSOCKET: Final = "WS"
"""Opening a connection, holding an idle one, and delivering a message over one."""
CALL: Final = "CALL"
LOGIN: Final = "LOGIN"
"""Asking for fresh tokens, which no journey does."""
AGREED_CALL: Final = "call"
"""What calls are counted as, from ringing to the agreed media path."""
CONNECTION: Final = "connection"
"""What the openings of websockets are counted as, and the ends that nobody asked for."""
DELIVERY: Final = "delivery"
"""What messages are counted as, from sending to their receipt by the friend's phone."""
IDLE: Final = "idle connection"
"""What websockets that are only held are counted as."""
FRESH: Final = "fresh tokens"
"""What it is counted as when somebody's tokens have to be renewed while a run lasts."""
WAITED_FOR: Final = frozenset({DELIVERY, AGREED_CALL, CONNECTION})
"""What somebody waits for beside requests, so that it is asked when it took long. A journey takes as long as its steps,
most of which are requests; for fresh tokens and idle connections nobody waits."""
INSTANCE: Final = "instance"
"""What the context of Locust's event has of an answer that failed or was slow, and of all idle connections: who gave
it, of these the answer that opened them, as it says itself."""
TRACE: Final = "trace"
"""What the context has of an answer that was slow, and of all that is counted beside requests: the id of the trace that
it belongs to, by which the platform's logs are searched."""
NO_REQUESTS: Final = frozenset({JOURNEY, WEBSOCKET, CALL, LOGIN})
"""What has no place in the picture of requests over time."""


def count(  # noqa: PLR0913 - what a sample is
    fire: Callable[..., object],
    kind: str,
    subject: str,
    latency: float | None,
    failure: Failure | None = None,
    *,
    instance: str = "",
    trace: str = "",
) -> None:
    """Fire Locust's event for one sample; `latency` in seconds, None for what never came; who and where if known."""
    fire(
        request_type=kind,
        name=subject,
        response_time=None if latency is None else latency * 1000,
        response_length=0,
        exception=failure,
        context=context(instance, trace),
    )


def context(instance: str, trace: str) -> dict[str, object]:
    """What an event's context says of a sample, as far as it is known."""
    return {key: value for key, value in ((INSTANCE, instance), (TRACE, trace)) if value}
