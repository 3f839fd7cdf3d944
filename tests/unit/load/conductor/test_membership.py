"""When a worker has no master any more, and what it ends with that Locust ends."""

import contextlib
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


def test_a_worker_that_was_long_in_no_run_has_time_to_hear_of_a_master_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever told it to begin was there a moment ago, whenever the last heartbeat was."""
    from locust.env import Environment  # noqa: PLC0415

    from loadtests.conductor import membership  # noqa: PLC0415

    now = [1000.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds
        if now[0] == 1100:
            worker.member.over.clear()

    monkeypatch.setattr(membership, "gevent", SimpleNamespace(sleep=sleep))
    monkeypatch.setattr(membership, "time", SimpleNamespace(monotonic=lambda: now[0]))
    worker = membership.Membership(Environment(), SimpleNamespace())  # type: ignore[arg-type]  # nothing is sent
    monkeypatch.setattr(worker, "_spoilt", lambda _: None)
    worker._watch()
    assert 1100 + membership.SILENCE / 2 <= now[0] <= 1100 + membership.SILENCE


def test_a_worker_that_is_ended_twice_says_once_that_it_is_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A terminal's Ctrl-C and Locust's own end may both wait for the leader's letter."""
    from loadtests.conductor import membership  # noqa: PLC0415

    _, worker = joined(monkeypatch)
    worker.member.over.clear()
    monkeypatch.setattr(worker.member, "leave", lambda *_: worker.member.over.set())
    monkeypatch.setattr(membership, "ORDERED_WITHIN", 0.0)
    for why in ("it was stopped", "Ctrl-C"):
        worker._leave(why)
    assert capsys.readouterr().out.count("worker-lost") == 1


@pytest.mark.parametrize("part", [False, True], ids=["without a run", "after its run"])
def test_a_worker_that_is_told_to_end_is_not_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, part: bool
) -> None:
    """Its master ends it, with a run or without."""
    environment, worker = joined(monkeypatch)
    if part:
        worker._publish(object.__new__(Session))
    for event in (environment.events.test_stopping, environment.events.quitting):
        event.fire(environment=environment)  # type: ignore[no-untyped-call]
    assert environment.process_exit_code == 0
    assert "worker-lost" not in capsys.readouterr().out


@pytest.mark.parametrize(("heard", "after"), [(True, 60.5), (False, None)], ids=["left alone", "before any master"])
def test_a_worker_that_is_left_alone_is_lost(
    after: float | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, heard: bool
) -> None:
    """As one that joined late, or has just removed its people: its master died, and its end is no good one."""
    from loadtests.conductor import membership  # noqa: PLC0415

    now, watch, quits = [1000.0], membership.Membership._watch, list[float]()

    def sleep(seconds: float) -> None:
        now[0] += seconds
        if now[0] > 1600:
            raise gevent.GreenletExit

    monkeypatch.setattr(membership, "time", SimpleNamespace(monotonic=lambda: now[0]))
    environment, worker = joined(monkeypatch)
    monkeypatch.setattr(gevent, "sleep", sleep)
    monkeypatch.setattr(worker, "_quit", lambda: quits.append(now[0] - 1000))
    if heard:
        environment.events.heartbeat_received.fire(client_id="w", timestamp=0.0)  # type: ignore[no-untyped-call]
    with contextlib.suppress(gevent.GreenletExit):
        watch(worker)
    assert quits == ([after] if after else [])
    assert environment.process_exit_code == (Cause.WORKER_LOST.code if heard else 0)
    assert capsys.readouterr().out.count("worker-lost") == heard


def test_a_clock_that_is_set_forward_is_no_silence_of_the_master(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locust ends a worker that heard its master last an hour ago, by a clock that may be set."""
    from locust.runners import WorkerRunner  # noqa: PLC0415

    environment, _ = joined(monkeypatch)
    quits: list[bool] = []
    runner = environment.runner
    assert isinstance(runner, WorkerRunner)
    monkeypatch.setattr(runner, "quit", lambda: quits.append(True))
    runner.last_heartbeat_timestamp = time.time() - 3600
    environment.events.heartbeat_received.fire(client_id="w", timestamp=0.0)  # type: ignore[no-untyped-call]
    checks = gevent.spawn(runner.heartbeat_timeout_checker)
    checks.join(1.5)
    checks.kill()
    assert quits == []


@pytest.mark.parametrize("ordered", [True, False], ids=["the master ends the run", "nobody else does"])
@pytest.mark.parametrize("how", ["stopped", "Ctrl-C"])
def test_a_worker_that_is_ended_in_a_run_goes_when_its_people_are_removed(
    how: str, monkeypatch: pytest.MonkeyPatch, *, ordered: bool
) -> None:
    """By the master's letter, if there is one in time, which may come with the signal; else on its own account."""
    from loadtests.conductor import membership  # noqa: PLC0415

    environment, worker = joined(monkeypatch)
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


def joined(monkeypatch: pytest.MonkeyPatch) -> "tuple[Environment, Membership]":
    """A worker that is ready for a master."""
    from locust.env import Environment  # noqa: PLC0415
    from locust.runners import WorkerRunner  # noqa: PLC0415

    from loadtests.conductor import membership  # noqa: PLC0415
    from loadtests.conductor.post import Post  # noqa: PLC0415

    runner = object.__new__(WorkerRunner)
    runner.greenlet = Group()
    runner.custom_messages = {}
    runner.last_heartbeat_timestamp = None
    environment = Environment()
    environment.runner = runner
    monkeypatch.setattr(membership, "on_signals", lambda *_: None)
    monkeypatch.setattr(membership.Membership, "_watch", lambda _: None)
    monkeypatch.setattr(membership, "open_session", lambda *_: None)
    worker = membership.Membership(environment, Post(runner))
    worker.join()
    return environment, worker
