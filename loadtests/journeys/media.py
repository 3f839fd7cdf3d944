"""Session descriptions and candidates as browsers make them, of a usual size; no media flow in a load run."""

import secrets
from typing import Final

from fixtures.contract.frames import IceCandidate

_FINGERPRINT: Final = ":".join(f"{byte:02X}" for byte in range(32))
_MEDIA: Final = (
    ("audio", "111", "opus/48000/2", "minptime=10;useinbandfec=1"),
    ("video", "96", "VP8/90000", "max-fs=3600;max-fr=30"),
)
_PLACES: Final = (
    ("host", 2130706431, "192.0.2.17"),
    ("srflx raddr 0.0.0.0 rport 9", 1694498815, "198.51.100.4"),
    ("relay raddr 0.0.0.0 rport 9", 41885439, "203.0.113.9"),
)
"""Type, with whose it is if not the host's, which need not be told (RFC 8839, 5.1); priority (RFC 8445, 5.1.2.1); an
address that is documentation's (RFC 5737)."""


def description(setup: str) -> str:
    """An SDP offer or answer (RFC 8866, RFC 8829) of one audio and one video stream; no two are equal."""
    ufrag, password = secrets.token_hex(2), secrets.token_hex(12)
    lines = [
        "v=0",
        f"o=- {secrets.randbelow(1 << 62)} 2 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=group:BUNDLE 0 1",
        "a=msid-semantic: WMS",
    ]
    for mid, (kind, payload, codec, parameters) in enumerate(_MEDIA):
        lines += [
            f"m={kind} 9 UDP/TLS/RTP/SAVPF {payload}",
            "c=IN IP4 0.0.0.0",
            f"a=ice-ufrag:{ufrag}",
            f"a=ice-pwd:{password}",
            "a=ice-options:trickle",
            f"a=fingerprint:sha-256 {_FINGERPRINT}",
            f"a=setup:{setup}",
            f"a=mid:{mid}",
            "a=sendrecv",
            "a=rtcp-mux",
            f"a=rtpmap:{payload} {codec}",
            f"a=fmtp:{payload} {parameters}",
        ]
    return "\r\n".join([*lines, ""])


def candidates() -> tuple[IceCandidate | None, ...]:
    """What one side trickles: a candidate of each kind, and the word that there are no more."""
    return (
        *(
            IceCandidate(f"candidate:{place} 1 udp {priority} {address} {50000 + place} typ {kind}", "0", 0)
            for place, (kind, priority, address) in enumerate(_PLACES)
        ),
        None,
    )
