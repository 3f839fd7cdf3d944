"""Puts the conductor into Locust: which of its events begin, follow and end a run, and what the process ends with.

A master leads, a worker is a member, a process on its own is both. Locust fires its events in whatever greenlet causes
them; what has to wait there waits within bounds, so Locust's own ways to end (its page, its signals, a lost last
worker) end a run in good order, too.
"""

import locust.env
from locust.runners import MasterRunner, WorkerRunner

from loadtests.conductor.leading import Leading
from loadtests.conductor.membership import Membership
from loadtests.conductor.post import Post


def conduct(environment: locust.env.Environment) -> None:
    """Take part in whatever this process of Locust is for; Locust's `init` event calls it."""
    runner, options = environment.runner, environment.parsed_options
    if runner is None or options is None:
        raise RuntimeError("the conductor is wired up in Locust's init event, when there are a runner and options")
    post = Post(runner)
    if not isinstance(runner, MasterRunner):
        Membership(environment, post).join()
    if not isinstance(runner, WorkerRunner):
        Leading(environment, runner, options, post).begin()
