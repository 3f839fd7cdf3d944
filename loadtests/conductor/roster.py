"""What the leader knows of the members of a run, from what they say and from their silence. Pure.

A member that was away once is lost for good: what it counted meanwhile is gone. Every report has a number, so that a
sum with a gap in it is never taken for the whole.
"""

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Final

from fixtures.statistics.histogram import Histogram
from loadtests.conductor.clocks import Offset, disagreement
from loadtests.conductor.messages import Done, FromMember, Leaving, Pong, Ready, Report, Unable
from loadtests.counts import Counts
from loadtests.failure import OWN, SOMEBODY_ELSES
from loadtests.numbers import several
from loadtests.sightings import Sightings

SILENCE: Final = 5.0
"""Seconds without a report after which a member is lost: four more than it needs."""
MEASURED_WITHIN: Final = 1.0
"""Seconds in which an event loop was looked at for certain: a hundred times, if it came round."""
STRETCH: Final = 5.0
"""Seconds over which processor time is averaged: one busy second is no saturation."""


@dataclass(slots=True)
class Entry:
    """What is known of one process that makes load."""

    name: str
    share: int
    reported: float
    """When it reported last, or was told to begin; by the leader's `time.monotonic`."""
    ready: bool = False
    people: int = 0
    unable: str = ""
    lost: str = ""
    gone: bool = False
    """Whether there is no such process any more, as far as Locust knows: nobody waits for its last word."""
    done: Done | None = None
    offset: Offset = field(default_factory=Offset)
    drift: float = 0.0
    reports: int = 0
    before: int = 0
    missing: int = 0
    """Users that have not begun, by its last report."""
    lag: Histogram = field(default_factory=Histogram)
    loop: Histogram = field(default_factory=Histogram)
    own_loops: Histogram = field(default_factory=Histogram)
    started: int = 0
    elapsed: float = 0.0
    """Seconds that its reports are about; none before it hears that the run begins."""
    cpu: float = 0.0
    """The highest share of a core over `STRETCH` seconds."""
    _stretch: deque[tuple[float, float]] = field(default_factory=deque)

    @property
    def label(self) -> str:
        """What people call it: its host and a few digits that tell it from others there."""
        host, _, rest = self.name.rpartition("_")
        return f"{host}-{rest[:6]}" if host else self.name

    @property
    def settled(self) -> bool:
        """Whether nothing more will come of it."""
        return self.done is not None or self.gone

    @property
    def unmeasured(self) -> str:
        """Which lag it never measured, though it was done with a run in which there was some; empty if none."""
        if self.done is None:
            return ""
        if self.elapsed >= MEASURED_WITHIN and not len(self.loop):
            return "how late its event loop came was never measured"
        return "how late it started arrivals was never measured" if self.started and not len(self.lag) else ""

    def busy(self, cpu: float, elapsed: float) -> None:
        """Average over the last stretch; a run shorter than one is averaged as a whole."""
        self._stretch.append((cpu, elapsed))
        while sum(time for _, time in self._stretch) - self._stretch[0][1] >= STRETCH:
            self._stretch.popleft()
        used, time = map(sum, zip(*self._stretch, strict=True))
        share = used / time if time else 0.0
        self.cpu = max(self.cpu, share) if time >= STRETCH else share


