"""The engine's connections to a name that has several addresses."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from fixtures.http1.target import Target
from loadtests.client.names import FRESH
from loadtests.client.trouble import untold
from loadtests.engine import reaching
from tests.unit.load.engine.runs import SUBJECT, arriving, engine
from tests.unit.load.engine.server import answering, serving

if TYPE_CHECKING:
    import ssl
    from pathlib import Path


def named(port: int, host: str = "balancer.example", context: ssl.SSLContext | None = None) -> Target:
    """An origin whose host is a name."""
    return Target(host, port, host, context)


def says(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Have names say these addresses, or nothing; returns who was asked for."""
    asked = []

    def look_up(host: str, _port: int) -> list[str]:
        asked.append(host)
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return list(addresses)

    monkeypatch.setattr(reaching, "look_up", look_up)
    return asked


def test_all_addresses_get_their_share(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections begin with one address after the other, and one look-up serves them all."""
    asked = says(monkeypatch, "127.0.0.1", "127.0.0.2")
    with serving(answering) as one, serving(answering, at=("127.0.0.2", one.port)) as other:
        counts = arriving(named(one.port), [0.0] * 8, warm=8)
    assert (counts.tally(SUBJECT).requests, counts.tally(SUBJECT).failed) == (8, 0)
    assert (one.connections, other.connections) == (4, 4)
    assert asked == ["balancer.example"]


def test_an_address_that_refuses_costs_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one of two addresses is not listened at, all are opened at the other, and it is told which one."""
    says(monkeypatch, "127.0.0.2", "127.0.0.1")
    with serving(answering) as server:
        counts = arriving(named(server.port), [0.01 * number for number in range(8)], connections=8)
    assert (counts.tally(SUBJECT).requests, counts.tally(SUBJECT).failed) == (8, 0)
    assert [*counts.passed_over] == [("refused", "127.0.0.2 (one of 2 addresses)")]


def test_refused_everywhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that no address takes fails once, by the cause of the last; which others there were is told beside."""
    says(monkeypatch, "127.0.0.2", "127.0.0.3")
    with serving(answering) as server:
        counts = arriving(named(server.port), [0.0], warm=0)
    assert dict(counts.causes) == {(SUBJECT, "refused"): 1}
    assert dict(counts.passed_over) == {("refused", "127.0.0.2 (one of 2 addresses)"): 1}


def test_what_is_not_found_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look-up that failed is the failure of all that waited for it, and is not remembered."""
    asked = says(monkeypatch)
    counts = arriving(named(1), [0.0, 0.0, 0.0, 0.2], warm=0)
    assert dict(counts.causes) == {(SUBJECT, "name does not resolve"): 4}
    assert 1 < len(asked) < 4


def test_a_look_up_lasts_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """After `FRESH` seconds the name is asked again, as a balancer's addresses change."""
    asked = says(monkeypatch, "127.0.0.1")
    at = 0.0

    def clock() -> float:
        nonlocal at
        at += FRESH / 2
        return at

    async def connects() -> None:
        reaches = reaching.Reaching(named(1), untold)
        for _ in range(8):
            assert await reaches._next() == ["127.0.0.1"]

    monkeypatch.setattr(reaching, "monotonic", clock)
    asyncio.run(connects())
    assert 1 < len(asked) < 8


def test_whatever_is_wrong_with_a_name_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not every mistake of a look-up is an error of the system's, and who waits for one must not wait in vain."""

    def look_up(host: str, _port: int) -> list[str]:
        raise UnicodeError(host)

    async def asks() -> None:
        async with asyncio.timeout(5):
            await reaching.Reaching(named(1), untold)._next()

    monkeypatch.setattr(reaching, "look_up", look_up)
    with pytest.raises(UnicodeError):
        asyncio.run(asks())


def test_addresses_have_an_order_that_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name servers turn theirs at each look-up, and whose turn it is would begin anew with it."""
    said = [f"127.0.0.{number}" for number in (5, 2, 9, 7, 1, 3, 8, 2)]
    entries = [(0, 0, 0, "", (address, 1)) for address in said]
    monkeypatch.setattr(reaching, "get_original", lambda *_: lambda *_, **__: entries)
    assert reaching.look_up("balancer.example", 1) == sorted(set(said))


def test_a_name_server_that_is_silent_keeps_no_engine_from_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """One look-up waits for it, and who waited for that has timed out; nobody asks again meanwhile."""
    over, asked = threading.Event(), []

    def look_up(host: str, _port: int) -> list[str]:
        asked.append(host)
        over.wait()
        return ["127.0.0.1"]

    monkeypatch.setattr(reaching, "look_up", look_up)
    try:
        counts = arriving(named(1), [0.0, 0.1, 0.2], on=engine(named(1), connect=0.5), warm=0)
    finally:
        over.set()
    assert dict(counts.causes) == {(SUBJECT, "time-out connecting"): 3}
    assert asked == ["balancer.example"]


@pytest.mark.parametrize(
    ("host", "causes"),
    [
        ("localhost", []),
        ("localhost.", []),
        (
            "balancer.example",
            ["certificate: Hostname mismatch, certificate is not valid for 'balancer.example'"],
        ),
    ],
)
def test_a_certificate_is_of_the_name(
    monkeypatch: pytest.MonkeyPatch, certificates: Path, host: str, causes: list[str]
) -> None:
    """Over TLS the certificate has to be of the name that was looked up, but for its last dot, not of the address."""
    says(monkeypatch, "127.0.0.2", "127.0.0.1")
    with serving(answering, certificates) as server:
        counts = arriving(named(server.port, host, server.context), [0.0], warm=0)
    assert dict(counts.causes) == {(SUBJECT, cause): 1 for cause in causes}
