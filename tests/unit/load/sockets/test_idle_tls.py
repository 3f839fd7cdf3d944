"""Idle websockets over TLS: how it ends, and what was said before that."""

from pathlib import Path

import pytest

from fixtures.checks import eventually
from fixtures.checks.match import equals
from loadtests.sockets.held import Offer, Terms
from tests.unit.load.sockets.expiring import EXPIRED
from tests.unit.load.sockets.idling import ENOUGH, holding, settled, split
from tests.unit.load.sockets.peers import SealedPeer, agreement, sealed_server
from tests.unit.load.sockets.server import sent

CLOSE = sent(0x88, (4401).to_bytes(2, "big") + b"token-expired")
EVENT = sent(0x81, b"event")
RUBBISH = b"this is no TLS at all"


def _waits(peer: SealedPeer) -> None:
    """Leave TCP open until the client has closed it, and for longer than a test waits."""
    peer.connection.settimeout(20)
    while peer.connection.recv(4096):
        pass


@pytest.mark.parametrize(
    ("cause", "messages", "farewell", "after"),
    [
        pytest.param("closed unexpectedly 1006", [EVENT], True, b"", id="farewell after a message"),
        pytest.param("closed unexpectedly 1006", [], True, b"", id="farewell alone"),
        pytest.param("TLS", [EVENT], False, RUBBISH, id="no TLS after a message"),
        pytest.param("TLS", [], False, RUBBISH, id="no TLS at once"),
        pytest.param("closed unexpectedly 4401 token-expired", [CLOSE], False, RUBBISH, id="no TLS after the close"),
        pytest.param("closed unexpectedly 4401 token-expired", [CLOSE], True, b"", id="farewell after the close"),
    ],
)
def test_the_end_of_tls_is_the_end(
    certificates: Path,
    cause: str,
    messages: list[bytes],
    farewell: bool,  # noqa: FBT001
    after: bytes,
) -> None:
    """A farewell of TLS ends a connection also where TCP is left open, and what came before the end is heard."""

    def says(peer: SealedPeer, head: bytes) -> None:
        peer.send(agreement(head))
        peer.send(*messages, farewell=farewell, after=after)
        _waits(peer)

    with sealed_server(says, certificates) as url, holding(url, 1, ca_file=certificates / "ca.pem") as idle:
        opened, ended = split(settled(idle, 2))
        assert (len(opened), [failure.cause for failure in ended]) == (1, [cause])
        assert (idle.held.open, idle.held.messages) == (0, messages.count(EVENT))


def test_a_farewell_before_the_agreement_is_a_failed_opening(certificates: Path) -> None:
    """Who says good-bye by TLS alone has not agreed."""

    def says(peer: SealedPeer, head: bytes) -> None:
        peer.send(agreement(head)[:40], farewell=True)
        _waits(peer)

    with sealed_server(says, certificates) as url, holding(url, 1, ca_file=certificates / "ca.pem") as idle:
        assert [failure.cause for failure in split(settled(idle, 1))[1]] == ["closed while opening"]


def test_an_agreed_end_is_one_whatever_follows_it(certificates: Path) -> None:
    """The close frame that was agreed on is heard first, and the connection is to be opened again."""

    def says(peer: SealedPeer, head: bytes) -> None:
        peer.send(agreement(head))
        peer.send(CLOSE, after=RUBBISH)
        _waits(peer)

    terms = Terms(expiry=EXPIRED)
    with (
        sealed_server(says, certificates) as url,
        holding(url, 1, ca_file=certificates / "ca.pem", terms=terms, offer=lambda _: Offer(good_until=0.0)) as idle,
    ):
        eventually(lambda: idle.held.expired, equals(1), within=ENOUGH, subject="expired")
        assert (split(settled(idle, 1))[1], idle.held.lost) == ([], 0)
