"""A leader in Locust's process: makes the stage ready, leads a run whenever Locust starts one, and has the last word.

Locust ends a run in many ways: when the profile is over we end it ourselves; its page, a signal, a lost last worker or
an error in a user end it through Locust's events, which wait here until the verdict is written.
"""

import math
import sys
from argparse import Namespace
from dataclasses import replace
from signal import SIGHUP, SIGINT, SIGTERM
from traceback import format_exc
from typing import TYPE_CHECKING, Final

import gevent
from gevent.event import Event
from locust.runners import STATE_MISSING, MasterRunner, Runner

from fixtures.environments import EnvironmentInvalid
from fixtures.runs.document import described
from fixtures.runs.redaction import redact
from fixtures.runs.verdict import CODES, ExitCode, Invalid
from loadtests.conductor import telling
from loadtests.conductor.crew import users_of
from loadtests.conductor.leader import DRAIN_AT_ONCE, Leader
from loadtests.conductor.offspring import await_offspring
from loadtests.conductor.order import Order
from loadtests.conductor.page import keep_to
from loadtests.conductor.placing import Placing
from loadtests.conductor.platform import metrics_of, read_on
from loadtests.conductor.post import Post
from loadtests.conductor.signals import NAMES, ignore_ctrl_c, on_signals, undone
from loadtests.conductor.stage import RunFolderError, Stage, set_up
from loadtests.people.removal import enough_for
from loadtests.report.folder import write
from loadtests.report.model import LoadRun
from loadtests.report.terminal import closing_lines, opening_line
from loadtests.verdict import Outcome

if TYPE_CHECKING:
    from locust import User
    from locust.env import Environment
    from locust.runners import WorkerNode

    from loadtests.conductor.messages import FromMember

LOCAL: Final = "local"
"""What Locust calls a process on its own."""
WORKERS_WITHIN: Final = 60.0
"""Seconds for the expected workers to connect, unless Locust's --expect-workers-max-wait says."""
_LOOK_EVERY: Final = 0.25


