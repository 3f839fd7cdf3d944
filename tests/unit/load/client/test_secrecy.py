"""What the client says of its person, and to whom."""

from fixtures.contract import chat, objects, shared
from tests.unit.http1.peer import OK, server
from tests.unit.load.client.visitor import TOKEN, Visitor, cause_of, does


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
