"""SVC-05: services answer what they are asked.

Apart from the other checks of services, which ask for their health, too: run side by side with these, one of them could
get the failure that is counted here, and bear it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fixtures.checks import must
from fixtures.checks.match import empty
from fixtures.clients.sightings import requests_for, tally
from suites.per_service import for_each_service

if TYPE_CHECKING:
    from fixtures.clients.transport import Transport
    from fixtures.guide import Service


@for_each_service("SVC-05")
def test_service_fails_no_request(service: Service, transport: Transport) -> None:
    """No service fails one of so many requests that several times the failures its SLA allows would show."""
    counted = tally(transport, service.name, requests_for(service.sla))
    must(
        counted.failures,
        empty(),
        subject=f"the failures among {counted.sent} requests to {service.name}",
        service=service.name,
    )
