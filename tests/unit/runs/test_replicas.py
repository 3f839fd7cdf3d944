"""How many replicas a verdict knows of."""

import time

from fixtures.runs.conclusion import Conclusion
from fixtures.runs.evidence import Sighting
from fixtures.runs.identity import target_changes
from fixtures.runs.replicas import unmet
from fixtures.runs.verdict import Evidence, Outcome, decide

LIVE, BLUE = "https://live.test", "https://blue.test"
LEAST = {"chat": 5, "auth": 3}


def replicas(service: str, count: int, address: str = "", build: str = "b1") -> list[Sighting]:
    return [Sighting(service, "green", build, address, f"{service}-{number}") for number in range(count)]


def answered(seen: list[Sighting]) -> list[tuple[str, str, str, int]]:
    now = time.time()
    decision = decide(Evidence((Outcome.HELD,)))
    told = Conclusion("run", now, now, ("smoke",), decision, sightings=tuple(seen)).document()["answered"]
    return [(one["service"], one["build"], one["address"], one["replicas"]) for one in told]


def test_each_replica_that_answered_is_counted_once() -> None:
    """By service, build and address, however often it answered."""
    seen = [*replicas("chat", 3, LIVE), *replicas("chat", 2, LIVE), *replicas("chat", 1, BLUE), *replicas("auth", 2)]
    assert answered([*seen, *replicas("chat", 1, LIVE, build="b2")]) == [
        ("auth", "b1", "", 2),
        ("chat", "b1", BLUE, 1),
        ("chat", "b1", LIVE, 3),
        ("chat", "b2", LIVE, 1),
    ]


def test_another_replica_of_the_same_build_is_no_change_of_the_target() -> None:
    """As replicas take turns, and are replaced."""
    assert target_changes(replicas("chat", 4, LIVE), address=LIVE) == ()


def test_fewer_replicas_than_there_must_be_are_noted() -> None:
    """Only where it is known how many there are, and with both numbers."""
    seen = [*replicas("chat", 1, LIVE), *replicas("auth", 3, LIVE), *replicas("otp", 1, LIVE)]
    assert "(chat 1 of 5)" in unmet(seen, LEAST, [LIVE])
    assert "(chat 1 of 5)" in unmet([Sighting("chat", "green", "b1", instance="chat-1")], LEAST, [LIVE])
    assert unmet([*seen, *replicas("chat", 5, LIVE)], LEAST, [LIVE]) == ""
    assert unmet(seen, {}, [LIVE]) == ""
    assert unmet([], LEAST, [LIVE]) == ""


def test_replicas_at_another_address_are_others() -> None:
    """Those of the live slot are not those of the slot that is judged, nor is it noted how few of them were met."""
    seen = [*replicas("chat", 1, BLUE), *replicas("chat", 5, LIVE), *replicas("auth", 1, LIVE)]
    assert "(chat 1 of 5)" in unmet(seen, LEAST, [BLUE])
    assert f"(auth 1 of 3, chat 1 of 5 at {BLUE})" in unmet(seen, LEAST, [LIVE, BLUE])