class Roster:
    """The members of a run, and the sum of what they counted."""

    def __init__(self, names: tuple[str, ...], limits: tuple[float, ...], now: float) -> None:
        """`names` in the order of their shares; `limits` as `Counts` has them; `now` by `time.monotonic`."""
        self.members = {name: Entry(name, share, now) for share, name in enumerate(names)}
        self.counts = Counts(limits)
        self.sightings = Sightings()
        """Who answered, in the order in which it was reported."""
        self.begun = False
        """Whether members were told to begin: each has seconds to report about."""
        self.good: set[str] = set()
        """Subjects of which at least one sample was good; whoever answered it was sighted by then, if it said who."""

    def hear(self, name: str, message: FromMember, now: float) -> None:
        """Take what a member said, at a time of `time.monotonic`; who is no member of this run is not listened to."""
        member = self.members.get(name)
        if member is None:
            return
        match message:
            case Pong(_, sent, theirs):
                member.offset.answered(sent, theirs, now)
            case Ready(_, people):
                member.ready, member.people = True, people
            case Unable(_, why):
                member.unable = member.unable or why or "it did not say why"
            case Report():
                member.reported = now
                self._report(member, message)
            case Done() if member.done is None:
                self._done(member, message)
            case Leaving(_, why):
                self.lose(name, f"left: {why}")

    def lose(self, name: str, why: str, *, gone: bool = False) -> None:
        """A member is lost, or even gone: the first reason stays. One that had finished is missed by nobody."""
        member = self.members.get(name)
        if member is not None and member.done is None:
            member.lost = member.lost or why
            member.gone = member.gone or gone

    def listen(self, now: float, overslept: float = 0.0) -> None:
        """Lose who has not reported for too long; asked while every member has something to report.

        The leader has `overslept` by so many seconds: what came meanwhile is only read after this.
        """
        for member in self.members.values():
            member.reported += overslept
            if not (member.settled or member.lost) and now - member.reported > SILENCE:
                self.lose(member.name, f"silent for {now - member.reported:.0f} s")

    @property
    def ready(self) -> bool:
        """Whether every member is."""
        return all(member.ready for member in self.members.values())

    @property
    def settled(self) -> bool:
        """Whether nothing more will come."""
        return all(member.settled for member in self.members.values())

    @property
    def before(self) -> int:
        """All that ended in earlier seconds is in `counts`; 0 until everybody has reported."""
        return min((member.before for member in self.members.values()), default=0)

    @property
    def at_work(self) -> bool:
        """Whether every user of the profile has begun, as far as was reported; what is missing is in no count."""
        return not any(member.missing for member in self.members.values())

    @property
    def lost(self) -> tuple[str, ...]:
        """Who was, and why."""
        return tuple(f"{member.label} ({member.lost})" for member in self.members.values() if member.lost)

    @property
    def unable(self) -> tuple[str, ...]:
        """Who could not take part, or did and measured nothing of itself, and why."""
        whys = ((member.label, member.unable or member.unmeasured) for member in self.members.values())
        return tuple(f"{label}: {why}" for label, why in whys if why)

    @property
    def exhausted(self) -> tuple[str, ...]:
        """What the generator's machines had no more of, and how often something failed by that."""
        times: Counter[str] = Counter()
        for (_, cause), often in self.counts.causes.items():
            if cause.startswith(OWN):
                times[cause.removeprefix(OWN)] += often
        return tuple(f"{what} ({several(often, 'time')})" for what, often in sorted(times.items()))

    @property
    def mixed_up(self) -> tuple[str, ...]:
        """What people were given that is somebody else's, and how often; what a journey failed by is in it twice."""
        found = sorted(self.counts.causes.items())
        return tuple(
            f"{subject}: {cause} ({several(often, 'time')})"
            for (subject, cause), often in found
            if cause.startswith(SOMEBODY_ELSES)
        )

    @property
    def ahead(self) -> float | None:
        """How far the members' clocks are ahead of the leader's `time.monotonic`, by the first that is known."""
        return next((one.offset.seconds for one in self.members.values() if one.offset.known), None)

    @property
    def uncertain(self) -> float:
        """By how many seconds the least known clock may be another than is believed, at most."""
        return max((one.offset.uncertain for one in self.members.values()), default=0.0)

    @property
    def clock_disagreement(self) -> float:
        """Seconds between the two clocks that are farthest apart."""
        return disagreement(one.offset.seconds for one in self.members.values() if one.offset.known)

    @property
    def clock_moved(self) -> float:
        """The most seconds that a clock was moved by, forward or back."""
        return max((abs(member.drift) for member in self.members.values()), default=0.0)

    @property
    def cpu(self) -> float:
        """Share of a core of the busiest member."""
        return max((member.cpu for member in self.members.values()), default=0.0)

    def start_lag(self, quantile: float) -> float:
        """Of the member that was latest; seconds."""
        return max((member.lag.quantile(quantile) or 0.0 for member in self.members.values()), default=0.0)

    def loop_lag(self, quantile: float) -> float:
        """Of the loop that was latest, of all members; seconds."""
        loops = (loop for member in self.members.values() for loop in (member.loop, member.own_loops))
        return max((loop.quantile(quantile) or 0.0 for loop in loops), default=0.0)

    @property
    def unfinished(self) -> int:
        """What was in flight when draining was over."""
        return sum(member.done.unfinished for member in self.members.values() if member.done)

    @property
    def left(self) -> tuple[str, ...]:
        """What of people could not be removed, by member."""
        return tuple(
            f"{member.label}: {member.done.left}"
            for member in self.members.values()
            if member.done and member.done.left
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What members noted."""
        members = self.members.values()
        return tuple(f"{member.label}: {note}" for member in members if member.done for note in member.done.notes)

    def _report(self, member: Entry, report: Report) -> None:
        if report.number != member.reports:
            return  # Repeated, or behind a gap: of what was not added up, `Done` says how much there is.
        counts = Counts.decode(report.counts)
        self.counts.merge(counts)
        self.good.update(subject for subject, tally in counts.tallies.items() if tally.failed < tally.requests)
        member.lag.merge(counts.lag)
        member.loop.merge(Histogram.decode(report.loop))
        member.own_loops.merge(Histogram.decode(report.own_loops))
        member.started += counts.started.total()
        member.elapsed += report.elapsed
        member.before = report.before
        member.missing = report.missing
        member.reports += 1
        member.drift = max(member.drift, report.drift, key=abs)
        member.busy(report.cpu, report.elapsed)
        for service, served_by in report.sightings:
            self.sightings.add(service, served_by)

    def _done(self, member: Entry, done: Done) -> None:
        if member.reports != done.reports:
            self.lose(member.name, f"{done.reports - member.reports} of {done.reports} reports are missing")
        elif self.begun and not member.elapsed:
            self.lose(member.name, "it never heard that the run began")
        member.done = done
