"""Connections that do not come about, or not soon, and the word for each."""

import socket

from loadtests.client import Timeouts
from loadtests.client.names import Names
from tests.unit.http1.peer import OK, server
from tests.unit.load.client.visitor import Visitor, cause_of, does


def test_nobody_there_is_said(visitor: Visitor) -> None:
    """Refused, a name that does not resolve, and a host that does not answer each have their word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert cause_of(visitor.client(f"http://127.0.0.1:{port}")) == "refused"
    assert cause_of(visitor.client("http://nobody.invalid")) == "name does not resolve"
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        # Whom the queue has no place for is not answered at all.
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.settimeout(0)
            each.connect_ex(full.getsockname())
        assert cause_of(visitor.client(f"http://127.0.0.1:{full.getsockname()[1]}", connect=0.2)) == "time-out"
        for each in waiting:
            each.close()
    assert len(visitor.fired) == 3
    assert all(event["response_time"] > 0 for event in visitor.fired)


def test_the_time_to_connect_is_that_for_all_addresses(visitor: Visitor) -> None:
    """When one that does not answer has used it up, the next is not tried, for which there would be no limit."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, server(does(OK)) as known:
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.settimeout(0)
            each.connect_ex(full.getsockname())
        client = visitor.client(known.url, connect=0.2)
        answering = (socket.AF_INET, ("127.0.0.1", client._common.target.port))
        # Who asks first begins with the second.
        client._common._names = Names(lambda _host, _port: [answering, (socket.AF_INET, full.getsockname())])
        assert cause_of(client) == "time-out"
        assert known.connections == 0
        client._common.timeouts = Timeouts()
        assert cause_of(client) == ""
        for each in waiting:
            each.close()
