"""The client over TLS: it is sure of its peer, or says why not."""

import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import gevent
import pytest

from fixtures.contract.operation import Endpoint, Operation
from fixtures.sandbox.tls import write_certificates
from loadtests.client.names import Names
from tests.unit.http1.peer import OK, Peer, server
from tests.unit.load.client.visitor import GET, POST, Visitor, cause_of, comes, does, wire_of
from tests.unit.load.turns import ENOUGH, waits


def test_it_is_sure_of_its_peer(visitor: Visitor, certificates: Path, tmp_path: Path) -> None:
    """Over TLS requests and answers are the same, and a certificate that does not prove its host is refused."""
    body = b"y" * 100_000
    long = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    with server(does(OK, long, OK), certificates=certificates) as known:
        client = visitor.client(known.url, certificates / "ca.pem")
        put = Operation(Endpoint("chat", "put", "PUT", "/x", {200: str}, auth="none"), "/x", content=bytes(3_000_000))
        assert [client.send(operation) for operation in (GET, GET, put)] == ['"ok"', body.decode(), '"ok"']
        assert known.connections == 1
        assert len(known.requests[2].body) == 3_000_000
        client.close()
        write_certificates(tmp_path)
        assert cause_of(visitor.client(known.url, tmp_path / "ca.pem")).startswith("certificate: ")
        assert cause_of(visitor.client(known.url.replace("127.0.0.1", "127.0.0.2"), certificates / "ca.pem")) != ""


def test_a_name_may_end_with_a_dot(visitor: Visitor, certificates: Path) -> None:
    """The dot is for the resolver: the certificate has the name without it."""
    with server(does(OK), certificates=certificates) as known:
        client = visitor.client(known.url.replace("127.0.0.1", "localhost."), certificates / "ca.pem")
        client._common._names = Names(lambda _host, port: [(socket.AF_INET, ("127.0.0.1", port))])
        assert cause_of(client) == ""
        client.close()


def test_records_that_come_together_are_read_together(visitor: Visitor, certificates: Path) -> None:
    """Head and body may be records of their own; and who says farewell behind an answer is not asked again."""

    def says(peer: Peer) -> None:
        head, body = OK[:-4], OK[-4:]
        for _ in range(2):
            peer.hears()
            peer.says(head, body)
        peer.hears()
        due.wait(ENOUGH)
        peer.says(OK)
        peer.says_goodbye()
        said.set()
        over.wait(ENOUGH)  # and the connection stays open

    due, said, over = threading.Event(), threading.Event(), threading.Event()
    with server(says, certificates=certificates) as known:
        client = visitor.client(known.url, certificates / "ca.pem", read=ENOUGH)
        asker = gevent.spawn(lambda: [client.send(GET) for _ in range(2)])
        asker.join(ENOUGH)
        assert asker.value == ['"ok"', '"ok"']
        assert known.connections == 1
        third = gevent.spawn(client.send, GET)
        waits(lambda: len(known.requests) == 3)
        due.set()
        said.wait(ENOUGH)  # answer and farewell are there together
        third.join(ENOUGH)
        assert third.value == '"ok"'
        assert cause_of(client) == ""
        assert known.connections == 2
        over.set()
    assert visitor.causes == [""] * 4


def test_an_answer_stands_whatever_follows_it(visitor: Visitor, certificates: Path) -> None:
    """What is no TLS behind an answer ends the connection, and not the answer."""

    def says(peer: Peer) -> None:
        peer.hears()
        due[peer.number].wait(ENOUGH)
        peer.says(OK)
        peer.spoils()
        said[peer.number].set()
        peer.hears()

    due, said = ([threading.Event(), threading.Event()] for _ in range(2))
    with server(says, certificates=certificates) as known:
        client = visitor.client(known.url, certificates / "ca.pem", read=ENOUGH)
        for number in range(2):
            asker = gevent.spawn(client.send, GET)
            waits(lambda: len(known.requests) > number)  # noqa: B023 - while it is that
            due[number].set()
            said[number].wait(ENOUGH)  # both are there together
            asker.join(ENOUGH)
            assert asker.value == '"ok"'
        assert known.connections == 2


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize(
    ("ends", "cause"),
    [(Peer.says_goodbye, ""), (Peer.hangs_up, "cut off"), (Peer.resets, "cut off"), (Peer.spoils, "TLS")],
)
def test_only_tls_ends_a_body_without_a_length(
    visitor: Visitor, certificates: Path, ends: Callable[[Peer], None], cause: str, *, together: bool
) -> None:
    """Whoever is on the way could cut the connection, so that half of an answer would be taken for all of it."""

    def says(peer: Peer) -> None:
        peer.hears()
        due.wait(ENOUGH)
        peer.says(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"ok"')
        if not together:
            heard.wait(ENOUGH)
        ends(peer)
        ended.set()

    due, heard, ended = threading.Event(), threading.Event(), threading.Event()
    with server(says, certificates=certificates) as known:
        client = visitor.client(known.url, certificates / "ca.pem", read=ENOUGH)
        asker = gevent.spawn(cause_of, client)
        waits(lambda: known.requests)
        due.set()
        if together:
            ended.wait(ENOUGH)  # all of it is there
        else:
            waits(lambda: client._exchange is not None and client._exchange.answers.begun)
            heard.set()
        asker.join(ENOUGH)
        assert asker.value == cause


def test_tls_that_is_none_is_named(visitor: Visitor, certificates: Path) -> None:
    """A peer that speaks something else, or hangs up during or after the handshake, has its word."""
    with server(lambda peer: peer.says(b"SSH-2.0-OpenSSH_9.2\r\n")) as known:
        url = known.url.replace("http:", "https:")
        assert cause_of(visitor.client(url, certificates / "ca.pem")) == "TLS"
    with server(lambda peer: peer.connection.close()) as known:
        url = known.url.replace("http:", "https:")
        assert cause_of(visitor.client(url, certificates / "ca.pem")) in {"TLS", "reset"}
    with server(lambda peer: peer.answers(OK), certificates=certificates) as known:
        client = visitor.client(known.url, certificates / "ca.pem")
        for operation in (GET, GET, POST):
            assert client.send(operation) == '"ok"'
            comes(wire_of(client))
        assert known.connections == 3


def test_tls_that_breaks_while_nobody_asks_is_no_failure(visitor: Visitor, certificates: Path) -> None:
    """What cannot be repeated is looked at before it is sent, and goes over another connection."""
    answered = threading.Event()

    def says(peer: Peer) -> None:
        peer.answers(OK)
        if peer.number == 0:
            answered.wait(ENOUGH)
            peer.spoils()
            peer.hears()

    with server(says, certificates=certificates) as known:
        client = visitor.client(known.url, certificates / "ca.pem")
        assert client.send(GET) == '"ok"'
        answered.set()
        comes(wire_of(client))
        assert cause_of(client, POST) == ""
        assert known.connections == 2


def test_who_is_not_trusted_is_told_so(visitor: Visitor, certificates: Path, tmp_path: Path) -> None:
    """Who looks for the reason at the other side finds it there, too."""
    context, heard = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), []
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")

    def listens(peer: Peer) -> None:
        try:
            context.wrap_socket(peer.connection, server_side=True).close()
        except OSError as error:
            heard.append(str(error))

    write_certificates(tmp_path)
    with server(listens) as known:
        url = known.url.replace("http:", "https:")
        assert cause_of(visitor.client(url, tmp_path / "ca.pem")).startswith("certificate: ")
    assert "ALERT_UNKNOWN_CA" in heard[0]
