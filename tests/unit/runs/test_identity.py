"""Whether what answered is what was meant to be judged."""

import pytest

from fixtures.runs.evidence import Sighting
from fixtures.runs.identity import LIVE, target_changes

OWN, OTHER = "https://blue.test", "https://live.test"


def seen(slot: str = "blue", build: str = "b1", address: str = OWN, service: str = "chat") -> Sighting:
    return Sighting(service, slot, build, address, f"{service}-1")


@pytest.mark.parametrize("address", ["", OWN])
def test_at_the_environments_own_address_its_slot_and_build_must_answer(address: str) -> None:
    """The first answer is judged as all others are, with its address or without."""
    wrong = [seen("green", "b2", address)]
    assert target_changes(wrong, address=OWN, slot="blue", build="b1") == (
        "chat answered from slot green, not blue as the environment says",
        "chat answered with build b2, not b1 as the environment says",
    )
    assert target_changes([seen(address=address)], address=OWN, slot="blue", build="b1") == ()


def test_elsewhere_another_slot_and_build_may_answer_and_have_to_stay() -> None:
    """At the live address the former build is right, until it changes under the run."""
    first, later = seen("green", "b0", OTHER), seen("blue", "b1", OTHER)
    assert target_changes([seen(), first, first], address=OWN, slot="blue", build="b1") == ()
    assert target_changes([first, seen(), later], address=OWN, slot="blue", build="b1") == (
        f"chat at {OTHER} answered from slot blue, not green as before",
        f"chat at {OTHER} answered with build b1, not b0 as before",
    )


def test_live_is_whatever_answers_first() -> None:
    """Where the environment names neither colour nor build, the first answer of each service settles them."""
    assert target_changes([seen("green", "b0"), seen("blue", "b1", service="auth")], address=OWN, slot=LIVE) == ()
    assert target_changes([seen("green"), seen("blue", address="")], address=OWN, slot=LIVE) == (
        "chat answered from slot blue, not green as before",
    )


def test_a_change_that_is_met_often_is_told_once() -> None:
    """A reader sees each change, and not each request that met it."""
    assert len(target_changes([seen(build="b2")] * 3, address=OWN, slot="blue", build="b1")) == 1
