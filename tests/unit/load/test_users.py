"""Users of Locust: each begins its work with the run, or not at all."""

import math
import random
from argparse import Namespace
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.session import Session, open_session, part
from loadtests.sockets import idle
from loadtests.sockets.room import NoRoomError
from tests.unit.load.working import session


@dataclass
class Work:
    stopped: list[float] = field(default_factory=list)

    def collect(self) -> None: ...

    def stop(self, drain: float) -> int:
        self.stopped.append(drain)
        return 0


class Following:
    """A user whose work takes a while to begin, or fails to."""

    def __init__(self, users: Any, told: Session, takes: float = 0.0, *, fails: str = "") -> None:  # noqa: ANN401
        from locust.env import Environment  # noqa: PLC0415

        begun: list[Work] = []

        class Worker(users._WithTheRun):  # type: ignore[misc]
            def work(self, _: Session) -> Work:
                if fails:
                    raise OSError(fails)
                begun.append(Work())
                gevent.sleep(takes)
                return begun[-1]

        environment = Environment()
        open_session(environment, told)
        self.begun = begun
        self.greenlet = gevent.spawn(Worker(environment).follow)


@pytest.fixture
def users(monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401
    # Locust would patch this whole process.
    monkeypatch.setenv("LOCUST_SKIP_MONKEY_PATCH", "1")
    from loadtests import users as module  # noqa: PLC0415

    return module


def test_work_begins_with_the_run_and_is_the_sessions(users: Any) -> None:  # noqa: ANN401
    """The session stops it."""
    told = session()
    following = Following(users, told)
    gevent.sleep(0.1)
    assert told.works == following.begun
    assert [work.stopped for work in following.begun] == [[]]
    following.greenlet.kill()


def test_work_that_cannot_begin_is_told_once(users: Any) -> None:  # noqa: ANN401
    """Locust has a user try again until the run is ended, and finds about the same reason."""
    told = session()
    for missing in ("310", "311"):
        with pytest.raises(OSError, match=missing):
            Following(users, told, fails=missing).greenlet.get()
    assert told.trouble == ["Worker: 310"]


@pytest.mark.parametrize(("over", "begins"), [(True, 0.0), (False, math.inf)], ids=["over", "not told of"])
def test_no_work_begins_in_a_run_that_is_none(users: Any, begins: float, *, over: bool) -> None:  # noqa: ANN401
    """Its end may come before a user has looked whether it began, and a user before the leader says when it does."""
    told = session()
    told.over, told.begins = over, told.begins + begins
    following = Following(users, told)
    gevent.sleep(0.1)
    assert (following.begun, told.works) == ([], [])
    following.greenlet.kill()


def test_work_that_begins_while_the_run_ends_is_stopped_at_once(users: Any) -> None:  # noqa: ANN401
    """The end knows nothing of it yet, and an engine would send until its schedule is over."""
    told = session()
    following = Following(users, told, takes=0.1)
    gevent.sleep(0.05)
    told.over = True
    gevent.sleep(0.1)
    assert [work.stopped for work in following.begun] == [[0.0]]
    assert told.works == []
    following.greenlet.kill()


@pytest.mark.parametrize(("processes", "of", "counted"), [(2, 2, 1000), (2, 4, 500), (None, 2, 500)])
def test_processes_that_share_a_machine_share_its_ports(
    processes: int | None,
    of: int,
    counted: int,
    users: Any,  # noqa: ANN401
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each alone would find room; a worker that was started by itself is taken to be alone on its machine."""
    from locust.env import Environment  # noqa: PLC0415

    def full(_: object, count: int) -> tuple[str, ...]:
        raise NoRoomError(f"no room for {count}")

    monkeypatch.setattr(idle, "sources", full)
    told = session()
    told.of, told.profile = of, replace(told.profile, connections=1000)
    told.platform = replace(told.platform, api="https://127.0.0.1:1")
    told.pool = SimpleNamespace(people=[], talked=None, tokens=(), good_until=())  # type: ignore[assignment]
    environment = Environment(parsed_options=Namespace(processes=processes))
    open_session(environment, told)
    with pytest.raises(NoRoomError):
        users.IdleConnections(environment).follow()
    assert told.trouble == [f"IdleConnections: no room for {counted}"]


def test_no_two_people_who_never_stop_draw_the_same(users: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401
    """Neither those of one process nor those of two, or all would do the same at the same time."""
    from locust.env import Environment  # noqa: PLC0415

    class Rounds(Work):
        def __init__(self, _session: Session, _people: object, _journeys: object, chance: random.Random) -> None:
            super().__init__()
            self.draws = chance.random()

        def begin(self) -> None: ...

    monkeypatch.setattr(users, "Rounds", Rounds)
    drawn = []
    for share in range(2):
        told = session()
        told.share, told.pool = share, SimpleNamespace()  # type: ignore[assignment]
        told.works.append(Work())
        for _ in range(2):
            told.works.append(users.ClosedVisitor(Environment()).work(told))
            drawn.append(told.works[-1].draws)  # type: ignore[attr-defined]
    assert len({*drawn}) == 4


@given(st.integers(1, 20), st.integers(0, 1000))
def test_users_are_shared_evenly(of: int, number: int) -> None:
    """All processes together have all, and none has two more than another."""
    parts = [part(number, share, of) for share in range(of)]
    assert sum(parts) == number
    assert max(parts) - min(parts) <= 1
