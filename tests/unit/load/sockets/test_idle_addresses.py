"""Idle websockets to a name that has several addresses."""

import socket

import pytest

from loadtests.client.names import Address
from loadtests.sockets import idle as idling
from tests.unit.load.sockets.idling import holding, settled
from tests.unit.load.sockets.peers import closed_port, echoes, websocket_server

SIX, FOUR = socket.AF_INET6, socket.AF_INET


def says(monkeypatch: pytest.MonkeyPatch, *addresses: Address) -> None:
    """Have the target's name say these."""
    monkeypatch.setattr(idling, "_addresses", lambda _target: list(addresses))


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2])


def test_one_address_that_refuses_costs_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a name with two addresses where one is not listened at, every connection is opened at the other."""
    with websocket_server(echoes) as url:
        port = port_of(url)
        says(monkeypatch, (SIX, ("::1", port, 0, 0)), (FOUR, ("127.0.0.2", port)), (FOUR, ("127.0.0.1", port)))
        with holding(url, 12) as idle:
            assert [sample.failure for sample in settled(idle, 12)] == [None] * 12
            assert (idle.held.open, idle.held.opening, idle.held.failed) == (12, 0, 0)


def test_an_address_that_cannot_be_asked_costs_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is refused before anything is sent, as where there is no route, is followed by the next address, too."""
    with websocket_server(echoes) as url:
        says(monkeypatch, (FOUR, ("255.255.255.255", 9)), (FOUR, ("127.0.0.1", port_of(url))))
        with holding(url, 6) as idle:
            assert [sample.failure for sample in settled(idle, 6)] == [None] * 6


def test_refused_everywhere_is_one_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection that no address takes is one sample, with the refusal of the last."""
    url = closed_port()
    says(monkeypatch, (FOUR, ("127.0.0.1", port_of(url))), (FOUR, ("127.0.0.2", port_of(url))))
    with holding(url, 4) as idle:
        assert [sample.failure and sample.failure.cause for sample in settled(idle, 4)] == ["refused"] * 4
        idle.stop(lambda _seconds: None)
        assert idle.take() == []
        assert (idle.held.failed, idle.held.opening) == (4, 0)
