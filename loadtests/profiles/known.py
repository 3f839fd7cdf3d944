"""What a profile has to know of journeys: which operations they call, and what they measure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol


class JourneyFacts(Protocol):
    """The part of a journey that matters before it runs."""

    @property
    def operations(self) -> frozenset[str]:
        """Labels of the operations that it calls."""

    @property
    def measures(self) -> frozenset[str]:
        """Further subjects that it measures, besides itself."""


@dataclass(frozen=True, slots=True)
class _Facts:
    operations: frozenset[str]
    measures: frozenset[str] = frozenset()


_JOURNEYS: Final[Mapping[str, JourneyFacts]] = {
    "browsing": _Facts(
        frozenset({"user-profile getOwnProfile", "user-profile getProfile", "friend-request listFriends"})
    ),
    "chatting": _Facts(frozenset({"chat sendMessage", "chat listMessages"}), frozenset({"delivery", "connection"})),
    "calling": _Facts(
        frozenset({"video-call-signaling createCall", "video-call-signaling acceptCall"}),
        frozenset({"call", "connection"}),
    ),
    "registering": _Facts(frozenset({"auth registerAccount", "otp verifyOtp", "auth activateAccount"})),
    "connecting": _Facts(frozenset(), frozenset({"connection"})),
}


def known_journeys() -> Mapping[str, JourneyFacts]:
    """Every journey that a mix may name."""
    return _JOURNEYS
