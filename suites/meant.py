"""What a service is meant to be, where the environment says it, or else where the services agree among themselves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fixtures.checks import CheckFailure
from fixtures.clients.sightings import prevailing, sight_all
from fixtures.environments import Slot
from fixtures.guide import load_guide

if TYPE_CHECKING:
    from fixtures.clients.transport import Transport


def slot_meant(transport: Transport) -> str:
    """Return the slot that must answer at this transport's address.

    For an environment of one colour that colour. Which colour is live is the release's affair: then it is the one that
    most services answer from, so that the few that differ are the ones found wrong.
    """
    environment = transport.environment
    if environment.slot != Slot.LIVE and transport.base == environment.api:
        return environment.slot
    return _agreed("slot", [seen.who.slot for seen in sight_all(transport, _names())])


def build_meant(transport: Transport) -> str:
    """Return the build that must answer: the environment's, or if it names none the one of most services."""
    environment = transport.environment
    if environment.build is not None and transport.base == environment.api:
        return environment.build
    return _agreed("build", [seen.health.version for seen in sight_all(transport, _names())])


def release_tag() -> str:
    """Return the pattern of a build as the guide tags the images of production."""
    before, _, after = load_guide().kubernetes.image_tag.partition("{revision}")
    return f"{re.escape(before)}[0-9a-f]{{7,40}}{re.escape(after)}"


def _agreed(what: str, values: list[str]) -> str:
    found = prevailing(values)
    if found is None:
        raise CheckFailure(
            what=f"the {what} that the services answer from",
            expected="at least one service that answers",
            got="none",
            likely="the address itself does not answer: look at the load balancer before any service",
        )
    return found


def _names() -> list[str]:
    return [service.name for service in load_guide().services]
