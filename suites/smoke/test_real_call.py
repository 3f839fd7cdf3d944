"""VID-03: a real call, with WebRTC at both ends."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

import pytest

from fixtures.checks import eventually, must
from fixtures.checks.match import at_least, between, contains, has, is_a, length, matches
from fixtures.clients.pictures import BRIGHT, DARK, FIRST_FRAMES, LOST_IN_CODING
from fixtures.contract import frames
from fixtures.contract import video_call_signaling as signaling
from fixtures.contract.promises import PROMISES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fixtures.clients.devices import Camera
    from fixtures.clients.media import Peer
    from fixtures.clients.person import Person

R = TypeVar("R", frames.RelayedOffer, frames.RelayedAnswer)


@pytest.fixture
def peers() -> Iterator[tuple[Peer, Peer]]:
    """Two ends of a call that show different shades."""
    from fixtures.clients.media import Peer  # noqa: PLC0415 -- takes most of a second to import

    made = Peer(BRIGHT), Peer(DARK)
    yield made
    for peer in made:
        peer.ends()


@pytest.mark.waits(1)
@pytest.mark.guide("VID-03", service="video-call-signaling")
def test_two_people_see_each_other(alice: Person, bob: Person, peers: tuple[Peer, Peer]) -> None:
    """Two WebRTC ends that know of each other by the signalling alone connect, and each sees the other's picture."""
    hers, his = peers
    must(
        alice.calls.ice_servers().ice_servers,
        contains(has(urls=contains(matches(r"(stun|turn)s?:.+")))),
        subject="the servers by which people behind other networks find each other",
        service=signaling.SERVICE,
    )
    alice.befriends(bob)
    her_camera, his_camera = alice.turns_camera_on(), bob.turns_camera_on()
    call = alice.calls.rings(bob)
    bob.calls.accepts(call)
    eventually(
        lambda: her_camera.steps(call.call_id),
        contains(has(event="accepted")),
        within=PROMISES.deadlines.call_step,
        subject="what alice hears of her call",
        service=signaling.SERVICE,
    )

    offer = hers.offers()
    her_camera.sends(frames.Offer(call.call_id, offer.sdp))
    answer = his.answers(_relayed(his_camera, frames.RelayedOffer).sdp)
    his_camera.sends(frames.SessionAnswer(call.call_id, answer.sdp))
    hers.takes_answer(_relayed(her_camera, frames.RelayedAnswer).sdp)
    for mine, theirs, description, peer in (
        (her_camera, his_camera, offer, his),
        (his_camera, her_camera, answer, hers),
    ):
        must(description.candidates, length(at_least(1)), subject="the candidates a peer has found by itself")
        for candidate in (*description.candidates, None):
            mine.sends(frames.Candidate(call.call_id, candidate))
        for candidate in _candidates(theirs, len(description.candidates) + 1):
            peer.takes_candidate(candidate)

    for name, peer, shade in (("alice", hers, DARK), ("bob", his, BRIGHT)):
        eventually(
            partial(_seen, peer),
            contains(between(shade - LOST_IN_CODING, shade + LOST_IN_CODING)),
            within=PROMISES.deadlines.call_media,
            subject=f"the shades of the pictures that {name} sees",
            service=signaling.SERVICE,
            likely="the peers did not connect: candidates or descriptions were lost or changed on their way",
        )
    alice.calls.hangs_up(call)


def _relayed(camera: Camera, kind: type[R]) -> R:
    relayed = eventually(
        camera.relayed,
        contains(is_a(kind)),
        within=PROMISES.deadlines.call_step,
        subject=f"what {camera.name} gets from the other",
        service=signaling.SERVICE,
    )
    return next(frame for frame in relayed if isinstance(frame, kind))


def _candidates(camera: Camera, count: int) -> list[frames.IceCandidate | None]:
    def got() -> list[frames.RelayedCandidate]:
        return [frame for frame in camera.relayed() if isinstance(frame, frames.RelayedCandidate)]

    relayed = eventually(
        got,
        length(count),
        within=PROMISES.deadlines.call_step,
        subject=f"the candidates that {camera.name} gets from the other",
        service=signaling.SERVICE,
    )
    return [frame.candidate for frame in relayed]


def _seen(peer: Peer) -> list[int]:
    return peer.shades[FIRST_FRAMES:]
