"""Whether the target is what was meant, and stays so: by every answer's X-Served-By, from the first to the last."""

import contextlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from fixtures.contract.errors import ContractError
from fixtures.contract.served_by import HEADER, ServedBy, parse
from fixtures.environments import Environment, Slot
from fixtures.guide import load_guide
from fixtures.runs.evidence import Sighting
from fixtures.runs.identity import target_changes
from loadtests.numbers import few, several
from loadtests.said import MOST
from loadtests.sightings import BUILDS

_LONGEST: Final = 300
"""Characters of a message that quotes what a target wrote."""


def sightings(seen: Iterable[tuple[str, str]]) -> tuple[Sighting, ...]:
    """Who answered, in their order; replicas of one build are the same, and a malformed header tells nothing.

    Of each service as many as `BUILDS`, which are all as long as the target is one.
    """
    told: Counter[str] = Counter()
    found = []
    for one in dict.fromkeys(_sightings(seen)):
        told[one.service] += 1
        if told[one.service] <= BUILDS:
            found.append(one)
    return tuple(found)


def replicas(seen: Iterable[tuple[str, str]]) -> dict[str, int]:
    """How many instances of each service answered, as they say themselves; `MOST` where they are that many or more."""
    found = Counter(service for service, _ in {(service, who.instance) for service, who in _said(seen)})
    return {service: min(number, MOST) for service, number in found.items()}


def changes(seen: Collection[tuple[str, str]], platform: Environment, good: Iterable[str]) -> tuple[str, ...]:
    """In words, every answer from another slot or build than was meant, or than the first came from.

    Where the environment means a slot or a build, also each service that does not say well who it is: one whose header
    is malformed, and one that has answered without ever sending it. That is one of the operations of which something
    was `good`, for what stands in front of the services answers with errors alone; or one with an empty value in
    `seen`.
    """
    changed = target_changes(sightings(seen), address=platform.api, slot=platform.slot, build=platform.build)
    changed = (*changed, *_untold(seen))
    if platform.slot == Slot.LIVE and platform.build is None:
        return changed
    return (*changed, *_unsaid(seen, platform, good))


def _untold(seen: Iterable[tuple[str, str]]) -> Iterator[str]:
    """In words, each service that was more than is told of it."""
    told = Counter(one.service for one in dict.fromkeys(_sightings(seen)))
    for service, number in told.items():
        if number > BUILDS:
            yield f"{service} answered from more than {BUILDS} slots and builds, of which no more are told"


def _sightings(seen: Iterable[tuple[str, str]]) -> Iterator[Sighting]:
    for service, who in _said(seen):
        yield Sighting(service, who.slot, who.build)


def _said(seen: Iterable[tuple[str, str]]) -> Iterator[tuple[str, ServedBy]]:
    for service, header in seen:
        with contextlib.suppress(ContractError):
            yield service, parse(header)


def _unsaid(seen: Iterable[tuple[str, str]], platform: Environment, good: Iterable[str]) -> Iterator[str]:
    services = {service.name for service in load_guide().services}
    silent = {operation.partition(" ")[0] for operation in good} & services
    malformed: dict[str, str] = {}
    for service, header in seen:
        if not header:
            silent.add(service)
            continue
        try:
            parse(header)
        except ContractError as error:
            malformed.setdefault(service, str(error)[:_LONGEST])
    silent -= {service for service, header in seen if header}
    slot = (f"slot {platform.slot}",) if platform.slot != Slot.LIVE else ()
    build = (f"build {platform.build}",) if platform.build is not None else ()
    meant = " and ".join(slot + build)
    for service, why in malformed.items():
        yield (
            f"{service} does not say well who answers, and {meant} is meant ({why}): "
            "mend the header, or what writes it in front of the service"
        )
    for service in sorted(silent):
        yield (
            f"{service} answered without ever sending {HEADER}, and {meant} is meant: "
            "have it send the header, and what is in front of it pass it on"
        )


def passed_over(found: Mapping[tuple[str, str], int]) -> list[str]:
    """In words, which of its addresses did not let connections in that the next one took, the most often first."""
    order = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    told = [
        f"at {where} the target did not let in {several(times, 'connection')} ({cause}): the next address was tried, "
        "and no figure shows it"
        for (cause, where), times in order
    ]
    return few(told, "at other addresses or for other causes")
