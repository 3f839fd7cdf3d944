"""What is no request, as Locust's events and budgets call it: its request type, and the subjects of websockets.

A request has its method for a type, and its operation's label for a subject.
"""

from typing import Final

JOURNEY: Final = "JOURNEY"
WEBSOCKET: Final = "WS"
"""Opening a connection, holding an idle one, and delivering a message over one."""
CALL: Final = "CALL"
LOGIN: Final = "LOGIN"
"""Asking for fresh tokens, which no journey does."""
CONNECTION: Final = "connection"
"""What the openings of websockets are counted as, and the ends that nobody asked for."""
IDLE: Final = "idle connection"
"""What websockets that are only held are counted as."""
FRESH: Final = "fresh tokens"
"""What it is counted as when somebody's tokens have to be renewed while a run lasts."""
NO_REQUESTS: Final = frozenset({JOURNEY, WEBSOCKET, CALL, LOGIN})
"""What has no place in the picture of requests over time."""
