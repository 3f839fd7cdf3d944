"""What a browser would send of its media path, read by another implementation of WebRTC."""

import pytest
from aiortc.sdp import SessionDescription, candidate_from_sdp

from loadtests.journeys.media import candidates, description

ROLES = {"actpass": "auto", "active": "client"}


@pytest.mark.parametrize("setup", ROLES)
def test_another_implementation_could_answer_a_description(setup: str) -> None:
    """Both streams have what ICE, DTLS and RTP need of them (RFC 8829, 5.2.1), and the role that was asked for."""
    text = description(setup)
    assert text.endswith("\r\n")
    described = SessionDescription.parse(text)
    (bundle,) = described.group
    assert [media.kind for media in described.media] == ["audio", "video"]
    assert [media.rtp.muxId for media in described.media] == bundle.items == ["0", "1"]
    for media, mime in zip(described.media, ("audio/opus", "video/VP8"), strict=True):
        assert [(codec.mimeType, codec.payloadType) for codec in media.rtp.codecs] == [(mime, *media.fmt)]
        assert media.dtls is not None
        assert media.dtls.role == ROLES[setup]
        assert [(one.algorithm, len(one.value.split(":"))) for one in media.dtls.fingerprints] == [("sha-256", 32)]
        assert media.ice is not None
        # At least so many characters (RFC 8839, 5.4).
        assert len(media.ice.usernameFragment or "") >= 4
        assert len(media.ice.password or "") >= 22
        assert (media.direction, media.rtcp_mux) == ("sendrecv", True)


def test_another_implementation_could_try_each_candidate() -> None:
    """One of each kind, at an address of its own, the better ones preferred, and at last the word that this was all."""
    *told, end = candidates()
    assert end is None
    read = []
    for one in told:
        assert one is not None
        kind, _, line = one.candidate.partition(":")
        assert (kind, one.sdp_mid, one.sdp_m_line_index) == ("candidate", "0", 0)
        read.append(candidate_from_sdp(line))
    assert [one.type for one in read] == ["host", "srflx", "relay"]
    assert len({one.foundation for one in read}) == len({(one.ip, one.port) for one in read}) == 3
    # RFC 8445, 5.1.2.1: the type in the upper eight bits, 256 less the component in the lower ones.
    preferences = [one.priority >> 24 for one in read]
    assert sorted(preferences, reverse=True) == preferences
    assert len(set(preferences)) == 3
    assert {one.priority & 0xFF for one in read} == {256 - one.component for one in read}
    # RFC 8839, 5.1: of which address one is that is not the host's has to be there.
    untold = ("0.0.0.0", 9)  # noqa: S104 - no interface: what stands where an address is not told
    assert [(one.relatedAddress, one.relatedPort) for one in read] == [(None, None), untold, untold]
