"""Handshakes told apart, against servers of our own."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import pytest

from fixtures.edge.control import control_server
from fixtures.edge.handshake import Outcome, certificate, handshake, host
from fixtures.edge.plain import ask_plainly
from tests.unit.clients.peer import says, web_server

VERSIONS = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


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


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x15\x03\x03\x00\x02\x02\x28"])
def test_any_other_end_proves_nothing(answer: bytes) -> None:
    """A connection that is closed, answers otherwise or alerts of something else is neither accepted nor refused."""
    with _peer(answer) as address:
        assert handshake(address, ssl.TLSVersion.TLSv1_2).outcome is Outcome.INCONCLUSIVE


def test_nobody_there_proves_nothing() -> None:
    """An address where nothing listens is inconclusive, and its certificate is wrong."""
    reading = handshake("https://127.0.0.1:1", ssl.TLSVersion.TLSv1_3)
    assert reading.outcome is Outcome.INCONCLUSIVE
    assert certificate("https://127.0.0.1:1", ssl.create_default_context()).wrong is not None


def test_a_certificate_of_an_unknown_authority_is_wrong() -> None:
    """A certificate that does not verify says why, instead of raising."""
    with control_server(ssl.TLSVersion.TLSv1_3) as address:
        shown = certificate(address, ssl.create_default_context())
    assert shown.wrong is not None
    assert "self" in shown.wrong.lower()


def test_the_host_is_taken_from_the_address() -> None:
    """Names and addresses of version 6 are read as hosts."""
    assert host("https://api.example.test:8443") == "api.example.test"
    assert host("https://[::1]:8443") == "::1"


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
