"""Load runs as they come out of real platforms, made from a seed."""

from dataclasses import dataclass, field, replace
from random import Random
from types import MappingProxyType

from fixtures.runs.evidence import Sighting
from loadtests.budgets.grammar import parse_budget
from loadtests.budgets.questions import limits
from loadtests.counts import NEVER, Counts
from loadtests.profiles.model import Profile
from loadtests.report.metrics import FAILED, REQUESTS, SECONDS
from loadtests.report.model import LoadRun, Reading
from loadtests.soundness import Facts
from loadtests.verdict import judge
from tests.unit.load.judged import GUIDE, SOUND

BESIDES = {"delivery": (-3.0, 0.6), "chatting": (-1.0, 0.4)}
"""What is measured beside operations, and how long it takes: of its logarithm mean and deviation."""
BEGAN = 1_764_000_000
BUDGET = """\
*: share over guide
*: errors <= guide
*: available >= guide
each: p99 <= 1.5 s
delivery: delivered >= 99 %
"""
WATCHED = """\
*: errors <= guide
*: available >= guide, proven from 1 min
each: errors <= guide, proven from 3 min
"""
"""The same for a run that is too short for most of it."""
OPERATIONS = {
    "chat sendMessage": 0.030,
    "chat listMessages": 0.018,
    "user-profile readOwnProfile": 0.008,
    "friend-request listFriends": 0.012,
}
ENVIRONMENT = {
    "name": "local",
    "slot": "live",
    "api": "https://127.0.0.1:8443",
    "live_api": "https://127.0.0.1:8443",
    "build": "prod-1a2b3c4",
    "strict": False,
    "capabilities": ["metrics", "tls"],
    "required": {},
    "time_scale": 1.0,
    "provenance": {"postgres": "real", "redis": "real", "kafka": "simulated"},
}
CONTACTS = {"on_call": "+1-555-0100", "slack": "#platform"}


@dataclass(frozen=True, slots=True)
class World:
    """What a platform does."""

    seconds: int = 60
    rate: int = 100
    errors: float = 0.0002
    slow: float = 0.0
    stalls: frozenset[int] = frozenset()
    burst: range = range(0)
    refused: float = 0.0
    metrics: bool = True
    operations: dict[str, float] = field(default_factory=lambda: dict(OPERATIONS))
    besides: dict[str, tuple[float, float]] = field(default_factory=lambda: dict(BESIDES))
    seed: int = 1


def profile(
    text: str = BUDGET,
    operations: frozenset[str] = frozenset(OPERATIONS),
    lasts: float = 60.0,
    measured: frozenset[str] = frozenset(BESIDES),
) -> Profile:
    """A profile of closed length without phases, which is all that reports ask of it."""
    budget = parse_budget(text, operations=operations, journeys=measured, guide=GUIDE)
    return Profile(
        name="release",
        summary="what a release must carry",
        source="loadtests/profiles/release.toml",
        arrivals="poisson",
        closed_lasts=lasts,
        mix=MappingProxyType({"browsing": 6, "chatting": 3, "calling": 1}),
        people=400,
        budget=budget,
        called=operations,
        measured=measured,
    )


def counted(world: World, of: Profile) -> Counts:
    """What is counted of it."""
    random, counts = Random(world.seed), Counts(limits(of.budget))
    held: list[tuple[str, int]] = []
    for second in range(world.seconds):
        now = BEGAN + second
        counts.asked[now] += world.rate
        refused = sum(random.random() < world.refused for _ in range(world.rate))
        counts.started[now] += world.rate - refused
        if refused:
            counts.refused[now] += refused
        if second in world.stalls:
            held += [(name, second) for name in world.operations for _ in range(world.rate)]
            continue
        for name, typical in world.operations.items():
            waited = [float(second - since) for one, since in held if one == name]
            _second(counts, world, random, (name, now), [typical] * world.rate, waited)
        held = []
        for name, (mean, deviation) in world.besides.items():
            counts.add(name, now, [random.lognormvariate(mean, deviation) for _ in range(world.rate // 3)])
        counts.lag.add([abs(random.gauss(0, 0.0002)) for _ in range(world.rate)])
    return counts


def _second(  # noqa: PLR0913, PLR0917 - all that a second depends on
    counts: Counts, world: World, random: Random, who: tuple[str, int], typical: list[float], waited: list[float]
) -> None:
    name, now = who
    latencies = [wait + random.random() for wait in waited]
    latencies += [one * random.lognormvariate(0, 0.5) for one in typical]
    latencies = [1.2 + random.random() if random.random() < world.slow else one for one in latencies]
    failing = 0.4 if now - BEGAN in world.burst and name.startswith("chat") else world.errors
    causes = [random.choice(("status 503", "status 503", "time-out")) for _ in latencies if random.random() < failing]
    for index, cause in enumerate(causes):
        if cause == "time-out":
            latencies[index] = NEVER
    counts.add(name, now, latencies, causes)
    counts.plot(now, latencies)


def load_run(world: World | None = None, of: Profile | None = None, facts: Facts = SOUND) -> LoadRun:
    """A finished run, judged; `facts` are what was not sound."""
    world = world or World()
    of = of or profile(operations=frozenset(world.operations), lasts=float(world.seconds))
    counts = counted(world, of)
    told = replace(
        facts,
        arrivals_asked=counts.asked.total(),
        arrivals_started=counts.started.total(),
        arrivals_refused=counts.refused.total(),
        arrivals_due=0,
    )
    return LoadRun(
        run="01kd3m4n5p6q",
        profile=of,
        environment=ENVIRONMENT,
        began=float(BEGAN),
        ended=float(BEGAN + world.seconds),
        reported=BEGAN + world.seconds,
        counts=counts,
        verdict=judge(of.plan, counts.tallies, told),
        facts=told,
        sightings=(Sighting("chat", "green", "prod-1a2b3c4"),),
        replicas={"chat": 1},
        readings=tuple(_metrics(world)) if world.metrics else (),
        contacts=CONTACTS,
    )


def connecting(seconds: int = 4, stalls: frozenset[int] = frozenset()) -> LoadRun:
    """A run of nothing but websockets that are opened and closed: its profile calls no operation."""
    besides = {"connecting": (-3.5, 0.5), "connection": (-4.0, 0.5)}
    world = World(seconds, operations={}, besides=besides, stalls=stalls, metrics=False)
    budget = "connection: succeeded >= 90 %\nconnecting: succeeded >= 80 %"
    return load_run(world, profile(budget, frozenset(), float(world.seconds), frozenset(besides)))


def _metrics(world: World) -> list[Reading]:
    random = Random(world.seed)
    return [
        Reading(float(BEGAN + second), service, name, value * (0.8 + 0.4 * random.random()))
        for second in range(5, world.seconds, 5)
        for service in ("auth", "chat", "friend-request", "user-profile", "websocket-signaling")
        for name, value in ((REQUESTS, world.rate), (SECONDS, 0.012), (FAILED, 0.002))
    ]


HEALTHY = World()
STALLED = World(stalls=frozenset({20, 21, 40}), seed=2)
BURSTING = World(burst=range(22, 31), slow=0.01, seed=3)
BRIEF = World(seconds=4, rate=100, errors=0.0, seed=7)
SHORT = World(seconds=4, rate=8, seed=4)
STARVED = World(refused=0.02, seed=5)
SOAK = World(seconds=3_600, rate=8, errors=0.002, stalls=frozenset({1_800}), seed=6)
EMPTY = World(seconds=0, metrics=False)
