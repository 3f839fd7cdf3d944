"""Handshakes told apart, against servers of our own."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from fixtures.checks.time_scale import forget_time_scale, set_time_scale
from fixtures.clients.exchanges import Exchanges
from fixtures.clients.transport import Transport
from fixtures.clients.witness import Witness
from fixtures.edge.control import control_server
from fixtures.edge.handshake import SECONDS, Outcome, certificate, handshake, refusal
from fixtures.edge.plain import ask_plainly
from fixtures.http1.tls import trust
from fixtures.sandbox.tls import write_certificates
from suites.edge_promises import sends_plain_http_to_https
from tests.unit.clients import make
from tests.unit.clients.peer import says, web_server
from tests.unit.http1.peer import server

VERSIONS = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


OLD, MEANT = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
CLOSE_NOTIFY = b"\x15\x03\x03\x00\x02\x01\x00"


@contextmanager
def _peer(says_first: bytes) -> Iterator[str]:
    """A server that takes one connection, says something that is no TLS, and closes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(2.0)

        def once() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(says_first)

        thread = threading.Thread(target=once)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        thread.join()


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_the_control_proves_that_a_version_can_be_offered(version: ssl.TLSVersion) -> None:
    """A server that accepts a version is found to accept it, however old it is."""
    with control_server(version) as address:
        reading = handshake(address, version)
    assert reading.outcome is Outcome.ACCEPTED
    assert reading.version == version.name.replace("_", ".")


@pytest.mark.parametrize("version", VERSIONS[:-1], ids=lambda version: version.name)
def test_the_alert_for_the_version_is_a_refusal(version: ssl.TLSVersion) -> None:
    """A server of a newer version refuses an older one by the alert for that."""
    with control_server(ssl.TLSVersion.TLSv1_3) as address:
        assert handshake(address, version).outcome is Outcome.REFUSED


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x15\x03\x03\x00\x02\x02\x28"])
def test_any_other_end_proves_nothing(answer: bytes) -> None:
    """A connection that answers otherwise or alerts of something else is neither accepted nor refused."""
    with _peer(answer) as address:
        assert handshake(address, OLD).outcome is Outcome.INCONCLUSIVE


@contextmanager
def _edge(*turns: bytes | ssl.TLSVersion) -> Iterator[str]:
    """A server that takes one connection for each turn: it agrees on a version, or says something and closes."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        listener.settimeout(20.0)
        certificates = Path(stack.enter_context(TemporaryDirectory()))
        write_certificates(certificates)

        def serve() -> None:
            for turn in turns:
                connection, _ = listener.accept()
                with connection, suppress(OSError):
                    if isinstance(turn, bytes):
                        connection.recv(4096)
                        connection.sendall(turn)
                        continue
                    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
                    context.minimum_version = context.maximum_version = turn
                    with context.wrap_socket(connection, server_side=True) as secure:
                        secure.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        listener.close()
        thread.join()


@pytest.mark.parametrize("word", [b"", CLOSE_NOTIFY], ids=["closed", "close_notify"])
def test_whoever_ends_each_handshake_and_speaks_another_version_refuses(word: bytes) -> None:
    """A load balancer that keeps alerts to itself refuses a version all the same."""
    with _edge(word, MEANT, word, MEANT, word, MEANT, word) as address:
        assert refusal(address, OLD, MEANT).outcome is Outcome.REFUSED


@pytest.mark.parametrize(
    ("turns", "outcome"),
    [
        ([b"", b""], Outcome.ENDED),
        ([b"", MEANT, b"", MEANT, b"", b""], Outcome.ENDED),
        ([b"", MEANT, OLD], Outcome.ACCEPTED),
        ([b"", MEANT, b"", MEANT, b"", MEANT, OLD], Outcome.ACCEPTED),
    ],
    ids=["sick", "falls sick", "speaks it", "speaks it at last"],
)
def test_an_end_by_chance_is_no_refusal(turns: list[bytes | ssl.TLSVersion], outcome: Outcome) -> None:
    """Who ends all handshakes, or only some of a version, does not refuse it."""
    with _edge(*turns) as address:
        assert refusal(address, OLD, MEANT).outcome is outcome


def test_nobody_there_proves_nothing() -> None:
    """An address where nothing listens is inconclusive, and its certificate is wrong."""
    reading = handshake("https://127.0.0.1:1", ssl.TLSVersion.TLSv1_3)
    assert reading.outcome is Outcome.INCONCLUSIVE
    assert certificate("https://127.0.0.1:1", ssl.create_default_context()).wrong is not None


def test_a_name_may_end_with_a_dot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The dot is for the resolver: the certificate has the name without it."""
    look_up = socket.getaddrinfo

    def knows(host: str, *more: Any, **named: Any) -> Any:  # noqa: ANN401
        return look_up("127.0.0.1" if host == "localhost." else host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", knows)
    write_certificates(tmp_path)
    with server(lambda peer: peer.connection.recv(1), certificates=tmp_path) as known:
        address = known.url.replace("127.0.0.1", "localhost.")
        assert certificate(address, trust(tmp_path / "ca.pem")).wrong is None
        assert handshake(address, MEANT).outcome is Outcome.ACCEPTED


def test_plain_http_may_lead_to_the_name_without_its_dot() -> None:
    """A web server takes the dot off the name that it was asked for: the place is the same."""

    def answers(handler: BaseHTTPRequestHandler) -> None:
        says(handler, 308, b"", Location=f"https://a.example{handler.path}")

    with web_server(answers) as plain:
        environment = replace(make.environment("https://a.example."), plain_api=plain)
        sends_plain_http_to_https(Transport(environment, run_id="r", witness=Witness(), exchanges=Exchanges()))


def test_a_slow_network_has_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time scale multiplies what a handshake may take, as it does every deadline."""
    given: list[float] = []

    def slow(_address: tuple[str, int], timeout: float) -> socket.socket:
        given.append(timeout)
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", slow)
    set_time_scale(3)
    try:
        refusal("https://127.0.0.1:1", OLD, MEANT)
        certificate("https://127.0.0.1:1", ssl.create_default_context())
    finally:
        forget_time_scale()
    assert given == [3 * SECONDS, 3 * SECONDS]


def test_a_certificate_of_an_unknown_authority_is_wrong() -> None:
    """A certificate that does not verify says why, instead of raising."""
    with control_server(ssl.TLSVersion.TLSv1_3) as address:
        shown = certificate(address, ssl.create_default_context())
    assert shown.wrong is not None
    assert "self" in shown.wrong.lower()


def test_a_redirect_is_told_with_its_place_and_not_followed() -> None:
    """One plain request gives one reading, whatever it is."""

    def answers(handler: BaseHTTPRequestHandler) -> None:
        says(handler, 308, b"", Location="https://there/x")

    with web_server(answers) as base:
        reading = ask_plainly(f"{base}/x", within=1.0)
    assert (reading.redirected, reading.place) == (True, "https://there/x")
    with web_server(lambda handler: says(handler, 200, b"a page")) as base:
        assert not ask_plainly(base, within=1.0).redirected
    assert not ask_plainly("http://127.0.0.1:1", within=1.0).redirected
