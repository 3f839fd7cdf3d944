"""When a worker has no master any more, and what it ends with that Locust ends."""

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

import gevent
import pytest
from gevent.pool import Group

from loadtests.session import Session
from loadtests.soundness import Cause

if TYPE_CHECKING:
    from locust.env import Environment

    from loadtests.conductor.membership import Membership


@pytest.fixture(autouse=True)
def _unpatched(monkeypatch: pytest.MonkeyPatch) -> None:
    # Locust would patch this whole process.
    monkeypatch.setenv("LOCUST_SKIP_MONKEY_PATCH", "1")


def test_a_machine_that_stood_still_is_no_silence_of_the_master(monkeypatch: pytest.MonkeyPatch) -> None:
    """Master and workers were stopped together: the master has its time from when the worker itself goes on."""
    from locust.env import Environment  # noqa: PLC0415

    from loadtests.conductor import membership  # noqa: PLC0415

    now, stood = [1000.0], [12.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds + (stood.pop() if stood else 0.0)

    monkeypatch.setattr(membership, "gevent", SimpleNamespace(sleep=sleep))
    monkeypatch.setattr(membership, "time", SimpleNamespace(monotonic=lambda: now[0]))
    worker = membership.Membership(Environment(), SimpleNamespace())  # type: ignore[arg-type]  # nothing is sent
    worker.member.over.clear()
    lost: list[str] = []
    monkeypatch.setattr(worker, "_spoilt", lost.append)
    worker._watch()
    assert (lost, now) == (["no master for 10 s"], [1000.0 + 12.0 + membership.SILENCE + membership._LOOK_EVERY])


@pytest.mark.parametrize(
    ("silent", "part", "code"),
    [(61.0, False, Cause.WORKER_LOST.code), (1.0, False, 0), (61.0, True, Cause.WORKER_LOST.code), (1.0, True, 0)],
    ids=["left alone", "told to", "left alone after its run", "told to after its run"],
)
def test_a_worker_that_is_left_alone_is_lost(
    silent: float, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, part: bool
) -> None:
    """As one that joined late, or has just removed its people: its master died, and its end is no good one."""
    environment, worker = joined(monkeypatch, silent)
    if part:
        worker._publish(object.__new__(Session))
    for event in (environment.events.test_stopping, environment.events.quitting):
        event.fire(environment=environment)  # type: ignore[no-untyped-call]
    assert environment.process_exit_code == code
    assert capsys.readouterr().out.count("worker-lost") == bool(code)


@pytest.mark.parametrize("ordered", [True, False], ids=["the master ends the run", "nobody else does"])
@pytest.mark.parametrize("how", ["stopped", "Ctrl-C"])
def test_a_worker_that_is_ended_in_a_run_goes_when_its_people_are_removed(
    how: str, monkeypatch: pytest.MonkeyPatch, *, ordered: bool
) -> None:
    """By the master's letter, if there is one in time, which may come with the signal; else on its own account."""
    from loadtests.conductor import membership  # noqa: PLC0415

    environment, worker = joined(monkeypatch, 1.0)
    member, left, quits = worker.member, list[str](), list[bool]()
    member.over.clear()
    member.ending = ordered
    if ordered:
        gevent.spawn_later(0.05, member.over.set)

    def leave(why: str, _drain: float) -> None:
        left.append(why)
        member.over.set()

    monkeypatch.setattr(member, "leave", leave)
    monkeypatch.setattr(membership, "ORDERED_WITHIN", 0.05)
    monkeypatch.setattr(environment.runner, "quit", lambda: quits.append(member.over.is_set()))
    if how == "stopped":
        environment.events.test_stopping.fire(environment=environment)  # type: ignore[no-untyped-call]
    else:
        worker._interrupted(how)
    assert member.over.is_set()
    assert left == ([] if ordered else ["it was stopped" if how == "stopped" else how])
    assert quits == ([True] if how == "Ctrl-C" else [])
    assert environment.process_exit_code == (0 if ordered else Cause.WORKER_LOST.code)


def joined(monkeypatch: pytest.MonkeyPatch, silent: float) -> "tuple[Environment, Membership]":
    """A worker that is ready for a master, who was heard last so many seconds ago."""
    from locust.env import Environment  # noqa: PLC0415
    from locust.runners import WorkerRunner  # noqa: PLC0415

    from loadtests.conductor import membership  # noqa: PLC0415
    from loadtests.conductor.post import Post  # noqa: PLC0415

    runner = object.__new__(WorkerRunner)
    runner.greenlet = Group()
    runner.custom_messages = {}
    runner.last_heartbeat_timestamp = time.time() - silent
    environment = Environment()
    environment.runner = runner
    monkeypatch.setattr(membership, "on_signals", lambda *_: None)
    monkeypatch.setattr(membership.Membership, "_watch", lambda _: None)
    monkeypatch.setattr(membership, "open_session", lambda *_: None)
    worker = membership.Membership(environment, Post(runner))
    worker.join()
    return environment, worker
