"""The leader's part of one run: from the first letter to its members until the verdict, whatever happens between.

Runs in a greenlet of its own. It hears its members through `hear`, learns by `lose` that one is gone and by `interrupt`
that somebody wants it to end; it never waits longer than the constants below and, for people, `farewell` say.
"""

import math
import time
from collections.abc import Callable
from typing import Final

import gevent

from fixtures.runs.contacts import guide_contacts
from fixtures.runs.document import described
from loadtests import clock
from loadtests.budgets.questions import limits
from loadtests.conductor.apart import in_a_thread
from loadtests.conductor.messages import End, FromMember, Go, Ping
from loadtests.conductor.noting import ending, noted
from loadtests.conductor.order import Order
from loadtests.conductor.post import Post
from loadtests.conductor.roster import Roster
from loadtests.conductor.target import changes, replicas, sightings
from loadtests.people.removal import enough_for
from loadtests.report.model import LoadRun, Reading
from loadtests.soundness import Facts, lag_quantile
from loadtests.verdict import PROVES_NOTHING, EarlyStop, Verdict, judge

READY_WITHIN: Final = 60.0
"""Seconds for making people, and one more for each of them."""
TOLD_AGAIN: Final = 1.0
"""Seconds after which whoever is not ready is told again: Locust counts a worker as ready before its init event, and
drops letters that nobody listens to by then."""
PINGS: Final = 5
PING_WITHIN: Final = 5.0
PINGED_AGAIN: Final = 0.25
"""Seconds after which all are asked again: a lost segment keeps back, and so makes late, all answers behind it."""
HEAD_START: Final = 0.5
"""Seconds between Go and offset 0: more than a letter needs."""
DRAIN: Final = 15.0
"""Seconds for what is in flight when the profile is over: longer than any answer is waited for, and scaled likewise."""
DRAIN_AT_ONCE: Final = 3.0
"""The same when somebody ended the run."""
LAST_LETTERS: Final = 15.0
"""Seconds for the last letters, beside those for removing people."""
TICK: Final = 0.05