class Leading:
    """This process leads runs, one after the other."""

    def __init__(self, environment: "Environment", runner: Runner, options: Namespace, post: Post) -> None:
        self._environment = environment
        self._post = post
        self._runner = runner
        self._options = options
        self._headless = bool(options.headless)
        self._stage: Stage | None = None
        self._leader: Leader | None = None
        self._members: tuple[str, ...] = ()
        self._concluded = Event()
        self._concluded.set()
        self._last: LoadRun | None = None
        self._told: list[str] = []
        """What is to be said last of the last run: Locust prints its tables before that."""

    def begin(self) -> None:
        """Make everything ready, or end the process with what is wrong; waits for workers that must be there."""
        environment = self._environment
        # Until there is a verdict, the evidence is not enough.
        environment.process_exit_code = int(ExitCode.INCONCLUSIVE)
        # With a page, Locust has a handler of its own for SIGTERM, which ends the run through its events.
        numbers = [SIGINT, SIGHUP, SIGTERM] if self._headless else [SIGINT, SIGHUP]
        on_signals(numbers, self._interrupted, self._last_word)
        try:
            self._stage = set_up(self._options)
        except EnvironmentInvalid as invalid:
            self._refuse(f"INVALID: {invalid}", CODES[Invalid(invalid.cause)])
        except RunFolderError as error:
            self._refuse(f"INVALID: run-folder: {error}", ExitCode.RUN_FOLDER)
        except Exception:  # noqa: BLE001 - Locust would end with 1, which says that the platform is at fault
            telling.say(format_exc().splitlines())
            self._refuse("INVALID: internal-error: the run cannot be prepared", ExitCode.INTERNAL_ERROR)
        left_out = users_of(self._ready.choice.profile, 0, 1).keys() - environment.user_classes_by_name.keys()
        if left_out:
            self._ready.close()
            self._refuse(f"INVALID: the profile needs the users {', '.join(left_out)}", ExitCode.BAD_CONFIGURATION)
        # Locust's page and tables show it as what is loaded.
        environment.host = redact(self._ready.platform.api)
        if environment.web_ui is not None:
            keep_to(environment.web_ui, environment.host, self._options.profile)
        self._listen()
        if self._unattended and isinstance(self._runner, MasterRunner):
            # With a page, Locust's own handler of SIGTERM comes after the init event.
            held = None if self._headless else gevent.signal_handler(SIGTERM, self._interrupted, NAMES[SIGTERM])
            try:
                self._await_workers(self._runner)
            finally:
                if held is not None:
                    held.cancel()

    @property
    def _unattended(self) -> bool:
        """Whether Locust starts the run, and not somebody on its page."""
        return bool(self._headless or self._options.autostart)

    @property
    def _ready(self) -> Stage:
        if self._stage is None:
            raise RuntimeError("Locust starts a run before its init event is over")
        return self._stage

    def _listen(self) -> None:
        environment = self._environment
        environment.dispatcher_class = self._places  # type: ignore[assignment]  # called like the class
        self._post.deliver_to_leader(self._hears)
        for event, listener in (
            (environment.events.test_start, self._starts),
            (environment.events.test_stopping, self._stops),
            (environment.events.quitting, self._quits),
            (environment.events.quit, self._ends),
            (environment.events.worker_connect, self._connects),
        ):
            event.add_listener(listener)  # type: ignore[no-untyped-call]

    def _await_workers(self, runner: MasterRunner) -> None:
        """Locust would wait without end, or end as if the platform had failed."""
        options = self._options
        expected = options.expect_workers
        # Without a page Locust hears nobody any more when the last worker goes, as one does that is started anew.
        options.headless = False
        with gevent.Timeout(options.expect_workers_max_wait or WORKERS_WITHIN, False):  # noqa: FBT003 - gevent's
            while len(runner.clients.ready) < expected:
                gevent.sleep(_LOOK_EVERY)
        options.headless = self._headless
        if len(runner.clients.ready) < expected:
            self._members = tuple(client.id for client in runner.clients.ready)
            self._starts()
            self._concluded.wait()
            self._ends()
            sys.exit(self._environment.process_exit_code)

    def _refuse(self, why: str, code: int) -> None:
        telling.say([why])
        self._quit_workers()
        sys.exit(int(code))

    def _places(self, worker_nodes: "list[WorkerNode]", user_classes: "list[type[User]]") -> Placing:
        """Locust begins to start users: whoever is connected now is a member of the run, and nobody later."""
        if self._leader is None:
            self._members = tuple(node.id for node in worker_nodes)
        profile = self._ready.choice.profile
        return Placing(worker_nodes, user_classes, profile=profile, members=self._members)

    def _starts(self, **_: object) -> None:
        # What an earlier run of this process was is no word on this one.
        self._environment.process_exit_code = int(ExitCode.INCONCLUSIVE)
        self._told = []
        try:
            order = self._ready.order()
        except RunFolderError as error:
            self._tell([f"INVALID: run-folder: {error}"])
            self._environment.process_exit_code = int(ExitCode.RUN_FOLDER)
            gevent.spawn(self._stop_locust)
            return
        except Exception:  # noqa: BLE001 - Locust would log it, and run for ever with nobody to end it
            self._broke()
            gevent.spawn(self._stop_locust)
            return
        distributed = isinstance(self._runner, MasterRunner)
        if not distributed:
            self._members = (LOCAL,)
        expected = self._options.expect_workers if distributed and self._unattended else 1
        self._leader = Leader(
            order,
            self._members,
            self._post,
            expected=expected,
            tell=telling.say_live,
            say=telling.say_meanwhile,
        )
        self._concluded.clear()
        gevent.spawn(self._lead, self._leader)

    def _lead(self, leader: Leader) -> None:
        metrics = metrics_of(leader.order.platform, leader.wall)
        leader.readings = metrics.readings
        telling.say([opening_line(leader.order.profile, described(leader.order.platform))])
        watching = [gevent.spawn(self._watch, leader), gevent.spawn(read_on, metrics)]
        try:
            run = leader.conduct()
            self._conclude(leader.order, replace(run, notes=(*run.notes, *metrics.notes)))
        except Exception:  # noqa: BLE001 - no verdict is better than a wrong one
            self._broke()
        finally:
            gevent.killall(watching)
            self._leader = None
            self._concluded.set()
            self._stop_locust()

    def _conclude(self, order: Order, run: LoadRun) -> None:
        self._last = run
        self._environment.process_exit_code = run.verdict.exit_code
        try:
            write(order.folder, run)
        except OSError as error:
            telling.say([f"the evidence cannot be written to {order.folder}: {error.strerror or error}"])
            if run.verdict.outcome is not Outcome.NO_GO:
                self._environment.process_exit_code = int(ExitCode.RUN_FOLDER)
            code = self._environment.process_exit_code
            lost = f"the evidence of this verdict is not in its folder: the process ends with {code}"
            self._tell([*closing_lines(run, None), lost])
        else:
            self._tell(closing_lines(run, str(order.folder)))

    def _tell(self, lines: list[str]) -> None:
        """What has become of a run: with a page now, and always when the process ends."""
        self._told = lines
        if not self._headless:
            telling.say(lines)

    def _broke(self) -> None:
        """There is no verdict, which Locust's tables do not show."""
        telling.say(format_exc().splitlines())
        self._environment.process_exit_code = int(ExitCode.INTERNAL_ERROR)
        self._tell(["INVALID: internal-error: the run broke and has no verdict: the traceback above says where"])

    def _stop_locust(self) -> None:
        runner = self._runner
        if self._headless:
            runner.quit()
        else:
            runner.stop()

    def _hears(self, member: str, message: "FromMember") -> None:
        if self._leader is not None:
            self._leader.hear(member, message)

    def _connects(self, client_id: str, **_: object) -> None:
        """A worker is there: before the run, during it for the first time, or again."""
        leader = self._leader
        if leader is None:
            return
        if client_id in leader.roster.members:
            leader.lose(client_id, "came back")
        else:
            leader.notes.append(f"a worker joined late and was not used: {client_id}")

    def _watch(self, leader: Leader) -> None:
        while True:
            self._look(leader)
            gevent.sleep(_LOOK_EVERY)

    def _look(self, leader: Leader) -> None:
        """Lose whom Locust has lost."""
        runner = self._runner
        if not isinstance(runner, MasterRunner):
            return
        for name in leader.roster.members:
            client = runner.clients.get(name)
            if client is None:
                leader.lose(name, "quit", gone=True)
            elif client.state == STATE_MISSING:
                leader.lose(name, "no heartbeat", gone=True)

    def _stops(self, **_: object) -> None:
        """Locust ends the users."""
        self._waits("Locust ended it" if self._headless else "it was stopped on Locust's page")

    def _quits(self, **_: object) -> None:
        """Locust ends the process, with a page by its own handler of SIGTERM."""
        self._waits("Locust ended it" if self._headless else NAMES[SIGTERM])

    def _waits(self, why: str) -> None:
        """Nothing ends before the verdict."""
        leader = self._leader
        if leader is not None:
            self._look(leader)
            leader.interrupt(why)
            self._concluded.wait(leader.concludes_within)

    def _interrupted(self, name: str) -> None:
        leader = self._leader
        if leader is not None:
            if leader.over:
                telling.say([f"{name}: the run has ended, and its verdict is to come; a second one ends it without"])
            leader.interrupt(name)
            self._concluded.wait(leader.concludes_within)
        elif self._last is None and (self._unattended or self._stage is None):
            # Nothing was begun: whatever the main greenlet waits for is not to come.
            telling.say([f"INCONCLUSIVE: {name} before the run had begun"])
            self._ends()
            sys.exit(int(ExitCode.INCONCLUSIVE))
        if not self._headless and self._environment.web_ui is not None:
            self._runner.quit()
            self._environment.web_ui.stop()  # type: ignore[no-untyped-call]

    def _last_word(self) -> tuple[int, str]:
        """What a second signal ends the process with: the verdict that there is by then, or that there is none."""
        code = self._environment.process_exit_code
        if self._leader is not None or not self._told or code is None:
            return undone()
        return code, "\n".join(self._told)

    def _ends(self, **_: object) -> None:
        """The process ends: workers first, then the sandbox, and the verdict is the last thing that is printed."""
        self._quit_workers()
        if self._stage is not None:
            self._stage.close()
        telling.say(self._told)
        ignore_ctrl_c()

    def _quit_workers(self) -> None:
        runner = self._runner
        if isinstance(runner, MasterRunner):
            runner.quit()
            # Before the first run nobody was asked to make people, and whoever has not connected yet hears of no end.
            await_offspring(self._farewell if self._members else 0.0)

    @property
    def _farewell(self) -> float:
        """Seconds for a member that was away during a run and removes its people only now."""
        people = self._ready.choice.profile.people
        return DRAIN_AT_ONCE + enough_for(math.ceil(people / len(self._members)))
