"""SVC: the slot that is to take the traffic, service by service, at its own address and before it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fixtures.checks import must
from fixtures.checks.match import each, equals, has, is_not, matches
from fixtures.clients.sightings import sight, sight_often
from suites.meant import build_meant, release_tag
from suites.per_service import for_each_service

if TYPE_CHECKING:
    from fixtures.clients.idle_slot import IdleSlot
    from fixtures.environments import Environment
    from fixtures.guide import Service


@for_each_service("SVC-01")
def test_service_says_it_is_well(service: Service, idle: IdleSlot) -> None:
    """Every replica of the slot answers its health check with 200 and says that it and all it depends on is up."""
    seen = sight_often(idle.transport, service.name, service.replicas_max)
    must(
        seen,
        each(has(health=has(status="up", service=service.name))),
        subject=f"the health of {service.name} in {idle.name}",
        service=service.name,
    )
    must(
        [one.needs for one in seen],
        each(each(has(status="up"))),
        subject=f"what {service.name} in {idle.name} depends on",
        service=service.name,
    )


@for_each_service("SVC-04")
def test_service_runs_in_the_environment_that_was_meant(
    service: Service, idle: IdleSlot, environment: Environment
) -> None:
    """Every replica of the slot reports the environment that this one is meant to be."""
    must(
        sight_often(idle.transport, service.name, service.replicas_max),
        each(has(health=has(environment=environment.reported_environment))),
        subject=f"the health of {service.name} in {idle.name}",
        service=service.name,
    )


@for_each_service("SVC-06")
def test_service_runs_the_build_that_was_meant(service: Service, idle: IdleSlot) -> None:
    """Every replica of the slot runs the build of the release."""
    build = build_meant(idle.transport)
    must(
        sight_often(idle.transport, service.name, service.replicas_max),
        each(has(health=has(version=build), who=has(build=build))),
        subject=f"the builds that answer for {service.name} in {idle.name}",
        service=service.name,
        likely="the release did not reach each replica, or another build is meant than was deployed",
    )


@for_each_service("SVC-06")
def test_service_runs_a_release_build(service: Service, idle: IdleSlot) -> None:
    """Every service of the slot runs a build that is tagged as the guide tags production images."""
    must(
        sight(idle.transport, service.name),
        has(health=has(version=matches(release_tag()))),
        subject=f"the build of {service.name} in {idle.name}",
        service=service.name,
    )


@for_each_service("SVC-07")
def test_address_of_the_slot_leads_to_the_slot(service: Service, idle: IdleSlot) -> None:
    """Every replica that answers for a service at the slot's address belongs to the slot."""
    must(
        sight_often(idle.transport, service.name, service.replicas_max),
        each(has(health=has(slot=idle.name), who=has(slot=idle.name))),
        subject=f"the slots that answer for {service.name} at the address of {idle.name}",
        service=service.name,
        likely=f"the load balancer, or the service behind it, leads from this address elsewhere than to {idle.name}",
    )


@for_each_service("SVC-07")
def test_slot_takes_no_live_traffic_yet(service: Service, idle: IdleSlot) -> None:
    """No replica of the slot takes the live traffic of a service before the switch, however ill the live slot is."""
    must(
        idle.live_takers(service.name, service.replicas_max),
        each(has(slot=is_not(equals(idle.name)))),
        subject=f"the slots that take the live traffic of {service.name} at {idle.live.base}",
        service=service.name,
        likely=f"traffic has moved to {idle.name} already, or this is not the slot that it is to move to",
    )
