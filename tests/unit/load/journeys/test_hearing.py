"""Hearing: a frame is waited for until its deadline, and no longer."""

import time

import pytest

from fixtures.contract.errors import UnexpectedFrame
from loadtests.failure import Failure
from loadtests.journeys.hearing import understood, until


class Chatty:
    """A device on which something comes all the time, and never what is waited for."""

    def __init__(self) -> None:
        self.left: list[float] = []

    def receive(self, timeout: float) -> str:
        self.left.append(timeout)
        assert len(self.left) < 1000
        if not timeout:
            raise Failure("time-out")
        time.sleep(0.002)
        return "something else"


def test_what_keeps_coming_is_no_reason_to_wait_longer() -> None:
    """The deadline is that of the frame, and not of the silence before the next one."""
    device = Chatty()
    with pytest.raises(Failure, match="no pong"):
        until(device, lambda text: text, lambda _: None, 0.02, "pong")  # type: ignore[arg-type]  # a part of a device
    assert device.left == sorted(device.left, reverse=True)
    assert (device.left[0] <= 0.02, device.left[-1]) == (True, 0.0)


def test_one_field_that_is_wrong_in_many_items_is_one_cause() -> None:
    """Of frames as of answers."""

    def read(number: str) -> None:
        raise UnexpectedFrame("mistyped", field=f"candidates[{number}].sdp_mid")

    causes = set()
    for number in "123":
        with pytest.raises(Failure) as failure:
            understood(read, number)
        causes.add(failure.value.cause)
    assert causes == {"contract: frame candidates[].sdp_mid"}