class Leader:
    """Leads one run."""

    def __init__(  # noqa: PLR0913 - a run has that many sides
        self,
        order: Order,
        members: tuple[str, ...],
        post: Post,
        *,
        expected: int | None = None,
        tell: Callable[[LoadRun], None] = lambda _: None,
        say: Callable[[str], None] = lambda _: None,
        sleep: Callable[[float], object] = gevent.sleep,
        apart: Callable[[Callable[[], Verdict]], Verdict] = in_a_thread,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`members` in the order of their shares, of `expected` ones; `tell` is called every second, `say` at its end.

        `apart` calls what computes for long, without keeping greenlets from running; `tell` is called so, too.
        """
        self.order = order
        self.roster = Roster(members, limits(order.profile.budget), now())
        self.readings: list[Reading] = []
        self.notes = list(order.notes)
        self.began = 0.0
        """Offset 0 by the members' clocks; 0 before Go."""
        self._stopped = 0.0
        """When nothing more was to be started; 0 before."""
        self._expected = max(len(members), expected or 0)
        self._post, self._tell, self._say = post, tell, say
        self._sleep, self._apart, self._now = sleep, apart, now
        self._early = EarlyStop(order.profile.plan)
        self._interrupted = ""
        self._decided = False
        self._whole = False
        """Whether it had the profile's whole time."""
        self._looking = False
        self._letters: list[tuple[str, FromMember]] = []
        """What came while the roster was looked at: it does not change meanwhile."""
        self._judged = 0, 0
        self._changed: tuple[str, ...] = ()

    def hear(self, member: str, message: FromMember) -> None:
        """Take a letter; the word of an earlier run is none to this one."""
        if message.run != self.order.run:
            return
        if self._looking:
            self._letters.append((member, message))
        else:
            self.roster.hear(member, message, self._now())

    def lose(self, member: str, why: str, *, gone: bool = False) -> None:
        """A member is lost; `gone` if there is no such process any more."""
        self.roster.lose(member, why, gone=gone)

    def interrupt(self, why: str) -> None:
        """End before the time: who or what wants it. The first reason stays; of what has ended, there is none."""
        if not self.over:
            self._interrupted = self._interrupted or why

    @property
    def over(self) -> bool:
        """Whether nothing more is started: only its verdict is waited for, and no signal changes that."""
        return self._stopped > 0

    def wall(self) -> float:
        """Seconds since 1970 by the members' clocks, which counts go by: the leader's own may differ, or be set.

        By that one as long as no other is known.
        """
        ahead = self.roster.ahead
        return clock.wall() if ahead is None else self._now() + ahead

    def conduct(self) -> LoadRun:
        """Carry the order out."""
        try:
            if self._prepared() and self._clocks_known():
                self._go()
                self._follow()
        except BaseException:
            self.interrupt("the leader broke")
            raise
        finally:
            self._end()
            # Whoever is lost and lives still speaks; what is judged stays what it is.
            self._looking = True
        return self._run(self._apart(self._verdict))

    @property
    def farewell(self) -> float:
        """Seconds that are waited for members' last words, when draining is over."""
        people = self.order.profile.people / max(1, len(self.roster.members))
        return enough_for(math.ceil(people)) + LAST_LETTERS

    @property
    def concludes_within(self) -> float:
        """Seconds from the end of a run until there is a verdict, at most, with some for writing it down."""
        return DRAIN * self.order.platform.time_scale + self.farewell + LAST_LETTERS

    @property
    def _spoilt(self) -> bool:
        """Whether going on could prove nothing."""
        return bool(self._lost or self.roster.unable or self._changes)

    @property
    def _lost(self) -> tuple[str, ...]:
        missing = self._expected - len(self.roster.members)
        return (*self.roster.lost, *((f"{missing} that never came",) if missing else ()))

    @property
    def _changes(self) -> tuple[str, ...]:
        seen, good = self.roster.sightings, self.roster.good
        if (len(seen), len(good)) != self._judged:
            called = good & self.order.profile.called
            self._judged, self._changed = (len(seen), len(good)), changes(seen, self.order.platform, called)
        return self._changed

    def _until(self, done: Callable[[], bool], within: float) -> bool:
        """Wait until `done`, or the time is over, or the run is; whether it is done."""
        deadline = self._now() + within
        while not done() and self._now() < deadline and not self._interrupted and not self._spoilt:
            self._sleep(TICK)
        return done() and not self._interrupted and not self._spoilt

    def _prepared(self) -> bool:
        people = self.order.profile.people
        within = READY_WITHIN + people
        why = ": its people are made by requests, which the platform may answer too slowly" if people else ""
        deadline = self._now() + within
        while self._now() < deadline and not self._interrupted and not self._spoilt:
            for member in self.roster.members.values():
                if not member.ready:
                    self._post.to_member(member.name, self.order.prepare(member.share, len(self.roster.members)))
            if self._until(lambda: self.roster.ready, min(TOLD_AGAIN, deadline - self._now())):
                return True
        for member in self.roster.members.values():
            if not member.ready and not self._interrupted and not self._spoilt:
                member.unable = member.unable or f"not ready within {within:.0f} s{why}"
        return False

    def _clocks_known(self) -> bool:
        for _ in range(PINGS):
            self._ping()
            self._sleep(TICK)
        precise = self.order.profile.plan.soundness.clocks
        deadline = self._now() + PING_WITHIN
        while not (well := self._until(lambda: self.roster.uncertain <= precise, PINGED_AGAIN)):
            if self._now() >= deadline or self._interrupted or self._spoilt:
                break
            self._ping()
        for member in self.roster.members.values():
            if not member.offset.known and not self._interrupted:
                self.lose(member.name, f"no answer within {PING_WITHIN:g} s")
        # Else as well as so long a way allows.
        return well or not (self._interrupted or self._spoilt)

    def _ping(self) -> None:
        for name in self.roster.members:
            self._post.to_member(name, Ping(self.order.run, self._now()))

    def _go(self) -> None:
        at = self._now() + HEAD_START
        self.began = self.wall() + HEAD_START
        self.roster.begun = True
        for name, member in self.roster.members.items():
            member.reported = at
            self._post.to_member(name, Go(self.order.run, at + member.offset.seconds))

    def _follow(self) -> None:
        """Until the profile is over, or there is no use in going on."""
        over = self._now() + HEAD_START + self.order.profile.duration
        told = self._now() + HEAD_START
        listened = self._now()
        while (now := self._now()) < over and not (self._interrupted or self._spoilt or self._decided):
            self._sleep(min(TICK, over - now))
            woke = self._now()
            # Also after a look: the machine may have stood still in it, and what came is read only now.
            self.roster.listen(woke, max(0.0, woke - listened - TICK))
            listened = woke
            if woke >= told + 1:
                told += math.floor(woke - told)
                self._ping()
                self._look()
        if self._spoilt:
            self.interrupt(PROVES_NOTHING)

    def _look(self) -> None:
        """What is known so far, for people and for `--stop-when-decided`. It takes too long for a loop to wait for."""
        self._looking = True
        try:
            self._apart(self._judge_so_far)
        finally:
            self._looking = False
            letters, self._letters = self._letters, []
            for member, message in letters:
                self.hear(member, message)

    def _judge_so_far(self) -> Verdict:
        tallies = self.roster.counts.tallies
        decided = self._early.advance(tallies, self.roster.before, self.began) or bool(self.roster.mixed_up)
        verdict = self._early.verdict(tallies, self._facts())
        self._decided = decided and verdict.settled and self.order.stop_when_decided and self.roster.at_work
        self._tell(self._run(verdict))
        return verdict

    def _end(self) -> None:
        self._stopped = self.wall()
        early = bool(self._interrupted or self._decided or self._spoilt)
        self._whole = not early
        drain = DRAIN_AT_ONCE if self._interrupted else DRAIN * self.order.platform.time_scale
        for name in self.roster.members:
            # Also to one that is lost: it may be alive, and have people. Who is gone is told nothing by it.
            self._post.to_member(name, End(self.order.run, drain, early))
        self._say(ending(self.roster, drain))
        deadline = self._now() + drain + self.farewell
        again = self._now() + TOLD_AGAIN
        while not self.roster.settled and self._now() < deadline:
            self._sleep(TICK)
            if self._now() >= again:
                again += TOLD_AGAIN
                for name, member in self.roster.members.items():
                    if not (member.ready or member.settled):
                        self._post.to_member(name, End(self.order.run, drain, early))
        for member in self.roster.members.values():
            if not member.settled:
                self.lose(member.name, f"not done {drain + self.farewell:.0f} s after the end")
        decided = self._decided and not self._interrupted
        self.notes += noted(self.order, self.roster, drain, decided=decided)

    def _verdict(self) -> Verdict:
        tallies = self.roster.counts.tallies
        if self._whole and not self.order.stop_when_decided:
            return judge(self.order.profile.plan, tallies, self._facts())
        # Whoever ends a run has seen how it stood: one look at the end would not be the only one.
        # Everything is reported: no second is to come, by whose clock ever.
        decided = self._early.advance(tallies, self._counted_before, self.began, reported=True)
        if self._decided and not (decided or self.roster.mixed_up):
            self._interrupted = "it was decided, and is not any more by what was still under way"
        return self._early.verdict(tallies, self._facts(), whole=self._whole)

    @property
    def _counted_before(self) -> int:
        """All that is counted was so in earlier seconds than this one."""
        tallies = self.roster.counts.tallies.values()
        return max((second for tally in tallies for second in tally.seconds()), default=-1) + 1

    def _facts(self) -> Facts:
        roster = self.roster
        return Facts(
            workers_expected=self._expected,
            workers_lost=self._lost,
            arrivals_asked=roster.counts.asked.total(),
            arrivals_started=roster.counts.started.total(),
            arrivals_refused=roster.counts.refused.total(),
            arrivals_due=self.order.profile.fewest_arrivals if self._whole else 0,
            generator_cpu=roster.cpu,
            start_lag=roster.start_lag(lag_quantile(self.order.profile.budget)),
            loop_lag=roster.loop_lag(lag_quantile(self.order.profile.budget)),
            clock_disagreement=roster.clock_disagreement,
            clock_moved=roster.clock_moved,
            target_changes=self._changes,
            interrupted=self._interrupted,
            unable=roster.unable,
            exhausted=roster.exhausted,
            mixed_up=roster.mixed_up,
        )

    def _run(self, verdict: Verdict) -> LoadRun:
        now = self.wall()
        # When it has ended, people are removed, which is no part of it and may take longer.
        ended = min(now, max(self._stopped, self._counted_before)) if self._stopped else now
        return LoadRun(
            run=self.order.run,
            profile=self.order.profile,
            environment=described(self.order.platform),
            began=self.began or ended,
            ended=ended,
            reported=self.roster.before,
            counts=self.roster.counts,
            verdict=verdict,
            facts=self._facts(),
            sightings=sightings(self.roster.sightings),
            replicas=replicas(self.roster.sightings),
            readings=tuple(self.readings),
            contacts=guide_contacts(),
            notes=tuple(self.notes),
        )
