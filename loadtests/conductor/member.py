"""A member's part of a run: its people, its work, a report every second, and leaving nothing behind.

Letters are taken by `hear`, which never waits: what takes time is done in a greenlet of its own. However a run ends,
by the leader's letter or because there is no leader any more, it ends the same way and in bounded time.
"""

import gc
import logging
import math
import time
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import gevent
from gevent.event import Event

from fixtures.environments import ConfigurationErrors
from fixtures.runs.redaction import redact
from fixtures.statistics.histogram import Histogram
from loadtests import clock
from loadtests.budgets.questions import limits
from loadtests.conductor.clocks import Drift
from loadtests.conductor.contention import Contention
from loadtests.conductor.crew import users_of
from loadtests.conductor.messages import (
    Done,
    End,
    FromLeader,
    Go,
    Leaving,
    Ping,
    Pong,
    Prepare,
    Ready,
    Report,
    Unable,
)
from loadtests.conductor.order import received
from loadtests.conductor.post import Post
from loadtests.conductor.pulse import Pulse
from loadtests.numbers import few
from loadtests.people import Pool
from loadtests.people.removal import enough_for
from loadtests.recording import Recorder
from loadtests.session import Session
from loadtests.ways import told

_log = logging.getLogger(__name__)

REPORT_EVERY: Final = 1.0
BEHIND: Final = 2.0
"""Seconds that this process may be behind the leader at the end of the schedule."""
AT_WORK_WITHIN: Final = 5.0
"""Seconds from offset 0 in which every user of the profile has begun."""
TOO_LATE: Final = 0.1
"""Seconds after offset 0 in which this process must have heard of it: whoever was due before is late by that."""
UNDER_WAY: Final = 15.0
"""Seconds for whoever is being made when the run ends, before all that were made can be removed."""


def people_for(session: Session) -> Pool | None:
    """Make this process's people, if the profile needs any. Raises `PeopleError` and `LedgerUnwritableError`."""
    if not session.profile.people:
        return None
    return Pool.make(session)


