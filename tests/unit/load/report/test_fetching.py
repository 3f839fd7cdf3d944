"""How the platform's own metrics are fetched: whatever their service does, within bounds."""

import threading
import time
from pathlib import Path

import pytest

from fixtures.http1.connections import Limits
from loadtests.report import metrics
from loadtests.report.metrics import Exposition, fetching
from tests.unit.http1.peer import Peer, server

TEXT = b"HTTP/1.1 200 OK\r\nX-Served-By: chat\r\nContent-Length: 4\r\n\r\nx 1\n"


def test_an_exposition_is_fetched_with_its_replica() -> None:
    """The text of `/metrics` comes with who served it, from where it was asked for."""
    with server(lambda peer: peer.answers(TEXT)) as known:
        assert fetching(None)(f"{known.url}/api/chat-service/metrics") == Exposition("chat", "x 1\n")
    [request] = known.requests
    assert (request.method, request.path) == ("GET", "/api/chat-service/metrics")


def test_who_does_not_say_which_it_is_is_read_all_the_same() -> None:
    """A replica without a name is one."""
    with server(lambda peer: peer.answers(TEXT.replace(b"X-Served-By: chat\r\n", b""))) as known:
        assert fetching(None)(f"{known.url}/metrics") == Exposition("", "x 1\n")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (TEXT.replace(b"200 OK", b"404 Not Found"), "status 404"),
        (TEXT.replace(b": 4\r\n", b": 9000000\r\n") + bytes(9_000_000), "too large"),
        (b"nonsense\r\n\r\n", "not HTTP"),
    ],
    ids=["status", "large", "nonsense"],
)
def test_what_is_no_exposition_is_refused(answer: bytes, why: str) -> None:
    """Another status, an endless body and what is not HTTP are errors that say so."""
    with server(lambda peer: peer.answers(answer)) as known, pytest.raises(ValueError, match=why):
        fetching(None)(f"{known.url}/metrics")


def test_an_exposition_that_drips_comes_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece is in time, and all of them are not: the other services are not waited for that long."""
    monkeypatch.setattr(metrics, "_LIMITS", Limits(connect=2.0, read=2.0, whole=0.3))
    over = threading.Event()

    def drips(peer: Peer) -> None:
        peer.answers(TEXT.replace(b": 4\r\n", b": 100\r\n"))
        for _ in range(100):
            peer.says(b"\n")
            if over.wait(0.05):
                break

    with server(drips) as known:
        began = time.perf_counter()
        with pytest.raises(TimeoutError, match="still arriving"):
            fetching(None)(f"{known.url}/metrics")
        assert time.perf_counter() - began < 3
        over.set()


def test_only_a_peer_that_is_proven_is_read(certificates: Path, tmp_path: Path) -> None:
    """The environment's own authority is trusted, and nobody by another; who speaks no TLS is none."""
    with server(lambda peer: peer.answers(TEXT), certificates=certificates) as known:
        assert fetching(certificates / "ca.pem")(f"{known.url}/metrics").text == "x 1\n"
        with pytest.raises(OSError, match="certificate"):
            fetching(None)(f"{known.url}/metrics")
    with server(lambda peer: peer.says(b"nonsense")) as plain, pytest.raises(OSError, match=r"SSL|reset"):
        fetching(certificates / "ca.pem")(f"{plain.url.replace('http', 'https')}/metrics")
    with pytest.raises(OSError, match="No such file"):
        fetching(tmp_path / "missing.pem")("https://127.0.0.1:1/metrics")
