"""A run in simulated time: a leader of members that do as they are told, or as a test says."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fixtures.statistics.histogram import Histogram
from loadtests import clock
from loadtests.budgets.grammar import parse_budget
from loadtests.conductor.leader import Leader
from loadtests.conductor.messages import Done, End, FromLeader, FromMember, Go, Ping, Pong, Prepare, Ready, Report
from loadtests.conductor.order import Order
from loadtests.counts import Counts
from loadtests.profiles.model import Profile
from loadtests.profiles.phases import steady
from loadtests.report.model import LoadRun
from tests.unit.load.judged import GUIDE
from tests.unit.load.told import PLATFORM

ONE, OTHER = "host_aaaaaaaaaa", "host_bbbbbbbbbb"
OPERATION = "chat sendMessage"
BEGAN = 1_800_000_000
"""What all clocks say in the beginning."""
SEEN = 'chat;slot=blue;build="b1";instance="chat-1"'


def profile(seconds: float = 20, budget: str = "each: errors <= guide\neach: share over guide") -> Profile:
    return Profile(
        name="told",
        summary="a profile of a test",
        source="told.toml",
        arrivals="constant",
        phases=(steady(seconds, 100),),
        mix={"browsing": 1},
        budget=parse_budget(budget, operations=[OPERATION], journeys=[], guide=GUIDE),
        called=frozenset({OPERATION}),
        measured=frozenset(),
    )


@dataclass
class Simulated:
    """One member, and what is done to it: each a function of the second of the run."""

    name: str
    errors: float = 0.0
    errors_at_the_end: float = 0.0
    """Of what is under way when the leader ends the run."""
    clock: float = 0.0
    """Its clock against the leader's."""
    cpu: float = 0.3
    lag: float = 0.001
    """Of its arrivals and of its event loop, unless that has its own."""
    loop: float | None = None
    refused: int = 0
    each: int = 100
    """Arrivals of a second that it asks for."""
    drift: Callable[[int], float] = lambda _: 0.0
    """Seconds by which its clock was set."""
    seen: Callable[[int], str | None] = lambda _: SEEN
    missing: Callable[[int], int] = lambda _: 0
    silent_from: float = 1e9
    quiet_until: float = 0.0
    """Seconds of the run before its first report."""
    deaf_until: float = 0.0
    tells_the_time: bool = True
    stalled_until: float = 0.0
    """Until then what it says is kept back, as behind a lost segment."""
    leaves_for: float = 0.0
    """Seconds from the leader's end to its last word."""
    ready: Callable[[], FromMember | None] = lambda: Ready("run", 4)
    heard: list[FromLeader] = field(default_factory=list)
    began: float | None = None
    reports: int = 0


def two() -> list[Simulated]:
    return [Simulated(ONE), Simulated(OTHER)]


class Run:
    """Drives the leader; time passes only while it sleeps."""

    def __init__(
        self,
        members: list[Simulated],
        told: Profile | None = None,
        *,
        stop_when_decided: bool = False,
        expected: int | None = None,
    ) -> None:
        self.now = 1000.0
        self.set_by: Callable[[], float] = lambda: 0.0
        """How far the leader's own clock was set."""
        self.members = {member.name: member for member in members}
        self.at: list[tuple[float, Callable[[Leader], None]]] = []
        self.told: list[LoadRun] = []
        self.said: list[str] = []
        self.profile = told or profile()
        order = Order(
            run="run",
            folder=Path("nowhere"),
            profile=self.profile,
            profile_source="smoke",
            rate=1.0,
            lasting=None,
            platform=PLATFORM,
            environment_source="local",
            stop_when_decided=stop_when_decided,
        )
        self.leader = Leader(
            order,
            tuple(self.members),
            self,  # type: ignore[arg-type]  # the part of a post that a leader uses
            expected=expected,
            tell=self.told.append,
            say=self.said.append,
            sleep=self.sleep,
            apart=lambda compute: compute(),
            now=lambda: self.now,
        )

    def to_member(self, name: str, message: FromLeader) -> None:
        member = self.members[name]
        if self.now < member.deaf_until:
            return
        member.heard.append(message)
        match message:
            case Prepare():
                answer = member.ready()
                if answer is not None:
                    self.leader.hear(name, answer)
            case Ping(_, sent) if member.tells_the_time:
                pong = Pong("run", sent, self.wall() + member.clock)
                if self.now < member.stalled_until:
                    self.after(member.stalled_until - self.now, lambda leader: leader.hear(name, pong))
                else:
                    self.leader.hear(name, pong)
            case Go(_, at):
                member.began = at - member.clock
            case End() if self.now < member.silent_from:
                if member.began is not None:
                    member.errors = max(member.errors, member.errors_at_the_end)
                    self._report(member)
                    member.silent_from = self.now
                self.after(member.leaves_for, lambda leader: leader.hear(name, Done("run", member.reports, 0, "")))
                self._act()

    def wall(self) -> float:
        return self.now - 1000 + BEGAN

    def sleep(self, seconds: float) -> None:
        before = self.now
        self.now += seconds
        for member in self.members.values():
            speaks = member.began is not None and self.now < member.silent_from
            if speaks and int(before) != int(self.now) and self.wall() >= (member.began or 0.0) + member.quiet_until:
                self._report(member)
        self._act()

    def _act(self) -> None:
        for due, action in [entry for entry in self.at if entry[0] <= self.now]:
            self.at.remove((due, action))
            action(self.leader)

    def after(self, seconds: float, action: Callable[[Leader], None]) -> None:
        self.at.append((self.now + seconds, action))

    def _report(self, member: Simulated) -> None:
        report = self.report(member)
        member.reports += 1
        self.leader.hear(member.name, report)

    def report(self, member: Simulated, run: str = "run") -> Report:
        second = int(self.wall() + member.clock) - 1
        counts, loop = Counts(self.leader.roster.counts.limits), Histogram()
        loop.add([member.lag if member.loop is None else member.loop])
        each = member.each
        if member.began is not None and second - member.clock >= member.began - 1:
            counts.add(OPERATION, second, [0.05] * each, ["status 503"] * round(each * member.errors))
            counts.asked[second] = each
            counts.started[second] = each - member.refused
            counts.refused[second] = member.refused
            counts.lag.add([member.lag] * each)
        return Report(
            run,
            number=member.reports,
            before=second + 1,
            counts=counts.encode(),
            loop=loop.encode(),
            own_loops=Histogram().encode(),
            cpu=member.cpu,
            elapsed=1.0,
            drift=member.drift(second),
            missing=member.missing(second),
            sightings=[("chat", who)] if (who := member.seen(second)) is not None else [],
        )

    def conduct(self, monkeypatch: pytest.MonkeyPatch) -> LoadRun:
        monkeypatch.setattr(clock, "wall", lambda: self.wall() + self.set_by())
        monkeypatch.setattr(Order, "prepare", lambda *_: _PREPARE)
        return self.leader.conduct()


_PREPARE = Prepare(
    run="run", folder="f", profile="p", digest="d", environment="e", rate=1.0, lasting=None, share=0, of=1
)
