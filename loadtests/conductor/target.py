"""Whether the target stays what it was: by every answer's X-Served-By, from the first to the last of the run."""

from collections.abc import Iterable, Iterator

from fixtures.contract.errors import ContractError
from fixtures.contract.served_by import parse
from fixtures.environments import Environment
from fixtures.runs.evidence import Sighting
from fixtures.runs.identity import target_changes


def sightings(seen: Iterable[tuple[str, str]]) -> tuple[Sighting, ...]:
    """Who answered, in their order; replicas of one build are the same, and a malformed header tells nothing."""
    return tuple(dict.fromkeys(_sightings(seen)))


def changes(seen: Iterable[tuple[str, str]], platform: Environment) -> tuple[str, ...]:
    """In words, every answer from another slot or build than was meant, or than the first came from."""
    return target_changes(sightings(seen), address=platform.api, slot=platform.slot, build=platform.build)


def _sightings(seen: Iterable[tuple[str, str]]) -> Iterator[Sighting]:
    for service, header in seen:
        try:
            who = parse(header)
        except ContractError:
            continue
        yield Sighting(service, who.slot, who.build)
