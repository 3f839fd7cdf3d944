"""All scenarios, in the order of the page."""

from typing import Final

from fixtures.sandbox.faults.mangler.rules import Delay, Frames, Respond
from fixtures.sandbox.faults.model import Together
from fixtures.sandbox.faults.registry import find
from fixtures.sandbox.faults.ways.edge import Reconfigured
from fixtures.sandbox.faults.ways.joints import Replaced
from fixtures.sandbox.faults.ways.processes import Hung, Stalling
from fixtures.sandbox.faults.ways.routes import Mangled
from tests.detection.load import harness
from tests.detection.load.journeys import MET_BY_PEOPLE
from tests.detection.load.scenario import Scenario

_PROBLEM: Final = {"Content-Type": "application/problem+json", "Retry-After": "1"}
_UNAVAILABLE: Final = '{"type":"about:blank","title":"Unavailable","status":503}'
_ASKED: Final = ("user-profile", "friend-request", "chat", "notification")
"""The services whose operations the profile `rates` calls."""

_KEEPING: Final = Reconfigured(
    {
        "location /api/user-profile-service/ {": (
            "location /api/user-profile-service/ {\n"
            "      proxy_cache cdn;\n"
            "      proxy_cache_key $uri;\n"
            "      proxy_cache_valid 200 1s;\n"
            "      proxy_ignore_headers Cache-Control Expires Set-Cookie Vary;"
        )
    }
)


def _everywhere(rule: Delay | Respond) -> Together:
    return Together(tuple(Mangled(service, rule) for service in _ASKED))


