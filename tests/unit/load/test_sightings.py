"""Who answered: as much of it as a verdict needs, whatever and however much a target says of itself."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.contract.served_by import parse
from loadtests import said, sightings
from loadtests.conductor import target
from loadtests.conductor.target import changes, replicas
from loadtests.engine import Engine
from loadtests.engine.watch import Watch
from loadtests.sightings import BUILDS, Sightings
from tests.unit.load.told import PLATFORM

FEW = 3
BLUE = replace(PLATFORM, slot="blue", build="b1")
GOOD = ("chat sendMessage", "auth logIn")


def header(slot: str = "blue", build: str = "b1", instance: str = "chat-1") -> str:
    return f'chat;slot={slot};build="{build}";instance="{instance}"'


HEADERS = st.builds(
    header, st.sampled_from(["blue", "green"]), st.sampled_from(["b1", "b2", "b3"]), st.text("ab", max_size=2)
) | st.sampled_from(["", "nginx", "cache", f"{header()};trace=1", f"{header()};trace=2"])
SEEN = st.lists(st.tuples(st.sampled_from(["chat", "auth"]), HEADERS), max_size=30)


def kept(seen: Iterable[tuple[str, str]]) -> Sightings:
    found = Sightings()
    for service, served_by in seen:
        found.add(service, served_by)
    return found


@given(st.lists(SEEN, min_size=1, max_size=3))
def test_what_processes_keep_says_the_same_as_all_that_they_saw(pieces: list[list[tuple[str, str]]]) -> None:
    """Of several that keep little, added up by one that keeps little: the same verdict, and as many instances."""
    with pytest.MonkeyPatch.context() as patch:
        for where in (sightings, target):
            patch.setattr(where, "MOST", FEW)
            patch.setattr(where, "BUILDS", 2)
        everything = [seen for piece in pieces for seen in piece]
        total = kept(seen for piece in pieces for seen in kept(piece))
        for platform in (PLATFORM, BLUE, replace(BLUE, build=None), replace(BLUE, slot="live")):
            assert bool(changes(total, platform, GOOD)) == bool(changes(everything, platform, GOOD))
        assert replicas(total) == replicas(everything)
        assert len(total) <= 2 * (1 + 3 + 3 + FEW)
        assert [*kept(total)] == [*total]


@given(st.lists(SEEN, min_size=1, max_size=3))
def test_as_long_as_there_are_few_nothing_is_told_otherwise(pieces: list[list[tuple[str, str]]]) -> None:
    """Not a word of a change is another, and none is missing."""
    everything = [seen for piece in pieces for seen in piece]
    total = kept(seen for piece in pieces for seen in kept(piece))
    for platform in (PLATFORM, BLUE):
        assert changes(total, platform, GOOD) == changes(everything, platform, GOOD)


def test_another_instance_for_each_answer_is_remembered_for_a_few_hundred() -> None:
    """So many are known to be different; and one of another build is seen behind all of them."""
    seen = kept(("chat", header(instance=f"chat-{number}")) for number in range(5_000))
    assert len(seen) == replicas(seen)["chat"] == said.MOST
    seen.add("chat", header(build="b2", instance="chat-9999"))
    assert changes(seen, BLUE, ()) == ("chat answered with build b2, not b1 as the environment says",)


@pytest.mark.parametrize("instance", ["chat-1", "chat-{}"])
def test_another_build_for_each_answer_is_told_for_the_first_ones(instance: str) -> None:
    """The target has changed with the second; a reason of two megabytes would say no more."""
    seen = kept(("chat", header(build=f"b{number}", instance=instance.format(number))) for number in range(1, 5_000))
    (*told, more) = changes(seen, BLUE, ())
    assert [change.split()[4] for change in told] == [f"b{number}," for number in range(2, BUILDS + 1)]
    assert more == f"chat answered from more than {BUILDS} slots and builds, of which no more are told"
    assert len(target.sightings(seen)) == BUILDS
    as_many = kept(("chat", header(build=f"b{number}")) for number in range(1, BUILDS + 1))
    assert list(changes(as_many, BLUE, ())) == told


def test_garbage_in_each_answer_is_remembered_for_the_first_ones() -> None:
    """A header that cannot be read is told with one example."""
    seen = kept(("chat", f"nobody {number}") for number in range(5_000))
    assert len(seen) == BUILDS + 1
    assert ("chat", "nobody 0") in seen
    (change,) = changes(seen, BLUE, ())
    assert "'nobody 0'" in change


@pytest.mark.parametrize("part", ["slot", "build", "instance"])
def test_a_megabyte_is_cut_and_still_another(part: str) -> None:
    """What is kept is short, says what it is, and two that begin alike stay two."""
    long = [header(**{part: "x" * 1_000_000 + end}) for end in "ab"]
    seen = kept(("chat", one) for one in long)
    assert [len(one) < 1_000 for _, one in seen] == [True, True]
    assert len({parse(one) for _, one in seen}) == 2
    assert bool(changes(seen, PLATFORM, GOOD)) == (part != "instance")


@pytest.mark.parametrize(
    "long",
    [f"{'c' * 64_000};{header()[5:]}", f"{header()};trace={'x' * 64_000}", f"<{'x' * 64_000}>"],
    ids=["service", "parameter that is not known", "garbage"],
)
def test_of_a_long_header_little_is_kept(long: str) -> None:
    """Whichever part of it is long; and it can be read as before, or not."""
    ((_, value),) = kept([("chat", long)])
    assert len(value) < 1_000
    assert bool(changes([("chat", value)], BLUE, ())) == bool(changes([("chat", long)], BLUE, ()))


def test_a_service_that_says_nothing_is_remembered_as_that() -> None:
    """Where a slot or a build is meant, nobody knows whether it is the one."""
    (change,) = changes(kept([("chat", "")]), BLUE, ())
    assert change.startswith("chat answered without ever sending X-Served-By")


@given(st.integers(0, 2_000), st.integers(1, 4))
def test_what_cannot_be_read_cannot_be_read_when_it_is_cut(length: int, before: int) -> None:
    """Wherever it is cut: or a broken header would pass for a good one."""
    broken = f"{header()};{'y' * before}=1{';x=1' * length}\x01"
    assert changes(kept([("chat", broken)]), BLUE, ()) != ()


def test_an_engine_tells_of_a_few_hundred() -> None:
    """And its watch, which looks at each answer, remembers no more of them, nor any that is long."""
    engine = Engine(_Nowhere())
    watch = Watch(engine._saw, "auth getKeySet")
    watch.saw(header(build="b" * 60_000).encode())
    assert not watch._known
    for number in range(5_000):
        watch.saw(header(instance=f"chat-{number}").encode())
    assert len(engine.sightings()) == said.MOST
    assert engine.sightings() == []
    assert len(watch._known) == said.MOST


class _Nowhere:
    host = server_name = "localhost"
    port = 1
    context = None
