"""The ways that change the gateway: certificates that end soon, configurations that no longer have the text."""

import datetime as dt
import os
import signal
import ssl
import subprocess
from pathlib import Path
from unittest.mock import Mock

import pytest
from cryptography import x509

from fixtures.sandbox.faults.model import FaultError, Together, Way
from fixtures.sandbox.faults.ways import edge
from fixtures.sandbox.layout import Layout
from fixtures.sandbox.tls import write_certificates

CONFIGURATION = "workers 2;\nserver_name public;\nserver_name blue;\nserver_name green;\n"


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


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A sandbox's folder with a configuration, and no gateway that runs."""
    made = Layout(tmp_path)
    made.create_folders((), "green")
    folder = made.part("gateway")
    folder.mkdir()
    (folder / "nginx.conf").write_text(CONFIGURATION)
    return made


def test_a_certificate_is_for_another_name(tmp_path: Path) -> None:
    """It is for the name that was asked for and for no other, under a CA that is trusted."""
    write_certificates(tmp_path)
    leaf, _, _ = edge._issued((tmp_path / "server.pem").read_bytes(), days=5, name="green.example")
    shown = x509.load_pem_x509_certificate(leaf.encode())
    names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(names) == [x509.DNSName("green.example")]


def test_a_text_that_is_not_there_is_told(layout: Layout) -> None:
    """A fault that does not find what it would change says so and changes nothing: it must not seem undetected."""
    way = edge.Reconfigured({"no such text": "x"})
    with pytest.raises(FaultError, match="no such text"), way.broken(layout, "green"):
        pass
    assert _configured(layout) == CONFIGURATION


@pytest.mark.parametrize(
    "way", [edge.Reconfigured({"workers 2": "workers 3"}), edge.Certified(days=5)], ids=lambda way: type(way).__name__
)
def test_a_gateway_that_does_not_run_cannot_be_changed(layout: Layout, way: Way) -> None:
    """Without a running gateway the files are put back and the reason is told."""
    write_certificates(layout.root / "tls")
    before = _files(layout)
    with pytest.raises(FaultError, match="reloaded"), way.broken(layout, "green"):
        pass
    assert _files(layout) == before


@pytest.mark.parametrize(("slot", "address", "routes"), [("green", "public", "live"), ("blue", "blue", "blue")])
def test_the_address_that_is_judged_is_changed_alone(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, slot: str, address: str, routes: str
) -> None:
    """Of the slot that is live it is the public address, of the other one its own; nothing is left of it afterwards."""
    monkeypatch.setattr(edge, "reload", lambda _layout: None)
    write_certificates(layout.root / "tls")
    before = _files(layout)
    way = Together((edge.Reconfigured({edge.ADDRESS: "{routes};"}), edge.Reconfigured({"workers": "threads"})))
    with way.broken(layout, slot):
        expected = CONFIGURATION.replace(f"server_name {address};", f"{layout.root}/routes/{routes};")
        assert _configured(layout) == expected.replace("workers", "threads")
    with edge.Certified(days=5).broken(layout, slot):
        changed = _configured(layout)
        assert changed.count("ssl_certificate ") == 1
        assert f"server_name {address};\n    ssl_certificate {layout.root}/tls/other.pem;" in changed
        assert (layout.root / "tls" / "ca.pem").read_bytes().startswith(before["tls/ca.pem"])
    assert _files(layout) == before


def _listing(monkeypatch: pytest.MonkeyPatch, *listings: str) -> list[int]:
    """Have `ps` say these one after the other, the last again and again; gives the signals sent."""
    turns, signals = list(listings), list[int]()

    def listed(*_: object, **__: object) -> object:
        return Mock(stdout=turns.pop(0) if len(turns) > 1 else turns[0])

    monkeypatch.setattr(subprocess, "run", listed)
    monkeypatch.setattr(os, "kill", lambda _pid, number: signals.append(number))
    return signals


def test_a_reload_is_over_when_only_new_workers_take_connections(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until then what is broken may be met or not, and a check that looks at once would seem not to see it."""
    (layout.part("gateway") / "nginx.pid").write_text("10")
    others = "10 1 nginx: master process\n9 8 nginx: worker process\n15 10 nginx: cache manager process\n16 10\n"
    before = f"{others}11 10 nginx: worker process\n12 10 nginx: worker process\n"
    mixed = f"{others}11 10 nginx: worker process\n13 10 nginx: worker process\n"
    after = f"{others}11 10 nginx: worker process is shutting down\n13 10 nginx: worker process\n"
    assert _listing(monkeypatch, before) == []
    assert edge._workers(10) == {11, 12}
    signals = _listing(monkeypatch, before, before, others, mixed, after)
    edge.reload(layout)
    assert signals == [signal.SIGHUP]
    assert edge._workers(10) == {13}


def test_a_gateway_that_does_not_take_its_files_is_told(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with a configuration that is not valid, which nginx leaves alone and goes on."""
    (layout.part("gateway") / "nginx.pid").write_text("10")
    monkeypatch.setattr(edge, "_RELOAD_S", 0.1)
    _listing(monkeypatch, "11 10 nginx: worker process\n")
    with pytest.raises(FaultError, match=r"has not taken its new files after 0\.1 s"):
        edge.reload(layout)


def _configured(layout: Layout) -> str:
    return (layout.part("gateway") / "nginx.conf").read_text()


def _files(layout: Layout) -> dict[str, bytes]:
    return {str(path.relative_to(layout.root)): path.read_bytes() for path in layout.root.rglob("*") if path.is_file()}
