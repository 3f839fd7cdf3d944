"""WebRTC peers, one talking to the other without a platform between them."""

from fixtures.checks import eventually
from fixtures.checks.match import between, contains
from fixtures.clients.media import Peer
from fixtures.clients.pictures import BRIGHT, DARK, LOST_IN_CODING


def test_two_peers_see_each_others_shade() -> None:
    """Descriptions without candidates, and the candidates one by one, are enough for pictures both ways."""
    hers, his = Peer(BRIGHT), Peer(DARK)
    try:
        offer = hers.offers()
        assert "a=candidate" not in offer.sdp
        assert offer.candidates
        answer = his.answers(offer.sdp)
        hers.takes_answer(answer.sdp)
        for peer, found in ((his, offer), (hers, answer)):
            for candidate in (*found.candidates, None):
                peer.takes_candidate(candidate)
        for peer, shade in ((hers, DARK), (his, BRIGHT)):
            seen = between(shade - LOST_IN_CODING, shade + LOST_IN_CODING)
            eventually(lambda peer=peer: peer.shades, contains(seen), within=20)  # type: ignore[misc]  # bound now
        assert hers.state == "connected"
    finally:
        hers.ends()
        his.ends()
