"""Whether the target stayed what it was."""

from collections.abc import Collection, Iterable
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fixtures.contract.errors import ContractError
from fixtures.contract.served_by import parse
from fixtures.environments import Environment
from loadtests.conductor.target import changes, passed_over, replicas, sightings
from loadtests.numbers import several
from tests.unit.load.told import PLATFORM

BLUE = replace(PLATFORM, slot="blue", build="b1")
SENDS = "chat sendMessage"


def seen(*, slot: str = "blue", build: str = "b1", instance: str = "chat-1") -> tuple[str, str]:
    return "chat", f'chat;slot={slot};build="{build}";instance="{instance}"'


def changed(
    answers: Collection[tuple[str, str]], platform: Environment = PLATFORM, good: Iterable[str] = (SENDS,)
) -> tuple[str, ...]:
    return changes(answers, platform, good)


def test_replicas_of_one_build_are_one_target() -> None:
    """Another instance is no change, and not worth a line in the report."""
    answers = [seen(), seen(instance="chat-2")]
    assert changed(answers) == changed(answers, BLUE) == ()
    assert len(sightings(answers)) == 1


def test_replicas_are_counted_by_service() -> None:
    """Each instance once, of whichever build; a header that says nothing well is none."""
    others = ("auth", 'auth;slot=blue;build="b1";instance="chat-1"')
    assert replicas([seen(), seen(instance="chat-2"), seen(build="b2"), others, ("chat", "nobody knows")]) == {
        "chat": 2,
        "auth": 1,
    }


def test_another_slot_or_build_is_a_change() -> None:
    """Whichever service it comes from, and whatever answered first is what was meant."""
    assert changed([seen(), seen(slot="green")]) == ("chat answered from slot green, not blue as before",)
    assert changed([seen(), seen(build="b2")]) == ("chat answered with build b2, not b1 as before",)


def test_another_slot_or_build_than_the_environment_says_is_told_as_such() -> None:
    """It may have answered from the first moment, so nobody has to look for what changed."""
    assert changed([seen(slot="green")], BLUE) == ("chat answered from slot green, not blue as the environment says",)
    assert changed([seen(build="b2")], BLUE) == ("chat answered with build b2, not b1 as the environment says",)


def test_a_header_that_says_nothing_is_no_change_where_nothing_is_meant() -> None:
    """It is a broken promise of the contract, which the smoke suite judges; so is one that is missing."""
    assert changed([seen(), ("chat", "nobody knows")]) == ()
    assert changed([]) == changed([("chat", "")]) == ()


@pytest.mark.parametrize(
    ("platform", "meant"),
    [
        (BLUE, "slot blue and build b1 is meant"),
        (replace(BLUE, build=None), "slot blue is meant"),
        (replace(BLUE, slot="live"), "build b1 is meant"),
    ],
)
def test_a_service_that_never_says_who_it_is_is_not_what_was_meant(platform: Environment, meant: str) -> None:
    """Wherever a slot or a build is meant, and whether an operation or a websocket was answered."""
    for answers, good in (([], [SENDS]), ([("chat", "")], [])):
        (change,) = changed(answers, platform, good)
        assert change.startswith(f"chat answered without ever sending X-Served-By, and {meant}: have it send")


def test_who_says_it_once_or_was_never_called_or_only_failed_is_not_unknown() -> None:
    """What stands in front of a service answers for it with errors, which prove nothing about the service itself."""
    assert changed([seen(), ("chat", "")], BLUE) == ()
    assert changed([seen()], BLUE, ()) == changed([], BLUE, ()) == ()
    assert changed([], BLUE, ["object-storage putObject", "cdn getFromCdn", "browsing", "connection"]) == ()


@given(st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), min_size=1))
@example("nginx")
@example('chat;slot=blue;build=b1;instance="1"')
@example("cache-fra-etou8220158-FRA" * 100)
def test_a_malformed_header_is_told_with_what_is_wrong(header: str) -> None:
    """Also beside good ones, for somebody unknown has answered: once for each service, and not all that it wrote."""
    try:
        parse(header)
    except ContractError:
        (change,) = changed([seen(), ("chat", header), ("chat", "?")], BLUE)
        assert change.startswith("chat does not say well who answers, and slot blue and build b1 is meant (X-Served-")
        assert change.endswith(": mend the header, or what writes it in front of the service")
        assert len(change) < 600


@given(st.dictionaries(st.tuples(st.sampled_from(["refused", "unreachable"]), st.text(min_size=1)), st.integers(1)))
@example({("refused", "10.0.0.7 (one of 2 addresses)"): 40})
def test_addresses_that_let_nobody_in_are_told_the_worst_first(found: dict[tuple[str, str], int]) -> None:
    """Three by themselves, and of the rest how many; which, why, and how often."""
    told = passed_over(found)
    assert len(told) == min(len(found), 4)
    for note, times in zip(told[:3], sorted(found.values(), reverse=True), strict=False):
        assert f" did not let in {several(times, 'connection')} (" in note
    if [*found] == [("refused", "10.0.0.7 (one of 2 addresses)")]:
        (note,) = told
        assert note == (
            "at 10.0.0.7 (one of 2 addresses) the target did not let in 40 connections (refused): "
            "the next address was tried, and no figure shows it"
        )
