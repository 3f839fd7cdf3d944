"""Whether the target stayed what it was."""

from loadtests.conductor.target import changes, sightings
from tests.unit.load.told import PLATFORM


def seen(*, slot: str = "blue", build: str = "b1", instance: str = "chat-1") -> tuple[str, str]:
    return "chat", f'chat;slot={slot};build="{build}";instance="{instance}"'


def test_replicas_of_one_build_are_one_target() -> None:
    """Another instance is no change, and not worth a line in the report."""
    answers = [seen(), seen(instance="chat-2")]
    assert changes(answers, PLATFORM) == ()
    assert len(sightings(answers)) == 1


def test_another_slot_or_build_is_a_change() -> None:
    """Whichever service it comes from, and whatever answered first is what was meant."""
    assert changes([seen(), seen(slot="green")], PLATFORM) == ("chat answered from slot green, not blue",)
    assert changes([seen(), seen(build="b2")], PLATFORM) == ("chat answered with build b2, not b1",)


def test_a_header_that_says_nothing_is_no_change() -> None:
    """It is a broken promise of the contract, which the smoke suite judges."""
    assert changes([seen(), ("chat", "nobody knows")], PLATFORM) == ()
