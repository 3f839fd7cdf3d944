"""EDG: the public address as anybody meets it: TLS, its certificate, and what becomes of plain HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures.environments import Capability
from fixtures.runs.causes import PUBLIC_ADDRESS
from suites import edge_promises as edge

if TYPE_CHECKING:
    import ssl

    from fixtures.clients.transport import Transport
    from fixtures.environments import Environment

pytestmark = [pytest.mark.guide("EDG-01", service=PUBLIC_ADDRESS), pytest.mark.needs(Capability.TLS)]


def test_public_address_speaks_the_tls_of_the_guide(environment: Environment) -> None:
    """The public address agrees on the TLS version that the guide demands."""
    edge.speaks_the_version_meant(environment.live_api)


@pytest.mark.parametrize("version", edge.FORMER, ids=lambda version: version.name)
def test_public_address_refuses_older_tls(environment: Environment, version: ssl.TLSVersion) -> None:
    """The public address refuses every older version of TLS from a client that can speak it."""
    edge.refuses_former_version(environment.live_api, version)


def test_public_certificate_is_good(environment: Environment, transport: Transport) -> None:
    """The certificate verifies for the public name and is good for long enough to renew it."""
    edge.shows_a_good_certificate(environment.live_api, transport)


def test_plain_http_leads_to_https(transport: Transport) -> None:
    """Plain HTTP is answered with a redirect to the same place over TLS."""
    edge.sends_plain_http_to_https(transport)


def test_clients_are_told_to_come_back_over_tls(environment: Environment, transport: Transport) -> None:
    """Answers of each service at the public address carry Strict-Transport-Security for long enough."""
    edge.tells_clients_to_come_back_over_tls(transport.towards(environment.live_api))