SCENARIOS: Final = (
    Scenario(
        id="six-per-cent-slow",
        breaks="One answer in 16 takes more than a second.",
        ids=("LOD-01",),
        profile="rates",
        verdict="NO-GO",
        names=("*: share over guide",),
        way=_everywhere(Delay(every=16, seconds=1.1)),
    ),
    Scenario(
        id="errors-above-the-limit",
        breaks="One request in 66 is answered 503.",
        ids=("LOD-02",),
        profile="rates",
        verdict="NO-GO",
        names=("*: errors",),
        way=_everywhere(Respond(every=66, status=503, headers=_PROBLEM, body=_UNAVAILABLE)),
    ),
    Scenario(
        id="one-slow-operation",
        breaks="One operation among twenty takes more than a second each third time.",
        ids=("LOD-01",),
        profile="twenty",
        verdict="NO-GO",
        names=("each: share over guide", "user-profile getProfile"),
        way=Mangled("user-profile", Delay(path="^/v1/profiles/[^/]+$", method="GET", every=3, seconds=1.1)),
    ),
    Scenario(
        id="stops-for-a-second",
        breaks="A service stops for a second, every twenty seconds.",
        ids=("LOD-01",),
        profile="stops",
        verdict="NO-GO",
        names=("p99.9",),
        way=Stalling("user-profile", every=20.0, seconds=1.0),
    ),
    Scenario(
        id="one-message-in-500-lost",
        breaks="One message in 500 reaches no device.",
        ids=("CHT-05",),
        profile="messages",
        verdict="NO-GO",
        names=("delivery: delivered",),
        way=find("one-message-in-500-lost").way,
    ),
    Scenario(
        id="idle-ones-go-deaf",
        breaks="Connections that are ten seconds old hear no message any more, while pings are answered.",
        ids=("CHT-01",),
        profile="deaf",
        verdict="NO-GO",
        names=("idle connection: succeeded",),
        way=Mangled("websocket-signaling", Frames("lose", "message\\.created", since=10.0)),
    ),
    Scenario(
        id="calls-fail",
        breaks="Answers to offers do not arrive: no call is agreed upon.",
        ids=("VID-01",),
        profile="calls",
        verdict="NO-GO",
        names=("call: succeeded",),
        way=find("answer-lost").way,
    ),
    Scenario(
        id="presence-to-strangers",
        breaks="Everybody who is online hears who comes and goes, and everything else is as fast and good as ever.",
        ids=("WSS-02",),
        profile="twenty",
        verdict="NO-GO",
        names=("somebody else's presence",),
        way=find("presence-to-strangers").way,
    ),
    Scenario(
        id="people-mixed-up-at-the-edge",
        breaks="The gateway keeps what one person was answered for a second, and gives it to whoever asks next.",
        ids=("PRO-01",),
        profile="rates",
        verdict="NO-GO",
        names=("user-profile getOwnProfile", "somebody else's"),
        way=_KEEPING,
        layout=harness.BRIEF,
    ),
    Scenario(
        id="tokens-of-another",
        breaks="Who logs in is given the access token of whoever did before.",
        ids=("AUT-01",),
        profile="rates",
        verdict="NO-GO",
        names=("somebody else's tokens",),
        way=Replaced("auth", "token_rules", "tokens:Misaddressed"),
        layout=harness.BRIEF,
    ),
    Scenario(
        id="nobody-told",
        breaks="Nobody is told of anything, and every list of notifications is empty, quick and good in form.",
        ids=("NTF-01",),
        profile="rates",
        verdict="NO-GO",
        names=("notification listNotifications",),
        way=find("notification-lost").way,
        layout=harness.UNTIL_DECIDED,
    ),
    Scenario(
        id="mail-addresses-shown",
        breaks="Friends see the mail address of a profile, which is its owner's business.",
        ids=("PRO-01",),
        profile="smoke",
        verdict="NO-GO",
        names=("browsing", "somebody else's email"),
        way=find("email-shown-to-strangers").way,
    ),
    *MET_BY_PEOPLE,
    Scenario(
        id="quiet-at-the-end",
        breaks="A service takes requests and answers none in the last seconds of a run: too few to prove it broken.",
        ids=("LOD-02",),
        profile="rates",
        verdict="INCONCLUSIVE",
        names=("each: errors", "user-profile"),
        trouble=harness.once_under_way(Hung("user-profile"), harness.LATE_S),
        layout=harness.BRIEF,
    ),
    Scenario(
        id="worker-killed",
        breaks="A worker of the run is killed.",
        profile="rates",
        verdict="INVALID",
        cause="worker-lost",
        names=("worker",),
        trouble=harness.kills_a_worker,
        layout=harness.TWO_WORKERS,
    ),
    Scenario(
        id="nobody-registered",
        breaks="Nobody can open an account, so there are no people to make load with.",
        profile="rates",
        verdict="INVALID",
        cause="not-prepared",
        names=("workers could not begin",),
        way=Mangled("auth", Respond(path="^/v1/registrations$", status=503, headers=_PROBLEM, body=_UNAVAILABLE)),
    ),
    Scenario(
        id="descriptors-used-up",
        breaks="The generator can open no more connections, for five seconds.",
        profile="calls",
        verdict="INVALID",
        cause="generator-exhausted",
        names=("no file descriptor left",),
        trouble=harness.leaves_no_descriptor,
    ),
    Scenario(
        id="generator-starved",
        breaks="Other programs take the core that the generator runs on.",
        profile="rates",
        verdict="INVALID",
        cause="generator-lag",
        names=("late",),
        trouble=harness.starves_it,
    ),
    Scenario(
        id="generator-frozen",
        breaks="The machine that makes the load stands still for some seconds, with all its processes.",
        profile="rates",
        verdict="INVALID",
        cause="generator-lag",
        names=("late",),
        trouble=harness.freezes_it,
        layout=harness.TWO_WORKERS_BRIEF,
    ),
    Scenario(
        id="clock-moved",
        breaks="One worker's clock is set five seconds forward while the run goes on.",
        profile="rates",
        verdict="INVALID",
        cause="clocks-disagree",
        names=("clock was moved",),
        layout=harness.ONE_CLOCK_OFF,
    ),
    Scenario(
        id="target-switched",
        breaks="Traffic is switched to the other slot while the run goes on.",
        ids=("SVC-06", "SVC-07"),
        profile="rates",
        verdict="INVALID",
        cause="target-changed",
        names=("slot",),
        trouble=harness.switches_the_slot,
    ),
)
