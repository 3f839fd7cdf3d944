"""The ways that change the gateway: certificates that end soon, configurations that no longer have the text."""

import datetime as dt
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from fixtures.sandbox.faults.model import FaultError
from fixtures.sandbox.faults.ways import edge
from fixtures.sandbox.layout import Layout
from fixtures.sandbox.tls import write_certificates


def test_a_certificate_that_ends_soon_is_good_until_then(tmp_path: Path) -> None:
    """It verifies for the same names as before under its new CA, and only its end is another."""
    write_certificates(tmp_path)
    chain = (tmp_path / "server.pem").read_bytes()
    leaf, key, ca = edge._issued(chain, days=5)

    new, old = x509.load_pem_x509_certificate(leaf.encode()), x509.load_pem_x509_certificates(chain)[0]
    left = new.not_valid_after_utc - dt.datetime.now(dt.UTC)
    assert dt.timedelta(days=4, hours=23) < left <= dt.timedelta(days=5)
    names = [one.extensions.get_extension_for_class(x509.SubjectAlternativeName).value for one in (new, old)]
    assert names[0] == names[1]

    (tmp_path / "new.pem").write_text(leaf + ca)
    (tmp_path / "new.key").write_text(key)
    (tmp_path / "both.pem").write_text((tmp_path / "ca.pem").read_text() + ca)
    _shake_hands(tmp_path / "new.pem", tmp_path / "new.key", tmp_path / "both.pem")
    _shake_hands(tmp_path / "server.pem", tmp_path / "server.key", tmp_path / "both.pem")


def _shake_hands(chain: Path, key: Path, trusted: Path) -> None:
    """Do a TLS handshake in memory that verifies chain and name."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(chain, key)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = ssl.create_default_context(cafile=trusted).wrap_bio(to_client, to_server, server_hostname="localhost")
    theirs = server.wrap_bio(to_server, to_client, server_side=True)
    done = 0
    for _ in range(10):
        for side in (ours, theirs):
            try:
                side.do_handshake()
                done += 1
            except ssl.SSLWantReadError:
                continue
    assert done >= 2


def test_a_text_that_is_not_there_is_told(tmp_path: Path) -> None:
    """A fault that does not find what it would change says so and changes nothing: it must not seem undetected."""
    folder = tmp_path / "gateway"
    folder.mkdir()
    (folder / "nginx.conf").write_text("worker_processes 2;\n")
    way = edge.Reconfigured({"no such text": "x"})
    with pytest.raises(FaultError, match="no such text"), way.broken(Layout(tmp_path)):
        pass
    assert (folder / "nginx.conf").read_text() == "worker_processes 2;\n"


def test_a_gateway_that_does_not_run_cannot_be_changed(tmp_path: Path) -> None:
    """Without a running gateway the files are put back and the reason is told."""
    folder = tmp_path / "gateway"
    folder.mkdir()
    (folder / "nginx.conf").write_text("worker_processes 2;\n")
    with pytest.raises(FaultError, match="reloaded"), edge.Reconfigured({"2": "3"}).broken(Layout(tmp_path)):
        pass
    assert (folder / "nginx.conf").read_text() == "worker_processes 2;\n"
