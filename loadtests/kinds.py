"""Locust's request types of what is no request, in one place: each has its own lines in a budget.

A request has its method for a type.
"""

from typing import Final

JOURNEY: Final = "JOURNEY"
WEBSOCKET: Final = "WS"
"""Opening a connection, holding an idle one, and delivering a message over one."""
CALL: Final = "CALL"
NO_REQUESTS: Final = frozenset({JOURNEY, WEBSOCKET, CALL})
"""What has no place in the picture of requests over time."""
