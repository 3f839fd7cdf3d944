"""What makes load, as Locust's users: people by schedule, people who never stop, rates by the engine, idle websockets.

Locust starts and ends them; the conductor decides how many of each are in which process (`conductor.placing`). Each
waits until the run begins, and gives its work to the session, which ends it.
"""

import math
import random
from abc import abstractmethod

import gevent
from locust import User, task

from loadtests.arrivals import arrivals
from loadtests.holding import Holding
from loadtests.journeys import JOURNEYS
from loadtests.people import Pool
from loadtests.rates import Rates
from loadtests.rounds import Rounds
from loadtests.session import Session, Work, session_of
from loadtests.visits import Visits

_LOOK_EVERY = 0.02
_TO_THE_END = 3600.0


class _WithTheRun(User):
    """A user that begins with the run, and whose work the session ends."""

    abstract = True

    @task
    def follow(self) -> None:
        """Begin, and stay until Locust ends the user."""
        session = self._session()
        try:
            work = self.work(session)
        except Exception as error:
            who = f"{type(self).__name__}: "
            # Locust has the user try again, and what is missing then differs by a few.
            if not any(trouble.startswith(who) for trouble in session.trouble):
                session.trouble.append(f"{who}{error}")
            raise
        if session.over:
            # The end came meanwhile, and stopped only what it knew.
            work.stop(0.0)
        else:
            session.works.append(work)
        while True:
            gevent.sleep(_TO_THE_END)

    @abstractmethod
    def work(self, session: Session) -> Work:
        """Begin what this user does."""

    def _session(self) -> Session:
        """Wait until the leader has said when a run begins; one that is over by then is none."""
        while True:
            try:
                session = session_of(self.environment)
            except LookupError:
                gevent.sleep(_LOOK_EVERY)
                continue
            if session.begins < math.inf and not session.over:
                return session
            gevent.sleep(_LOOK_EVERY)


class OpenVisitors(_WithTheRun):
    """All people of this process who arrive by schedule."""

    def work(self, session: Session) -> Work:
        """Send them on their journeys."""
        visits = Visits(session, _people(session), JOURNEYS, arrivals(session.profile, session.share, session.of))
        visits.begin()
        return visits


class ClosedVisitor(_WithTheRun):
    """One person who makes one journey after the other."""

    def work(self, session: Session) -> Work:
        """Send that one."""
        number = sum(isinstance(work, Rounds) for work in session.works)
        chance = random.Random(f"{session.profile.seed} {session.share} {number}")  # noqa: S311 - repeatable, not secret
        rounds = Rounds(session, _people(session), JOURNEYS, chance)
        rounds.begin()
        return rounds


class RateUser(_WithTheRun):
    """The operations that this process sends at rates of their own."""

    def work(self, session: Session) -> Work:
        """Have the engine send them."""
        rates = Rates(session, self.environment.stats)
        rates.begin()
        return rates


class IdleConnections(_WithTheRun):
    """The websockets that this process only holds."""

    def work(self, session: Session) -> Work:
        """Open them."""
        options = self.environment.parsed_options
        # Of workers that were started one by one nobody knows which machine they are on.
        holding = Holding(session, (options and options.processes) or 1)
        holding.begin()
        return holding


def _people(session: Session) -> Pool:
    if session.pool is None:
        raise RuntimeError(f"the profile {session.profile.name} has journeys, and no people")
    return session.pool
