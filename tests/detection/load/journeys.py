"""What people meet: in a journey, in what it measures, or on their way to the target."""

from typing import Final

from fixtures.sandbox.faults.mangler.rules import Frames
from fixtures.sandbox.faults.model import Together
from fixtures.sandbox.faults.registry import find
from fixtures.sandbox.faults.ways.edge import ADDRESS, Certified, Reconfigured
from fixtures.sandbox.faults.ways.joints import Replaced
from fixtures.sandbox.faults.ways.processes import Restarted
from fixtures.sandbox.faults.ways.routes import Mangled
from tests.detection.load import harness
from tests.detection.load.scenario import Scenario

_LIMITED: Final = Reconfigured(
    {
        "server_tokens off;": (
            "server_tokens off;\n  limit_req_status 429;\n  limit_req_zone $remote_addr zone=each:1m rate=100r/s;"
        ),
        ADDRESS: f"{ADDRESS}\n    limit_req zone=each burst=50 nodelay;",
    }
)

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
        id="messages-doubled",
        breaks="Each message reaches every device twice.",
        ids=("CHT-01",),
        profile="chats",
        verdict="NO-GO",
        names=("delivery", "repeated"),
        step="websocket-signaling",
        way=find("message-doubled").way,
        layout=harness.SHORT,
    ),
    Scenario(
        id="messages-overtaken",
        breaks="Each second message is overtaken by the one behind it on its way to the devices.",
        ids=("CHT-01",),
        profile="chats",
        verdict="NO-GO",
        names=("delivery", "overtaken"),
        step="websocket-signaling",
        way=find("message-overtaken").way,
        layout=harness.SHORT,
    ),
    Scenario(
        id="messages-to-strangers",
        breaks="Everybody who is online hears every message.",
        ids=("CHT-03",),
        profile="chats",
        verdict="NO-GO",
        names=("delivery", "somebody else's message"),
        step="incident of security",
        way=find("stranger-hears-messages").way,
        layout=harness.SHORT,
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
        id="calls-altered",
        breaks="Session descriptions are altered on their way.",
        ids=("VID-01",),
        profile="calls",
        verdict="NO-GO",
        names=("call: ", "not as sent"),
        step="video-call-signaling",
        way=find("sdp-altered").way,
        layout=harness.SHORT,
    ),
    Scenario(
        id="calls-told-to-strangers",
        breaks="Everybody who has a camera on hears of the steps of each call.",
        ids=("VID-01",),
        profile="calls",
        verdict="NO-GO",
        names=("call: somebody else's call",),
        step="incident of security",
        # Not for a short time only: somebody else has to be in a call at that very moment.
        way=find("call-told-to-a-third-person").way,
    ),
    Scenario(
        id="hangups-misreported",
        breaks="A call that was held ends as if it had been cancelled.",
        ids=("VID-01",),
        profile="calls",
        verdict="NO-GO",
        names=("calling", "wrong end_reason"),
        step="video-call-signaling",
        way=find("hangup-misreported").way,
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
        id="phones-not-answered",
        breaks="Websockets open and welcome, and answer nothing that phones say.",
        ids=("WSS-03",),
        profile="comers",
        verdict="NO-GO",
        names=("connecting", "no pong"),
        step="websocket-signaling",
        way=Mangled("websocket-signaling", Frames("lose", '"type":"pong"')),
    ),
    Scenario(
        id="idle-ones-dropped",
        breaks="Websockets are dropped five seconds after they were opened.",
        ids=("WSS-03",),
        profile="deaf",
        verdict="NO-GO",
        names=("idle connection", "closed unexpectedly 1006"),
        step="websocket-signaling",
        way=find("connection-dropped-after-5-s").way,
        layout=harness.SHORT,
    ),
    Scenario(
        id="tokens-not-renewed",
        breaks="Tokens that live a quarter of a minute cannot be refreshed; logging in again works.",
        ids=("AUT-03",),
        profile="rates",
        verdict="NO-GO",
        names=("fresh tokens", "status 401"),
        step="auth",
        way=Together(
            (
                Restarted("auth", {"access_expires_s": 15}),
                Replaced("auth", "refresh_rules", "anything:decides", {"is_reused": True, "revokes_family": False}),
            )
        ),
        layout=harness.BRIEF,
    ),
    Scenario(
        id="one-address-of-two-refuses",
        breaks="The target's name has two addresses, and one refuses: people are served by the other.",
        profile="comers",
        verdict="GO",
        names=(harness.SECOND, "did not let in", "refused"),
        # That connections begin with the second one, too, is seen by the next scenario, where it does not refuse.
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
    Scenario(
        id="one-client-limited",
        breaks="The gateway answers 429 to an address that asks more than a hundred times a second.",
        profile="rates",
        verdict="NO-GO",
        names=("status 429 before the service",),
        step="429",
        way=_LIMITED,
        layout=harness.SHORT,
    ),
    Scenario(
        id="certificate-replaced",
        breaks="The certificate is replaced by one of an authority that nobody trusts, while the run goes on.",
        ids=("EDG-01",),
        profile="comers",
        verdict="NO-GO",
        names=("connection", "certificate: "),
        step="its certificate",
        trouble=harness.once_under_way(Certified(name="elsewhere.example")),
        layout=harness.LONGER,
    ),
)
