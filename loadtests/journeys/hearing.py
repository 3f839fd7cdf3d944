"""What a device hears, frame by frame: waiting for the one that must come next."""

import time
from collections.abc import Callable
from typing import TypeVar

from fixtures.checks.time_scale import scaled
from fixtures.contract.errors import ContractError
from fixtures.contract.promises import PROMISES
from loadtests.failure import Failure, agrees, everywhere
from loadtests.people.visitor import Device

F = TypeVar("F")
W = TypeVar("W")


def hear(device: Device, read: Callable[[str], F], within: float, what: str) -> F:
    """The next frame, within so many seconds; raises `Failure`, for none "no <what>"."""
    try:
        text = device.receive(within)
    except Failure as failure:
        if failure.cause == "time-out":
            raise Failure(f"no {what}", f"not within {within:.3g} s") from failure
        raise
    return understood(read, text)


def understood(read: Callable[[str], F], text: str) -> F:
    """The frame that a text is; raises `Failure` for one that the contract does not know."""
    try:
        return read(text)
    except ContractError as error:
        raise Failure(f"contract: frame {everywhere(error.field or 'not known')}", str(error)) from error


def welcomed(device: Device, read: Callable[[str], F], kind: type[W], user_id: str) -> W:
    """The greeting, which is the first frame; raises `Failure` when something else comes, nothing, or another's."""
    first = hear(device, read, scaled(PROMISES.deadlines.frame_answer), "welcome")
    if not isinstance(first, kind):
        raise Failure("no welcome", f"{type(first).__name__} came first")
    agrees(first, user_id=user_id)
    return first


def until(device: Device, read: Callable[[str], F], wanted: Callable[[F], W | None], within: float, what: str) -> W:
    """What `wanted` makes of the first frame that it makes something of; others pass. Raises `Failure`, "no <what>"."""
    deadline = time.perf_counter() + within
    while True:
        found = wanted(hear(device, read, max(0.0, deadline - time.perf_counter()), what))
        if found is not None:
            return found
