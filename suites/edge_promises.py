"""EDG: what must hold at an address of the edge, whichever address it is; smoke and preflight share it."""

from __future__ import annotations

import re
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fixtures.checks import must
from fixtures.checks.match import absent, at_least, has, matches
from fixtures.contract import shared
from fixtures.contract.promises import PROMISES
from fixtures.edge.control import require_offerable
from fixtures.edge.handshake import Outcome, certificate, handshake, refusal
from fixtures.edge.plain import ask_plainly
from fixtures.guide import load_guide
from fixtures.http1.tls import trust
from fixtures.runs.causes import PUBLIC_ADDRESS

if TYPE_CHECKING:
    from fixtures.clients.transport import Transport
    from fixtures.contract.answer import Answer

_SERVICES = tuple(service.name for service in load_guide().services)
MEANT = ssl.TLSVersion[f"TLSv{load_guide().security.tls}".replace(".", "_")]
FORMER = tuple(
    version for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2) if version < MEANT
)


def speaks_the_version_meant(address: str) -> None:
    """Hold that the guide's TLS version is agreed on."""
    must(
        handshake(address, MEANT),
        has(outcome=Outcome.ACCEPTED, version=MEANT.name.replace("_", ".")),
        subject=f"a handshake of {MEANT.name} with {address}",
        service=PUBLIC_ADDRESS,
    )


def refuses_former_version(address: str, version: ssl.TLSVersion) -> None:
    """Hold that a client which can offer an older version is refused, by the alert for it or by the end of each try."""
    require_offerable(version)
    must(
        refusal(address, version, MEANT),
        has(outcome=Outcome.REFUSED),
        subject=f"a handshake of {version.name} with {address}",
        service=PUBLIC_ADDRESS,
    )


def shows_a_good_certificate(address: str, transport: Transport) -> None:
    """Hold that chain and name verify, and that there is time enough to renew it."""
    must(
        certificate(address, trust(transport.environment.ca_file)),
        has(wrong=absent(), days=at_least(PROMISES.edge.certificate_days, "days")),
        subject=f"the certificate of {address}",
        service=PUBLIC_ADDRESS,
    )


def sends_plain_http_to_https(transport: Transport) -> None:
    """Hold that plain HTTP is answered with a redirect to the same path and query over TLS, and with nothing else."""
    environment = transport.environment
    host = urlsplit(environment.live_api).hostname or ""
    plain = environment.plain_api or f"http://{host}"
    path = f"{shared.health(_SERVICES[0]).path}?from=plain"
    # The dot that may end a name is for the resolver; web servers take it off.
    name = re.escape(host.removesuffix("."))
    must(
        ask_plainly(f"{plain}{path}", within=transport.timeouts.read),
        has(redirected=True, place=matches(rf"https://{name}\.?(:\d+)?{re.escape(path)}")),
        subject=f"the answer of {plain} to plain HTTP",
        service=PUBLIC_ADDRESS,
    )


def tells_clients_to_come_back_over_tls(transport: Transport) -> None:
    """Hold that the answers of each service carry Strict-Transport-Security (RFC 6797) for long enough.

    Of each, because a header is lost route by route: where one has a header of its own, nginx adds no other to it.
    """
    must(
        {name: _max_age(transport.answer(shared.health(name))) for name in _SERVICES},
        has(**dict.fromkeys(_SERVICES, at_least(PROMISES.edge.hsts_seconds, "s"))),
        subject=f"the max-age of Strict-Transport-Security at {transport.base}, by service",
        service=PUBLIC_ADDRESS,
    )


def _max_age(answer: Answer) -> int | str:
    header = answer.headers.get("Strict-Transport-Security", "no such header")
    found = re.search(r'(?:^|;)\s*max-age="?(\d+)"?\s*(?:;|$)', header, re.IGNORECASE)
    return int(found[1]) if found else header
