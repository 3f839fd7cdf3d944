"""A member in Locust's process: letters, the `request` event, and ending when Locust, a signal or silence says so."""

import math
import time
from signal import SIGHUP, SIGINT
from typing import TYPE_CHECKING, Final

import gevent
from locust.runners import MASTER_HEARTBEAT_TIMEOUT, WorkerRunner

from loadtests.conductor import telling
from loadtests.conductor.leader import DRAIN_AT_ONCE
from loadtests.conductor.member import Member
from loadtests.conductor.post import Post
from loadtests.conductor.signals import on_signals
from loadtests.session import Session, close_session, open_session
from loadtests.soundness import Cause

if TYPE_CHECKING:
    from locust.env import Environment

SILENCE: Final = 10.0
"""Seconds without a heartbeat of the master after which there is none."""
PATIENCE: Final = float(MASTER_HEARTBEAT_TIMEOUT)
"""The same for a worker that is part of no run, as Locust has it."""
ORDERED_WITHIN: Final = 3.0
"""Seconds in which the leader ends what a Ctrl-C in its own terminal has reached, too."""
_LOOK_EVERY: Final = 0.5


class Membership:
    """This process's membership in runs, one after the other."""

    def __init__(self, environment: "Environment", post: Post) -> None:
        self._environment = environment
        self.member = Member(environment.events.request.fire, post, self._publish)
        self._post = post
        self._heard = time.monotonic()
        """When there was a master last; never long ago for a worker that is part of no run."""
        self._alive = math.inf
        """The same of any worker; for ever until a master was heard."""

    def join(self) -> None:
        """Be ready for a leader."""
        events = self._environment.events
        events.request.add_listener(self.member.heard)  # type: ignore[no-untyped-call]
        self._post.deliver_to_member(self.member.hear)
        if isinstance(self._environment.runner, WorkerRunner):
            # What it saw is the leader's to judge: a failed request is no failure of the worker.
            self._environment.process_exit_code = 0
            for event, listener in (
                (events.heartbeat_received, self._hears),
                (events.test_stopping, self._stops),
                (events.quitting, self._stops),
            ):
                event.add_listener(listener)  # type: ignore[no-untyped-call]
            on_signals([SIGINT, SIGHUP], self._interrupted)
            gevent.spawn(self._watch)

    def _publish(self, session: Session | None) -> None:
        if session is None:
            close_session(self._environment)
        else:
            open_session(self._environment, session)

    def _hears(self, **_: object) -> None:
        self._heard = self._alive = time.monotonic()
        if isinstance(self._environment.runner, WorkerRunner):
            # Locust would end a worker whose machine's clock was set forward, as if its master were gone.
            self._environment.runner.last_heartbeat_timestamp = None

    def _watch(self) -> None:
        """A worker whose master is gone ends; a new master does not adopt it, whose run this was not."""
        while True:
            before = time.monotonic()
            gevent.sleep(_LOOK_EVERY)
            # While it stood still itself, as on a machine that was suspended, it could hear nobody.
            stood = max(0.0, time.monotonic() - before - _LOOK_EVERY)
            self._heard, self._alive = self._heard + stood, self._alive + stood
            if self.member.over.is_set():
                self._heard = max(self._heard, time.monotonic() - SILENCE / 2)
                if time.monotonic() - self._alive > PATIENCE:
                    self._lost("the master is gone, and did not end this worker")
                    self._quit()
                    return
            elif time.monotonic() - self._heard > SILENCE:
                self._spoilt(f"no master for {SILENCE:g} s")
                return

    def _stops(self, **_: object) -> None:
        """Locust ends the users, or the process: a SIGTERM may have reached the master, too, as by `timeout`."""
        if self._ordered():
            self.member.over.wait()
        else:
            self._leave("it was stopped")

    def _interrupted(self, name: str) -> None:
        """A terminal's Ctrl-C reaches master and workers alike."""
        if self._ordered():
            self.member.over.wait()
            self._quit()
        else:
            self._spoilt(name)

    def _ordered(self) -> bool:
        """Whether the end is the master's will: its letter comes first, if there is one."""
        deadline = time.monotonic() + ORDERED_WITHIN
        while not (self.member.ending or self.member.over.is_set()) and time.monotonic() < deadline:
            gevent.sleep(_LOOK_EVERY)
        return self.member.ending or self.member.over.is_set()

    def _spoilt(self, why: str) -> None:
        self._leave(why)
        self._quit()

    def _leave(self, why: str) -> None:
        self._lost(f"{why}: this worker ends in the middle of a run, and removes its people")
        self.member.leave(why, DRAIN_AT_ONCE)

    def _lost(self, why: str) -> None:
        """What this process ends with, said once: Locust's end of it is more than one event."""
        if self._environment.process_exit_code != Cause.WORKER_LOST.code:
            self._environment.process_exit_code = Cause.WORKER_LOST.code
            telling.say([f"INVALID: {Cause.WORKER_LOST.label}: {why}"])

    def _quit(self) -> None:
        """Locust's main greenlet waits for the runner, and ends the process with the exit code when it is gone."""
        if self._environment.runner is not None:
            self._environment.runner.quit()
