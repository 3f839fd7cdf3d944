"""What the client says of its person, and to whom."""

from contextlib import ExitStack

import pytest

from fixtures.contract import chat, objects, shared
from loadtests.client import client as sending
from loadtests.client import common
from tests.unit.http1.peer import OK, server
from tests.unit.load.client.visitor import TOKEN, Visitor, cause_of, does, wire_of


def test_what_is_said_is_secret_elsewhere(visitor: Visitor) -> None:
    """An address that the platform gave out is asked without token, mark and trace, on a connection of its own."""
    with (
        server(does(OK)) as platform,
        server(does(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nxy", OK)) as storage,
    ):
        client = visitor.client(platform.url)
        client.token = TOKEN
        assert client.send(objects.get(f"{storage.url}/bucket/key?signature=x")) == b"xy"
        assert client.send(objects.get(f"{storage.url}/bucket/key?signature=x")) == b'"ok"'
        assert cause_of(client, objects.get("ftp://nobody/x")) == "cannot be sent"
        assert cause_of(client, objects.get("http://nobody/a b")) == "cannot be sent"
        client.close()
    request = storage.requests[0]
    assert request.path == "/bucket/key?signature=x"
    assert not {"Authorization", "X-Synthetic-Run", "traceparent"} & set(request.headers)
    assert storage.connections == 1
    assert platform.requests == []
    assert visitor.causes == ["", "", "cannot be sent", "cannot be sent"]


def test_only_what_needs_a_token_carries_one(visitor: Visitor) -> None:
    """The token goes with operations that need it and have none of their own."""
    good = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n"
    with server(does(good, OK, OK)) as known:
        client = visitor.client(known.url)
        client.token = TOKEN
        client.send(shared.metrics("chat"))
        cause_of(client, chat.conversations().bearing("theirs"))
        client.token = None
        assert client.token is None
        cause_of(client, chat.conversations())
        client.close()
    assert [request.headers.get("Authorization") for request in known.requests] == [None, "Bearer theirs", None]


def test_connections_elsewhere_are_a_bounded_number(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """A platform may give out another address each time: who was asked longest ago is left, and asked anew later."""
    monkeypatch.setattr(sending, "_ORIGINS", 2)
    monkeypatch.setattr(common, "_ORIGINS", 2)
    with ExitStack() as stack:
        one, other, third = (stack.enter_context(server(does(OK, OK, OK))) for _ in range(3))
        client = visitor.client(one.url)
        kept = []
        for storage in (one, other, one, third, one, other):
            assert client.send(objects.get(f"{storage.url}/key")) == b'"ok"'
            assert client._elsewhere is not None
            kept.append(wire_of(client._elsewhere[storage.url]))
        assert [storage.connections for storage in (one, other, third)] == [1, 2, 1]
        assert [wire._socket.fileno() < 0 for wire in kept] == [False, True, False, True, False, False]
        assert [*(client._elsewhere or {})] == [one.url, other.url]
        assert len(client._common._elsewhere) == 2
        client.close()
