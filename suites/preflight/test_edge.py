"""EDG: the address of the slot as its callers will meet it: TLS, its certificate, and what becomes of plain HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures.environments import Capability
from fixtures.runs.causes import PUBLIC_ADDRESS
from suites import edge_promises as edge

if TYPE_CHECKING:
    import ssl

    from fixtures.clients.idle_slot import IdleSlot

pytestmark = [pytest.mark.guide("EDG-01", service=PUBLIC_ADDRESS), pytest.mark.needs(Capability.TLS)]


def test_address_of_the_slot_speaks_the_tls_of_the_guide(idle: IdleSlot) -> None:
    """The address of the slot agrees on the TLS version that the guide demands."""
    edge.speaks_the_version_meant(idle.transport.base)


@pytest.mark.parametrize("version", edge.FORMER, ids=lambda version: version.name)
def test_address_of_the_slot_refuses_older_tls(idle: IdleSlot, version: ssl.TLSVersion) -> None:
    """The address of the slot refuses every older version of TLS from a client that can speak it."""
    edge.refuses_former_version(idle.transport.base, version)


def test_certificate_of_the_slot_is_good(idle: IdleSlot) -> None:
    """The certificate verifies for the name of the slot's address and is good for long enough to renew it."""
    edge.shows_a_good_certificate(idle.transport.base, idle.transport)


def test_plain_http_leads_to_https(idle: IdleSlot) -> None:
    """Plain HTTP at the public name is answered with a redirect to the same place over TLS."""
    edge.sends_plain_http_to_https(idle.transport)


def test_clients_are_told_to_come_back_over_tls(idle: IdleSlot) -> None:
    """Answers of each service at the address of the slot carry Strict-Transport-Security for long enough."""
    edge.tells_clients_to_come_back_over_tls(idle.transport)
