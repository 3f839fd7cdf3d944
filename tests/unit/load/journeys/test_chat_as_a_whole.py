"""What a chat is as a whole: by what it failed, and since when it went well."""

import itertools
import time

import pytest

from fixtures.contract.operation import Operation
from loadtests.journeys.chatting import Chatting
from tests.unit.load.journeys.town import Town

CHATTING = Chatting(messages=3)


def test_chat_has_failed_by_its_first_message_that_did(town: Town) -> None:
    """What follows from it may look otherwise."""
    town.copies = iter([0, 1, 2])
    CHATTING.run(town.visitor(), time.perf_counter())
    assert town.counted("delivery") == [(False, "lost"), (True, ""), (True, "repeated")]
    assert town.counted("chatting") == [(True, "lost")]


@pytest.mark.parametrize("copies", [1, 0], ids=["heard", "lost"])
def test_chat_that_went_well_is_remembered(copies: int, town: Town) -> None:
    """Idle devices are to have heard what was said since it began; of one that failed nobody knows what they should."""
    visitor, before, answer = town.visitor(), time.perf_counter(), town.answers["chat sendMessage"]
    said: list[float] = []

    def answers(operation: Operation[object]) -> object:
        said.append(time.perf_counter())
        return answer(operation)

    town.answers["chat sendMessage"] = answers
    town.copies = itertools.chain([1, 1, copies])
    CHATTING.run(visitor, before)
    assert (before < visitor.talked < said[0]) == bool(copies)