class Member:
    """One process that makes load."""

    def __init__(
        self,
        fire: Callable[..., None],
        post: Post,
        publish: Callable[[Session | None], None],
        make_people: Callable[[Session], Pool | None] = people_for,
    ) -> None:
        """`fire` is Locust's `request` event; `publish` tells users the session, and None when it is over."""
        self._fire, self._post, self._publish, self._make_people = fire, post, publish, make_people
        self._run = ""
        """The run that it is part of, or was: the leader repeats itself to whoever is not ready, and it counts once."""
        self._idle()
        self.over = Event()
        """Whether it is part of no run now."""
        self.over.set()

    def _idle(self) -> None:
        self.session: Session | None = None
        self._preparing: gevent.Greenlet | None = None
        self._made: Session | None = None
        """What is being prepared."""
        self._following: list[gevent.Greenlet] = []
        self.ending = False
        """Whether the end has begun."""
        self._pulse = Pulse()
        self._drift = Drift()
        self._contention: Contention | None = None
        self._number = 0
        self._told = 0
        """Sightings that were reported."""

    def heard(self, **sample: object) -> None:
        """Listen to Locust's `request` event; people who are made may get fresh tokens while others still are."""
        session = self.session or self._made
        if session is not None:
            session.recorder.heard(**sample)  # type: ignore[arg-type]  # Locust's own arguments

    def hear(self, message: FromLeader) -> None:
        """Take a letter."""
        match message:
            case Prepare(run=run) if self.over.is_set() and run != self._run:
                self._idle()
                clock.keep()
                self._run = run
                self.over.clear()
                self._preparing = gevent.spawn(self._prepare, message)
            case Ping(run, sent) if run == self._run:
                self._post.to_leader(Pong(run, sent, clock.wall()))
            case Go(run, at) if run == self._run and self.session is not None and not self.ending:
                self._go(self.session, at)
            case End(run) if run != self._run:
                # It ends before its first letter was heard: there is nothing to report, and somebody waits to hear so.
                self._post.to_leader(Done(run, 0, 0, ""))
            case End(_, drain, early):
                gevent.spawn(self.end, drain, early=early)

    def leave(self, why: str, drain: float) -> None:
        """End without having been told to: the leader hears of it, if there still is one. Returns when done."""
        if not self.over.is_set() and not self.ending:
            self._post.to_leader(Leaving(self._run, why))
        self.end(drain)

    def end(self, drain: float, *, early: bool = True) -> None:
        """Start nothing more, drain, report, remove people. Returns when done, also if it was begun before."""
        if self.over.is_set() or self.ending:
            self.over.wait()
            return
        self.ending = True
        left: Sequence[str] = ()
        notes: Sequence[str] = ()
        wanting: Sequence[str] = ()
        unfinished = 0
        try:
            try:
                unfinished = self._finish(drain, early=early)
                wanting = () if self._contention is None else self._contention.told()
            finally:
                # Whatever broke before, people are removed.
                left, notes = self._remove()
        except Exception as error:
            # What was counted or left behind is not known then: silence would read as nothing.
            self._post.to_leader(Unable(self._run, f"it did not end well: {error!r}"))
            raise
        finally:
            gc.unfreeze()
            self._publish(None)
            self.session = None
            self.over.set()
            self._post.to_leader(Done(self._run, self._number, unfinished, "; ".join(left), [*wanting, *notes]))

    def _finish(self, drain: float, *, early: bool) -> int:
        """Prepare or follow no more, and report for the last time; returns how much was not done."""
        if self._preparing is not None:
            people = 0 if self._made is None else math.ceil(self._made.profile.people / self._made.of)
            self._preparing.kill(timeout=UNDER_WAY + enough_for(people))
        session = self.session
        if session is None:
            if self._made is not None:
                # Who could not be made may have been given what is somebody else's.
                self._report(self._made)
            return 0
        if self._following and not early:
            over = session.begins + session.profile.duration
            gevent.sleep(min(BEHIND, max(0.0, over - time.perf_counter())))
            self._miss(session)
        unfinished = self._stop_works(session, drain)
        gevent.killall(self._following)
        # Also where nothing was begun: making people may have shown that the platform mixes them up.
        self._report(session)
        return unfinished

    def _remove(self) -> tuple[Sequence[str], Sequence[str]]:
        """Remove people; returns in words who stayed behind, and what is to be noted."""
        left: Sequence[str] = () if self._made is None else tuple(self._made.left)
        notes: Sequence[str] = ()
        if self._preparing is not None and not self._preparing.dead:
            left = ("people were still being made or removed, and nobody waited longer: the ledger names them", *left)
        if self.session is not None and self.session.pool is not None:
            left, notes = self.session.pool.remove(), self.session.pool.notes
            notes = (*notes, *told(self.session.ways, min(self.session.recorder.limits, default=1.0)))
        left = few(left, "which the ledger names")
        for one in left:
            # The leader's report says so, too, if there is a leader by then.
            _log.warning("left behind: %s", redact(one))
        return left, notes

    def _prepare(self, message: Prepare) -> None:
        try:
            profile, platform = received(message)
            session = Session(
                run_id=message.run,
                folder=Path(message.folder),
                profile=profile,
                platform=platform,
                recorder=Recorder(limits(profile.budget)),
                share=message.share,
                of=message.of,
                fire=self._fire,
            )
            self._made = session
            session.pool = self._make_people(session)
        except ConfigurationErrors as errors:
            self._post.to_leader(Unable(message.run, str(errors)))
        except Exception as error:  # noqa: BLE001 - whatever it was, the leader has to hear of it
            _log.debug("the run cannot be prepared", exc_info=True)
            self._post.to_leader(Unable(message.run, f"{error}" or type(error).__name__))
        else:
            self.session = session
            self._preparing = None
            self._publish(session)
            self._post.to_leader(Ready(message.run, len(session.pool.people) if session.pool else 0))

    def _go(self, session: Session, at: float) -> None:
        late = clock.wall() - at
        if late > TOO_LATE:
            session.trouble.append(
                f"it heard {late:.1f} s late that the run had begun: look at the network between the leader and this "
                "process, or whether a machine stood still"
            )
        # What lives as long as the run is not looked through again and again: a whole collection stops all greenlets.
        gc.collect()
        gc.freeze()
        self._pulse, self._drift, self._contention = Pulse(), Drift(), Contention()
        session.began = at
        session.begins = time.perf_counter() + at - clock.wall()
        self._following = [gevent.spawn(self._pulse.beat), gevent.spawn(self._reports, session)]

    def _stop_works(self, session: Session, drain: float) -> int:
        """All at once; the bound is theirs."""
        session.over = True
        stopping = [gevent.spawn(work.stop, drain) for work in session.works]
        gevent.joinall(stopping)
        session.trouble += [_told(greenlet.exception) for greenlet in stopping if greenlet.exception is not None]
        return sum(greenlet.value or 0 for greenlet in stopping)

    def _reports(self, session: Session) -> None:
        while True:
            gevent.sleep(REPORT_EVERY)
            self._report(session)

    @staticmethod
    def _missing(session: Session) -> int:
        """How many users of the profile have not begun here."""
        return max(0, sum(users_of(session.profile, session.share, session.of).values()) - len(session.works))

    def _miss(self, session: Session) -> None:
        """Say so if a user never began: nothing of its arrivals is asked for, and no other figure shows that."""
        missing = self._missing(session)
        if missing and not session.trouble:
            session.trouble.append(f"{missing} users of the profile did not begin")

    def _report(self, session: Session) -> None:
        if time.perf_counter() - session.begins > AT_WORK_WITHIN:
            self._miss(session)
        before = clock.second()
        for work in session.works:
            try:
                work.collect()
            except Exception as error:  # noqa: BLE001 - told to the leader below; what else there is must be counted
                broken = _told(error)
                if broken not in session.trouble:
                    session.trouble.append(broken)
        # Before it begins nobody takes the pulse, and making people may keep a processor busy.
        loop, cpu, elapsed = self._pulse.take() if self._following else (Histogram(), 0.0, 0.0)
        own_loops, session.lag = session.lag, Histogram()
        new = [*islice(session.sightings, self._told, None)]
        self._told += len(new)
        report = Report(
            session.run_id,
            number=self._number,
            before=before,
            counts=session.recorder.take().encode(),
            loop=loop.encode(),
            own_loops=own_loops.encode(),
            cpu=cpu,
            elapsed=elapsed,
            drift=self._drift.seconds(),
            missing=self._missing(session),
            sightings=new,
        )
        self._number += 1
        self._post.to_leader(report)
        if session.trouble:
            self._post.to_leader(Unable(session.run_id, "; ".join(session.trouble)))


def _told(error: BaseException) -> str:
    """What broke, also where the error itself says nothing: the leader takes no reason for none."""
    return f"{type(error).__name__}: {error}".rstrip(": ")
