"""What people meet: in a journey, in what it measures, or on their way to the target."""

from typing import Final

from fixtures.sandbox.faults.registry import find
from fixtures.sandbox.faults.ways.joints import Replaced
from tests.detection.load import harness
from tests.detection.load.scenario import Scenario

MET_BY_PEOPLE: Final = (
    Scenario(
        id="history-lossy-behind-its-first-page",
        breaks="The history leaves out the first message of each page but the first.",
        ids=("CHT-01",),
        profile="chats",
        verdict="NO-GO",
        names=("chatting", "history has gaps"),
        step="chatting (chat)",
        way=find("history-gap-at-page-edge").way,
    ),
    Scenario(
        id="rings-after-the-end",
        breaks="Phones ring once more when a call is over.",
        ids=("VID-01",),
        profile="calls",
        verdict="NO-GO",
        names=("calling", "ringing after the end"),
        step="video-call-signaling",
        way=Replaced("video-call-signaling", "call_channel", "calls:Lagging"),
        layout=harness.SHORT,
    ),
    Scenario(
        id="presence-sticks",
        breaks="Friends are shown online after they have left.",
        ids=("WSS-02",),
        profile="looks",
        verdict="NO-GO",
        names=("browsing", "friend still online"),
        step="browsing (websocket-signaling)",
        way=Replaced("websocket-signaling", "presence", "anything:omits", {"method": "leave"}),
    ),
    Scenario(
        id="notifications-doubled",
        breaks="Lists of notifications have each of them twice.",
        ids=("NTF-01",),
        profile="twenty",
        verdict="NO-GO",
        names=("browsing", "repeated notification"),
        step="browsing (notification)",
        way=find("notification-doubled").way,
        layout=harness.SHORT,
    ),
    Scenario(
        id="one-address-of-two-refuses",
        breaks="The target's name has two addresses, and one refuses: people are served by the other.",
        profile="comers",
        verdict="GO",
        names=("hold",),
        layout=harness.TWO_ADDRESSES_OF_THE_TARGET,
    ),
    Scenario(
        id="one-address-of-two-hangs",
        breaks="The target's name has two addresses, and one takes connections and says nothing.",
        profile="comers",
        verdict="NO-GO",
        names=("connection", "time-out connecting"),
        step="each address",
        trouble=harness.hangs_at_the_second_address,
        layout=harness.TWO_ADDRESSES_OF_THE_TARGET,
    ),
)
