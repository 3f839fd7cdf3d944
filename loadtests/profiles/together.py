"""What the keys of a profile mean together, and which names they use: judged on the file's own words."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from fixtures.environments.errors import ConfigurationErrors
from fixtures.environments.load import environment_file
from fixtures.environments.reading import Reading, closest
from loadtests.journeys import JOURNEYS
from loadtests.kinds import IDLE
from loadtests.profiles.form import PEOPLE, Form, PhaseForm
from loadtests.profiles.operations import REPEATABLE, labels
from loadtests.profiles.reading import dotted


def judge_together(reading: Reading[Form]) -> None:
    """Note what is wrong between keys, and with names; works on what the file has, so broken keys hide nothing."""
    _judge_names(reading)
    _judge_work(reading)
    _judge_arrivals(reading)
    _judge_phases(reading)


def _judge_names(reading: Reading[Form]) -> None:
    for journey in _table(reading.raw, "mix"):
        if journey not in JOURNEYS:
            allowed = ", ".join(sorted(JOURNEYS))
            reading.wrong(dotted("mix", journey), "unknown journey", allowed, closest(journey, JOURNEYS))
    for index, rate in enumerate(_tables(reading.raw, "rates")):
        _judge_rate(reading, index, rate.get("operation"))
    environment = reading.raw.get("environment")
    if isinstance(environment, str) and environment.strip():
        try:
            environment_file(environment)
        except ConfigurationErrors as errors:
            for error in errors.errors:
                reading.wrong("environment", error.message, error.allowed, error.suggestion)


def _judge_work(reading: Reading[Form]) -> None:
    """Whether there is anything to do, and anybody to do it."""
    raw = reading.raw
    if not raw.get("mix") and not raw.get("rates"):
        reading.wrong("mix", "is missing: nobody does anything", "journeys with their weights, or [[rates]]")
    elif not raw.get("mix") and raw.get("arrivals") == "closed":
        reading.wrong("mix", "is missing: closed users do nothing but journeys", "journeys with their weights")
    tokens = any(
        isinstance(name, str) and name in REPEATABLE and REPEATABLE[name].auth == "bearer"
        for name in (rate.get("operation") for rate in _tables(raw, "rates"))
    )
    if "people" not in raw and (raw.get("mix") or raw.get("connections") or tokens):
        reading.wrong("people", "is missing: journeys and tokens need somebody", PEOPLE.allowed)
    users, people = raw.get("users"), raw.get("people")
    if isinstance(users, int) and isinstance(people, int) and people < 2 * users:
        reading.wrong("people", f"{people} are no pair for each of {users} users", f"at least {2 * users}")


def _judge_arrivals(reading: Reading[Form]) -> None:
    """Which keys belong to which way of arriving."""
    raw = reading.raw
    users, schedule = ["users", "think", "for"], ["phases"]
    if raw.get("arrivals") == "closed":
        needed, senseless, reason = users, schedule, "arrivals are closed"
    elif raw.get("mix"):
        needed, senseless, reason = schedule, users, "arrivals follow a schedule"
    else:
        needed, senseless, reason = [], users + schedule, "there is no mix of journeys"
    for key in needed:
        if raw.get(key) in (None, []):
            reading.wrong(key, f"is missing, though {reason}")
    for key in senseless:
        if key in raw:
            reading.wrong(key, f"means nothing, since {reason}")


def _judge_rate(reading: Reading[Form], index: int, operation: object) -> None:
    if isinstance(operation, str) and operation.strip() and operation not in REPEATABLE:
        what = "cannot be sent again and again" if operation in labels() else "unknown operation"
        reading.wrong(
            dotted("rates", index, "operation"),
            f"{what}: {operation!r}",
            ", ".join(sorted(REPEATABLE)),
            closest(operation, REPEATABLE),
        )


def _judge_phases(reading: Reading[Form]) -> None:
    """Phases that are well formed and mean nothing."""
    places: list[tuple[tuple[int | str, ...], Mapping[str, Any]]] = [(("phases",), reading.raw)]
    places += [(("rates", index, "phases"), rate) for index, rate in enumerate(_tables(reading.raw, "rates"))]
    for place, table in places:
        if table.get("phases") == [] and place != ("phases",):
            reading.wrong(dotted(*place), "is empty", "at least one phase")
        for index, raw in enumerate(_tables(table, "phases")):
            try:
                phase = PhaseForm.model_validate(raw)
            except ValidationError:
                continue  # noted when the form was read
            for key, message, allowed in _senseless(phase):
                reading.wrong(dotted(*place, index, key), message, allowed)


def _senseless(phase: PhaseForm) -> Iterator[tuple[str, str, str]]:
    """Key, message and what is allowed."""
    if phase.to is not None and phase.peak is not None:
        yield "to", "a phase is a ramp or a spike, not both", "to, or peak with peak_for"
    if phase.rate == 0 and not phase.to:
        yield "rate", "nobody arrives at a rate of 0", "more than 0 /s; a ramp may begin or end at 0 /s"
    if (phase.peak is None) != (phase.peak_for is None):
        missing, there = ("peak_for", "peak") if phase.peak_for is None else ("peak", "peak_for")
        yield missing, f"is missing, though there is {there}", "a spike has both"
    if phase.peak is not None and phase.peak <= phase.rate:
        yield "peak", "is no peak: it is not above the phase's rate", "more than rate"
    if phase.peak_for is not None and phase.peak_for >= phase.lasts:
        yield "peak_for", "is not shorter than the phase", "less than for"


def names_known(raw: Mapping[str, Any]) -> bool:
    """Whether the mix and the rates name only what there is."""
    return JOURNEYS.keys() >= _table(raw, "mix").keys() and rated(raw) <= REPEATABLE.keys()


def mixed(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """The journeys of the mix."""
    return tuple(name for name in _table(raw, "mix") if name in JOURNEYS)


def called(raw: Mapping[str, Any]) -> frozenset[str]:
    """Labels of the operations that the profile calls."""
    mix = (operation for name in mixed(raw) for operation in JOURNEYS[name].operations)
    return frozenset(mix) | rated(raw)


def measured(raw: Mapping[str, Any]) -> frozenset[str]:
    """Further subjects that it measures."""
    mix = mixed(raw)
    idle = {IDLE} if raw.get("connections") else frozenset[str]()
    return frozenset(mix).union(idle, *(JOURNEYS[name].measures for name in mix))


def rated(raw: Mapping[str, Any]) -> frozenset[str]:
    """Those of the rates."""
    named = (rate.get("operation") for rate in _tables(raw, "rates"))
    return frozenset(operation for operation in named if isinstance(operation, str))


def _table(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = raw.get(key)
    return value if isinstance(value, dict) else {}


def _tables(raw: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = raw.get(key)
    return [table for table in value if isinstance(table, dict)] if isinstance(value, list) else []
