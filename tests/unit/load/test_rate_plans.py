"""What the engine is told of the rates of one process: how much of them, in whose name, and for how long."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from loadtests.arrivals import offsets
from loadtests.client.timeouts import Timeouts
from loadtests.failure import Failure
from loadtests.profiles.model import OperationRate
from loadtests.profiles.phases import steady
from tests.unit.load.rating import OPERATION, apart, begun, rated

if TYPE_CHECKING:
    from loadtests.session import Session

KEYS = OperationRate(OPERATION, (steady(60, 240),))
NOBODY = "http://127.0.0.1:1"


@pytest.fixture
def made() -> Session:
    return rated(KEYS, api=NOBODY)


def test_each_process_has_its_share_of_a_rate(made: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three processes each sends a third of the requests, others than those of the other two."""
    rates = begun(made, monkeypatch)
    rates.stop(0)
    made.share, made.of = 1, 3
    plan = rates._plan(KEYS, 9_000)
    assert plan.arrivals is not None
    assert list(plan.arrivals) == list(offsets(made.profile, KEYS, 1, 3))
    assert (plan.connections, plan.warm) == (80 * Timeouts().read, 80 * 0.05)


def test_what_rates_ask_may_be_sent_again(made: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of a connection that had rested may have crossed it, and then nothing has failed."""
    rates = begun(made, monkeypatch)
    rates.stop(0)
    assert rates._plan(KEYS, 9).idempotent


def test_rates_ask_by_the_newest_tokens(made: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who kept the first ones would be refused as soon as those have expired."""
    pool = SimpleNamespace(people=(), tokens=(), told_by=0.0)
    made.pool = pool  # type: ignore[assignment]
    rates = begun(made, monkeypatch)
    rates.stop(0)
    for token in ("first", "second"):
        pool.tokens = (token,)
        rates.collect()
        assert f"\r\nAuthorization: Bearer {token}\r\n".encode() in apart(rates, "user-profile getOwnProfile").write()


def test_people_take_turns(made: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever connections they are asked on: no cache of one person's answers serves them all."""
    made.pool = SimpleNamespace(people=(), tokens=("a", "b"), told_by=0.0)  # type: ignore[assignment]
    rates = begun(made, monkeypatch)
    rates.stop(0)
    makes = rates._plan(OperationRate("user-profile getOwnProfile", (steady(1, 1),)), 9).apart
    assert makes is not None
    one, other = makes(), makes()
    sent = [talk.write().split(b"Bearer ")[1][:1] for talk in (one, one, other, one)]
    assert sent == [b"a", b"b", b"a", b"b"]


@pytest.mark.parametrize("operation", [OPERATION, "user-profile getOwnProfile"])
def test_each_request_of_a_rate_is_a_trace_of_its_own(
    made: Session, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    """Also where nobody has to say who asks; a connection knows the one that it was sent last."""
    made.pool = SimpleNamespace(people=(), tokens=("t",), told_by=0.0)  # type: ignore[assignment]
    rates = begun(made, monkeypatch)
    rates.stop(0)
    makes = rates._plan(OperationRate(operation, (steady(1, 1),)), 9).apart
    assert makes is not None
    one, other = makes(), makes()
    sent = [talk.write().split(b"\r\ntraceparent: 00-")[1].split(b"-")[0].decode() for talk in (one, one, other)]
    assert len(set(sent)) == 3
    assert [one.trace(), other.trace()] == sent[1:]


def test_people_who_were_told_something_have_it_in_their_lists(made: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list without what everybody of the pool was told by now has lost it."""
    made.pool = SimpleNamespace(people=(), tokens=(), told_by=0.0)  # type: ignore[assignment]
    rates = begun(made, monkeypatch)
    rates.stop(0)
    check = apart(rates, "notification listNotifications").check
    assert check is not None
    with pytest.raises(Failure, match="no items"):
        check(200, json.dumps({"items": [], "next_cursor": None}).encode())


def test_what_is_in_flight_has_as_long_as_the_run_gives_it(made: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """How slow an environment is, the engine does not know better."""
    rates = begun(made, monkeypatch)
    rates.stop(300)
    assert 290 < rates._engine._drain <= 300
