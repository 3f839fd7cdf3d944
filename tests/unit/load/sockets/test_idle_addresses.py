"""Idle websockets to a name that has several addresses."""

import socket
import threading
from collections import Counter
from pathlib import Path

import pytest

from fixtures.checks import eventually
from fixtures.checks.match import equals
from fixtures.http1.target import Target
from loadtests.client import Timeouts
from loadtests.client.names import Address, Names
from loadtests.failure import Failure
from loadtests.sockets import duplex, looking
from loadtests.sockets import idle as idling
from loadtests.sockets.handshake import Handshake
from loadtests.sockets.held import Terms
from tests.closed import closed_address
from tests.unit.load.sockets.events import Events
from tests.unit.load.sockets.expiring import EXPIRED, Tokens, ends_the_old_when
from tests.unit.load.sockets.idling import holding, settled, split
from tests.unit.load.sockets.peers import echoes, raw_server, unanswering, websocket_server

SIX, FOUR = socket.AF_INET6, socket.AF_INET


def says(monkeypatch: pytest.MonkeyPatch, *addresses: Address) -> None:
    """Have the target's name say these."""
    monkeypatch.setattr(idling, "_addresses", lambda *_: list(addresses))


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def test_one_address_that_refuses_costs_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a name with addresses that are not listened at, all are opened at the other, and these are told."""
    told: list[tuple[str, str]] = []
    with websocket_server(echoes) as url:
        port = port_of(url)
        says(monkeypatch, (SIX, ("::1", port, 0, 0)), (FOUR, ("127.0.0.2", port)), (FOUR, ("127.0.0.1", port)))
        with holding(url, 12, passed_over=lambda *what: told.append(what)) as idle:
            assert [sample.failure for sample in settled(idle, 12)] == [None] * 12
            assert (idle.held.open, idle.held.opening, idle.held.failed) == (12, 0, 0)
    # Who begins with the first of three meets both that refuse, and who begins with the second meets one.
    assert Counter(where for _, where in told) == {"::1 (one of 3 addresses)": 4, "127.0.0.2 (one of 3 addresses)": 8}


def test_an_address_that_cannot_be_asked_costs_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is refused before anything is sent, as where there is no route, is followed by the next address, too."""
    with websocket_server(echoes) as url:
        says(monkeypatch, (FOUR, ("255.255.255.255", 9)), (FOUR, ("127.0.0.1", port_of(url))))
        with holding(url, 6) as idle:
            assert [sample.failure for sample in settled(idle, 6)] == [None] * 6


def test_refused_everywhere_is_one_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that no address takes is one sample, with the refusal of the last."""
    url = closed_address()
    says(monkeypatch, (FOUR, ("127.0.0.1", port_of(url))), (FOUR, ("127.0.0.2", port_of(url))))
    with holding(url, 4) as idle:
        assert [sample.failure and sample.failure.cause for sample in settled(idle, 4)] == ["refused"] * 4
        idle.stop(lambda _seconds: None)
        assert idle.take() == []
        assert (idle.held.failed, idle.held.opening) == (4, 0)


def test_an_address_that_answers_nobody_is_none_in_time(events: Events) -> None:
    """Of an idle websocket and of a journey's it is said that the connection was missing, and not an answer."""
    with unanswering() as (host, port):
        url = f"http://{host}:{port}"
        with holding(url, 1, connect=0.2) as idle:
            assert [sample.failure and sample.failure.cause for sample in settled(idle, 1)] == ["time-out connecting"]
        with pytest.raises(Failure, match="time-out connecting"):
            events.opens(url, connect=0.2)


@pytest.mark.parametrize("knows", [True, False], ids=["moved", "unknown for a while"])
def test_what_expired_is_opened_again_where_the_name_leads_by_then(
    monkeypatch: pytest.MonkeyPatch, *, knows: bool
) -> None:
    """A name is asked again as long as connections are held, and what it said last stands while nobody knows it."""
    monkeypatch.setattr(looking, "FRESH", 0.02)
    tokens, over, later = Tokens(-1.0), threading.Event(), threading.Event()
    asked: list[bool] = []
    with (
        raw_server(ends_the_old_when(over)) as old,
        raw_server(ends_the_old_when(over)) as new,
    ):

        def look_up(_target: Target, _look_up: object) -> list[Address]:
            asked.append(later.is_set())
            if asked[-1] and not knows:
                raise Failure("name does not resolve", "")
            return [(FOUR, ("127.0.0.1", port_of(new if asked[-1] else old)))]

        monkeypatch.setattr(idling, "_addresses", look_up)
        with holding(old, 3, offer=tokens.offer, terms=Terms(expiry=EXPIRED)) as idle:
            try:
                settled(idle, 3)
                later.set()
                eventually(lambda: min(asked.count(True), 2), equals(2), within=20, subject="look-ups")
            finally:
                over.set()
            eventually(lambda: (idle.held.expired, idle.held.open), equals((3, 3)), within=20, subject="connections")
            assert idle._holder is not None
            peers = {connection.socket.getpeername()[1] for connection in idle._holder._connections.values()}
            assert peers == {port_of(new if knows else old)}
            idle.stop(threading.Event().wait)
            before = len(asked)
            assert not threading.Event().wait(0.1)
            assert len(asked) <= before + 1


def test_a_name_may_end_with_a_dot(monkeypatch: pytest.MonkeyPatch, certificates: Path) -> None:
    """The dot is for the resolver: the certificate has the name without it, for idle websockets and others."""
    with websocket_server(echoes, certificates=certificates) as url:
        named, ours = url.replace("127.0.0.1", "localhost."), certificates / "ca.pem"
        here: Address = (FOUR, ("127.0.0.1", port_of(url)))
        says(monkeypatch, here)
        with holding(named, 1, ca_file=ours) as idle:
            assert [sample.failure for sample in settled(idle, 1)] == [None]
        monkeypatch.setattr(duplex, "_names", Names(lambda _host, _port: [here]))
        wire, _ = duplex.open_wire(Target.of(named, ours), Handshake("localhost.", "/"), Timeouts())
        wire.close()


def test_a_certificate_of_another_name_is_not_trusted(monkeypatch: pytest.MonkeyPatch, certificates: Path) -> None:
    """Whoever has a certificate of the right authority, for another host than was meant, is somebody else."""
    with websocket_server(echoes, certificates=certificates) as url:
        says(monkeypatch, (FOUR, ("127.0.0.1", port_of(url))))
        with holding(url.replace("127.0.0.1", "other.example"), 1, ca_file=certificates / "ca.pem") as idle:
            (failure,) = split(settled(idle, 1))[1]
    assert failure.cause.startswith("certificate: Hostname mismatch")


def test_who_is_never_let_in_is_told_from_who_is_never_answered() -> None:
    """A host that does not answer at all has not seen that a websocket was asked for."""
    with unanswering() as (_, port), holding(f"http://127.0.0.1:{port}", 1, connect=0.1) as idle:
        assert [failure.cause for failure in split(settled(idle, 1))[1]] == ["time-out connecting"]
