"""SVC: each service answers as itself, in the environment, slot and build that were meant, at its public address."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fixtures.checks import must
from fixtures.checks.match import each, equals, has, matches
from fixtures.clients.sightings import sight, sight_often
from fixtures.contract import shared
from suites.meant import build_meant, release_tag, slot_meant
from suites.per_service import for_each_service

if TYPE_CHECKING:
    from fixtures.clients.transport import Transport
    from fixtures.environments import Environment
    from fixtures.guide import Service


@for_each_service("SVC-01")
def test_service_says_it_is_well(service: Service, transport: Transport) -> None:
    """Every replica answers its health check with 200 and says that it and everything it depends on is up."""
    seen = sight_often(transport, service.name, service.replicas_max)
    must(
        seen,
        each(has(health=has(status="up", service=service.name))),
        subject=f"the health of {service.name}",
        service=service.name,
    )
    must(
        [one.needs for one in seen],
        each(each(has(status="up"))),
        subject=f"what {service.name} depends on",
        service=service.name,
    )


@for_each_service("SVC-02")
def test_service_answers_at_its_public_address(
    service: Service, environment: Environment, transport: Transport
) -> None:
    """Every public health address of the guide leads, over TLS and through the load balancer, to its own service."""
    public = urlsplit(service.public_health_url)
    address = f"{environment.live_api}{shared.health(service.name).path}"
    must(
        urlsplit(address),
        has(scheme=public.scheme, path=public.path),
        subject=f"the public address of {service.name}",
        service=service.name,
    )
    seen = sight(transport.towards(environment.live_api), service.name)
    must(
        {"who answered": seen.who.service, "who it says it is": seen.health.service},
        equals({"who answered": service.name, "who it says it is": service.name}),
        subject=f"what is at {address}",
        service=service.name,
    )


@for_each_service("SVC-04")
def test_service_runs_in_the_environment_that_was_meant(
    service: Service, environment: Environment, transport: Transport
) -> None:
    """Every replica of a service reports the environment that this one is meant to be."""
    must(
        sight_often(transport, service.name, service.replicas_max),
        each(has(health=has(environment=environment.reported_environment))),
        subject=f"the health of {service.name}",
        service=service.name,
    )


@for_each_service("SVC-06")
def test_service_runs_the_build_that_was_meant(
    service: Service, environment: Environment, transport: Transport
) -> None:
    """Every replica that answers for a service runs the build of the release."""
    build = build_meant(transport)
    seen = sight_often(transport, service.name, service.replicas_max)
    meant = has(health=has(version=build), who=has(build=build))
    must(
        seen,
        each(meant),
        subject=f"the builds that answer for {service.name} in {environment.name}",
        service=service.name,
    )


@for_each_service("SVC-06")
def test_service_runs_a_release_build(service: Service, transport: Transport) -> None:
    """Every service runs a build that is tagged as the guide tags production images."""
    must(
        sight(transport, service.name),
        has(health=has(version=matches(release_tag()))),
        subject=f"the build of {service.name}",
        service=service.name,
    )


@for_each_service("SVC-07")
def test_service_answers_from_the_slot_that_was_meant(service: Service, transport: Transport) -> None:
    """Every replica that answers for a service belongs to the slot that takes the traffic, and to no other."""
    slot = slot_meant(transport)
    seen = sight_often(transport, service.name, service.replicas_max)
    must(
        seen,
        each(has(health=has(slot=slot), who=has(slot=slot))),
        subject=f"the slots that answer for {service.name}",
        service=service.name,
    )
