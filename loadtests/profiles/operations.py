"""The operations of the contract by their labels, and those that can be sent again and again at a rate."""

from functools import cache
from types import ModuleType
from typing import Any, Final

from fixtures.contract import (
    auth,
    chat,
    friend_request,
    notification,
    objects,
    otp,
    shared,
    user_profile,
    video_call_signaling,
    websocket_signaling,
)
from fixtures.contract.operation import Endpoint, Operation

_SERVICES: Final[tuple[ModuleType, ...]] = (
    auth,
    user_profile,
    websocket_signaling,
    chat,
    friend_request,
    notification,
    video_call_signaling,
    otp,
)

REPEATABLE: Final[dict[str, Operation[Any]]] = {
    operation.label: operation
    for operation in (
        *(shared.health(module.SERVICE) for module in _SERVICES),
        auth.key_set(),
        auth.account(),
        user_profile.own_profile(),
        chat.conversations(),
        friend_request.friends(),
        friend_request.blocks(),
        notification.notifications(),
        video_call_signaling.ice_servers(),
    )
}
"""What the engine can send at a rate: operations that change nothing and need at most a person's token."""


@cache
def labels() -> frozenset[str]:
    """The label of every operation of the contract, as statistics and budgets call it."""
    own = (it.label for module in (*_SERVICES, objects) for it in vars(module).values() if isinstance(it, Endpoint))
    common = (make(module.SERVICE).label for module in _SERVICES for make in (shared.health, shared.metrics))
    return frozenset((*own, *common))
