"""Connections over TLS: they are sure of their peer, and of where its answers end."""

import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fixtures.http1.connections import Connections, Limits
from fixtures.http1.errors import ClosedError, CutOffError
from fixtures.http1.tls import dated, is_cut, trust
from fixtures.sandbox.tls import write_certificates
from tests.unit.http1.asking import ENOUGH, PUT, ask, text
from tests.unit.http1.peer import OK, Peer, server


def test_over_tls_it_is_sure_of_its_peer(connections: Connections, certificates: Path, tmp_path: Path) -> None:
    """Over TLS requests and answers are the same, and a certificate that does not prove its host is refused."""
    with server(lambda peer: peer.answers(OK, text(bytes(100_000))), certificates=certificates) as known:
        ours = certificates / "ca.pem"
        content = bytes(500_000)
        assert ask(connections, known.url, endpoint=PUT, content=content, ca_file=ours).body == b'"ok"'
        assert ask(connections, known.url, ca_file=ours).body == bytes(100_000)
        assert known.connections == 1
        write_certificates(tmp_path)
        with pytest.raises(ssl.SSLCertVerificationError):
            ask(connections, known.url, ca_file=tmp_path / "ca.pem")
        connections.close()


def test_a_name_may_end_with_a_dot(
    connections: Connections, certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The dot is for the resolver: the certificate has the name without it."""
    look_up = socket.getaddrinfo

    def knows(host: str, *more: Any, **named: Any) -> Any:  # noqa: ANN401
        return look_up("127.0.0.1" if host == "localhost." else host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", knows)
    with server(lambda peer: peer.answers(OK), certificates=certificates) as known:
        url = known.url.replace("127.0.0.1", "localhost.")
        assert ask(connections, url, ca_file=certificates / "ca.pem").body == b'"ok"'
        connections.close()


@pytest.mark.parametrize(
    ("ends", "error"),
    [
        (Peer.hangs_up, CutOffError),
        # Of a reset Python 3.11 says that the stream ended, and 3.13 that it was reset.
        (Peer.resets, (CutOffError, ConnectionResetError)),
        (Peer.spoils, ssl.SSLError),
    ],
)
def test_only_tls_ends_a_body_without_a_length(
    connections: Connections,
    certificates: Path,
    ends: Callable[[Peer], None],
    error: type[OSError] | tuple[type[OSError], ...],
) -> None:
    """Whoever is on the way could cut the connection, so that half of an answer would be taken for all of it."""

    def says(peer: Peer) -> None:
        peer.answers(OK if peer.number == 1 else b"HTTP/1.1 200 OK\r\n\r\nok")
        (Peer.says_goodbye if peer.number == 2 else ends)(peer)
        ended[peer.number].set()

    ours, ended = certificates / "ca.pem", [threading.Event() for _ in range(3)]
    with server(says, certificates=certificates) as known:
        with pytest.raises(error):
            ask(connections, known.url, ca_file=ours)
        assert ask(connections, known.url, ca_file=ours).body == b'"ok"'
        assert ended[1].wait(ENOUGH)
        assert ask(connections, known.url, ca_file=ours).body == b"ok"
    assert known.connections == 3


def test_tls_without_an_answer_is_closed(connections: Connections, certificates: Path) -> None:
    """Who takes a request and hangs up has not answered, whether or not TLS ended."""

    def leaves(peer: Peer) -> None:
        peer.hears()
        (Peer.hangs_up if peer.number else Peer.says_goodbye)(peer)

    with server(leaves, certificates=certificates) as known:
        for _ in range(2):
            with pytest.raises(ClosedError):
                ask(connections, known.url, ca_file=certificates / "ca.pem")


def test_tls_that_is_none_is_no_connection(connections: Connections, certificates: Path) -> None:
    """A peer that speaks something else, hangs up or says nothing in the handshake is none to talk to."""
    ours, over = certificates / "ca.pem", threading.Event()
    with server(lambda peer: peer.says(b"SSH-2.0-OpenSSH_9.2\r\n")) as known, pytest.raises(ssl.SSLError):
        ask(connections, known.url.replace("http:", "https:"), ca_file=ours)

    def resets(peer: Peer) -> None:
        peer.connection.recv(1000)  # Python leaves a socket open that is reset before its handshake begins
        peer.resets()

    with server(resets) as known, pytest.raises(OSError, match=r"reset|EOF"):
        ask(connections, known.url.replace("http:", "https:"), ca_file=ours)
    with server(lambda _: over.wait(ENOUGH)) as known:
        with pytest.raises(TimeoutError, match=r"no TLS within 0\.1 s"):
            ask(
                connections,
                known.url.replace("http:", "https:"),
                ca_file=ours,
                limits=Limits(connect=0.1, read=ENOUGH, whole=ENOUGH),
            )
        over.set()


def of_openssl(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, "as OpenSSL has it")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("error", "cut"),
    [
        (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), True),
        (BrokenPipeError(32, "Broken pipe"), True),
        (of_openssl("UNEXPECTED_EOF_WHILE_READING"), True),
        (of_openssl("WRONG_VERSION_NUMBER"), False),
        (ConnectionResetError(104, "Connection reset by peer"), False),
        (TimeoutError(), False),
    ],
)
def test_an_end_that_is_not_of_tls_is_known_in_every_version(error: OSError, *, cut: bool) -> None:
    """Python and OpenSSL say it in several ways; a reset is no end, and garbage is none."""
    assert is_cut(error) is cut


def test_no_older_tls_is_spoken(certificates: Path) -> None:
    """A peer that knows 1.2 at most is none that the platform has promised, and is asked nothing."""
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    old.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trust(certificates / "ca.pem").wrap_bio(back, there, server_hostname="127.0.0.1")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    with pytest.raises(ssl.SSLError, match="UNSUPPORTED_PROTOCOL"):
        old.wrap_bio(there, back, server_side=True).do_handshake()


def test_without_a_file_public_authorities_are_trusted() -> None:
    """Environments with certificates of those name none."""
    assert trust(None).cert_store_stats()["x509_ca"] > 50


@pytest.mark.parametrize(("code", "told"), [(9, True), (10, True), (18, False), (None, False)])
def test_a_certificate_refused_for_its_dates_tells_what_time_it_is_here(code: int | None, *, told: bool) -> None:
    """It may be this machine's clock that is wrong, of which no error of OpenSSL's says anything."""
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    if code is not None:
        error.verify_code = code
    assert dated(error).startswith("this machine's clock says 20") is told
