"""What of an answer that nobody reads any further is good: the operations that an engine sends at a rate."""

import math
import time
from collections.abc import Callable
from typing import Final, TypeVar

from fixtures.contract.answer import Answer, Headers
from fixtures.contract.decoders import decoder
from fixtures.contract.errors import UnexpectedAnswer
from fixtures.contract.operation import Operation
from fixtures.contract.served_by import HEADER
from fixtures.contract.shared import Health
from loadtests.client.trouble import unexpected
from loadtests.failure import Failure, agrees

T = TypeVar("T")

_JSON: Final = Headers([("Content-Type", "application/json"), (HEADER, "")])
"""The engine hands no headers to a check: of an answer's form its body is checked, and who gave it is not known."""
_NEVER_EMPTY: Final = {
    "auth getKeySet": "keys",
    "video-call-signaling getIceServers": "ice_servers",
    "chat listConversations": "items",
    "friend-request listFriends": "items",
    "notification listNotifications": "items",
}
"""What is wrong with nothing in it: people of the pool are friends, share a conversation, and were told so at last."""
_TOLD: Final = "notification listNotifications"


def check_of(operation: Operation[T], told_by: float = math.inf) -> Callable[[int, bytes], T]:
    """What reads an answer by its status and its body, and raises `Failure` if it is not good; in journeys' words.

    From `told_by` on (`time.perf_counter`), all people have a notification.
    """
    # Made here: the engine's thread would make them while greenlets may do the same.
    for kind in operation.expects.values():
        decoder(kind)

    filled = _NEVER_EMPTY.get(operation.label)
    since = told_by if operation.label == _TOLD else -math.inf

    def check(status: int, body: bytes) -> T:
        try:
            answer = operation.read(Answer(status, _JSON, body, 0.0))
        except UnexpectedAnswer as wrong:
            raise unexpected(operation, wrong, named=False) from wrong
        if isinstance(answer, Health):
            agrees(answer, service=operation.service)
            if answer.status == "down":
                raise Failure("status down", f"in an answer with {status}")
        elif filled is not None and not getattr(answer, filled) and time.perf_counter() >= since:
            raise Failure(f"no {filled}")
        return answer

    return check
