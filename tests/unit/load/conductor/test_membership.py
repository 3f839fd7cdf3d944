"""When a worker has no master any more, and what it ends with that Locust ends."""

import time
from types import SimpleNamespace

import pytest
from gevent.pool import Group

from loadtests.session import Session
from loadtests.soundness import Cause


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
    if part:
        worker._publish(object.__new__(Session))
    for event in (environment.events.test_stopping, environment.events.quitting):
        event.fire(environment=environment)  # type: ignore[no-untyped-call]
    assert environment.process_exit_code == code
    assert capsys.readouterr().out.count("worker-lost") == bool(code)
