"""How connections of a plan are opened."""

import asyncio
import gc
import time
from collections.abc import Callable
from functools import cached_property
from unittest.mock import MagicMock

import pytest

from fixtures.http1.target import Target
from loadtests.client.timeouts import Timeouts
from loadtests.counts import Counts
from loadtests.engine.arriving import OpenArrivals
from loadtests.engine.connection import Connection
from loadtests.engine.driver import Driver
from loadtests.engine.plan import Plan
from loadtests.engine.reaching import Reaching
from loadtests.engine.recording import Ledger, Recorder
from loadtests.engine.watch import Watch
from loadtests.engine.wire import Wire
from loadtests.native import new_lock


class Opening(Driver):
    """Opens what it is given, or fails by it."""

    outcome: Connection | OSError

    async def _open(self) -> Connection:
        await asyncio.sleep(0)
        if isinstance(self.outcome, OSError):
            raise self.outcome
        return self.outcome


class Asked(OpenArrivals):
    """Notes what it would open."""

    asked = 0

    @property
    def opening(self) -> int:
        return self.asked

    def connect(self, *_told: object) -> None:
        self.asked += 1


@pytest.mark.parametrize(("are_open", "may_open"), [(0, 32), (10, 32), (200, 200), (900, 100)])
def test_as_many_are_opened_at_one_time_as_are_open(are_open: int, may_open: int) -> None:
    """The more there are the more may come: a steady rate would else wait for seconds, and for this process."""
    plan, recorder = Plan("told", b"", connections=1000), Recorder("told", Ledger(Counts(), new_lock()))
    watch = Watch(lambda _: None, "told")
    driver = Asked(Target.of("http://127.0.0.1:1", None), plan, Timeouts(), recorder, watch)

    async def waits() -> None:
        driver.connections = {Connection(plan, 1, recorder, watch, driver) for _ in range(are_open)}
        for _ in range(500):
            driver._take_up(0.0, 0.0)

    asyncio.run(waits())
    assert driver.asked == may_open
    assert driver.full == 0


def test_as_many_are_opened_at_one_time_as_a_second_has_brought() -> None:
    """Where each answer ends its connection few are open, and a target far away would wait for this process."""
    recorder, watch = Recorder("told", Ledger(Counts(), new_lock())), Watch(lambda _: None, "told")
    driver = Asked(
        Target.of("http://127.0.0.1:1", None), Plan("told", b"", connections=1000), Timeouts(), recorder, watch
    )
    for now, opened, may_open in ((0.0, 0, 32), (1.0, 300, 300), (1.9, 400, 300), (2.0, 400, 100)):
        driver.asked, driver.opened = 0, opened
        driver.inspect(now)
        for _ in range(500):
            driver._take_up(now, now)
        assert driver.asked == may_open


def test_what_came_to_nothing_before_the_run_is_counted_when_it_has_begun() -> None:
    """Sooner it would be in a second that the run does not have; it counts once, by what it took."""
    recorder, watch = Recorder("told", Ledger(Counts(), new_lock())), Watch(lambda _: None, "told")
    driver = Asked(Target.of("http://127.0.0.1:1", None), Plan("told", b""), Timeouts(), recorder, watch)
    driver.unneeded("refused", 0.25)

    async def begins() -> None:
        driver.begin(10.0)

    told = []
    for now in (9.8, 9.9, 10.0, 10.1):
        driver.inspect(now)
        told.append(list(recorder._causes))
        if now == 9.8:
            asyncio.run(begins())
    assert told == [[], [], ["refused"], ["refused"]]
    assert recorder._latencies == [0.25]


def test_a_turn_is_missed_since_the_request_was_sent() -> None:
    """That it had waited for a connection before makes no round longer, and opens no more of them."""
    recorder, watch = Recorder("told", Ledger(Counts(), new_lock())), Watch(lambda _: None, "told")
    plan = Plan("told", b"", connections=1000)
    driver = Asked(Target.of("http://127.0.0.1:1", None), plan, Timeouts(), recorder, watch)

    async def made() -> Wire:
        driver.connections = {Connection(plan, 1, recorder, watch, driver) for _ in range(100)}
        return next(iter(driver.connections))

    driver._round, missing = 40, asyncio.run(made())
    driver.inspect(9.0)
    driver._asked = 1050
    missing.round, missing.since, missing.sent = 1, 0.0, 9.9
    driver.freed(missing, 10.0)
    driver.inspect(10.0)
    assert 0 < driver.asked <= 5


def test_a_connection_that_ended_as_it_was_opened_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer may take it and end it in one turn of the event loop; nothing is asked on it, and it failed by a reset."""
    recorder, watch = Recorder("told", Ledger(Counts(), new_lock())), Watch(lambda _: None, "told")
    driver = OpenArrivals(Target.of("http://127.0.0.1:1", None), Plan("told", b""), Timeouts(), recorder, watch)

    async def connect(_self: Reaching, make: Callable[[], asyncio.Protocol]) -> None:
        connection = make()
        connection.connection_made(MagicMock(asyncio.Transport))
        connection.connection_lost(None)

    monkeypatch.setattr(Reaching, "connect", connect)
    asyncio.run(driver.warm(1))
    assert ([cause for cause, _ in driver.unused], driver.opened, driver.connections) == (["reset"], 0, set())


def test_who_gives_up_opening_a_connection_closes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A target that takes connections and goes no further would else have more and more of ours to hold."""
    recorder, watch = Recorder("told", Ledger(Counts(), new_lock())), Watch(lambda _: None, "told")
    origin, transport = Target.of("http://127.0.0.1:1", None), MagicMock(asyncio.Transport)
    driver = OpenArrivals(origin, Plan("told", b""), Timeouts(connect=0.01), recorder, watch)

    made: list[Connection] = []

    async def connect(_self: Reaching, make: Callable[[], Connection]) -> None:
        made.append(make())
        made[0]._transport = transport  # and no more: over TLS there are hands to be shaken first
        await asyncio.sleep(60)

    monkeypatch.setattr(Reaching, "connect", connect)
    asyncio.run(driver.warm(1))
    assert [cause for cause, _ in driver.unused] == ["time-out connecting"]
    assert transport.abort.called
    assert made[0].ready.cancelled(), "or its end would be an error that nobody asked for"


def test_what_was_wrong_with_a_connection_that_is_given_up_breaks_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be refused in the turn of the event loop in which the time to open it is over."""
    recorder, watch = Recorder("told", Ledger(Counts(), new_lock())), Watch(lambda _: None, "told")
    driver = OpenArrivals(Target.of("http://127.0.0.1:1", None), Plan("told", b""), Timeouts(), recorder, watch)
    broken: list[object] = []

    async def connect(_self: Reaching, make: Callable[[], Connection]) -> None:
        make().ready.set_exception(ConnectionResetError())
        raise TimeoutError

    async def warms() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: broken.append(context))
        await driver.warm(1)
        gc.collect()

    monkeypatch.setattr(Reaching, "connect", connect)
    asyncio.run(warms())
    assert [cause for cause, _ in driver.unused] == ["time-out connecting"]
    assert broken == []


def test_the_first_arrival_is_drawn_before_the_schedule_begins() -> None:
    """It takes long where arrivals are random, and a dozen schedules that began with that would all be late."""
    recorder, watch = Recorder("told", Ledger(Counts(), new_lock())), Watch(lambda _: None, "told")
    offsets = iter([1.0, 2.0, 3.0])
    plan = Plan("told", b"", arrivals=offsets)
    driver = OpenArrivals(Target.of("http://127.0.0.1:1", None), plan, Timeouts(), recorder, watch)
    assert next(offsets) == 2.0
    driver._next()
    assert driver._due == 1.0
    driver._next()
    assert driver._due == 3.0


def test_nothing_is_said_over_a_connection_that_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The event loop has closed it, maybe, and its descriptor is that of another by now."""
    recorder, watch = Recorder("told", Ledger(Counts(), new_lock())), Watch(lambda _: None, "told")
    driver = OpenArrivals(Target.of("http://127.0.0.1:1", None), Plan("told", b""), Timeouts(), recorder, watch)
    usable: list[bool] = []

    async def connect(_self: Reaching, make: Callable[[], Connection]) -> None:
        made = make()
        made.connection_made(MagicMock(asyncio.Transport))
        usable.append(made.usable)
        raise TimeoutError

    monkeypatch.setattr(Reaching, "connect", connect)
    monkeypatch.setattr(Connection, "close", lambda self: usable.append(self.usable))
    asyncio.run(driver.warm(1))
    assert usable == [True, False]


def test_a_connection_is_as_old_as_the_try_to_open_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ends before its first use has cost the time that it took to open it, too."""
    recorder, watch = Recorder("told", Ledger(Counts(), new_lock())), Watch(lambda _: None, "told")
    driver = OpenArrivals(Target.of("http://127.0.0.1:1", None), Plan("told", b""), Timeouts(), recorder, watch)
    opening: list[float] = []

    async def connect(_self: Reaching, make: Callable[[], Connection]) -> None:
        opening.append(time.perf_counter())
        make().connection_made(MagicMock(asyncio.Transport))

    monkeypatch.setattr(Reaching, "connect", connect)
    asyncio.run(driver.warm(1))
    [connection] = driver.connections
    assert connection.since <= opening[0]


@pytest.mark.parametrize("over", [False, True])
def test_what_ends_unused_when_all_is_over_has_not_failed(*, over: bool) -> None:
    """Nobody needs it any more; before, it is a reset like any other."""
    recorder, watch = Recorder("told", Ledger(Counts(), new_lock())), Watch(lambda _: None, "told")
    plan = Plan("told", b"")
    driver = Asked(Target.of("http://127.0.0.1:1", None), plan, Timeouts(), recorder, watch)

    async def ends() -> None:
        connection = Connection(plan, 1, recorder, watch, driver)
        connection.since = time.perf_counter()
        driver.connections.add(connection)
        if over:
            driver.end()
        driver.lost(connection)

    asyncio.run(ends())
    assert [cause for cause, _ in driver.unused] == ([] if over else ["reset"])


@pytest.mark.parametrize("opens", [True, False])
def test_what_has_been_opened_or_refused_is_not_being_opened(*, opens: bool) -> None:
    """Who hears of it may open another at once, and nobody who comes then waits for one that is over."""

    async def opening() -> list[int]:
        plan, recorder = Plan(subject="told", request=b""), Recorder("told", Ledger(Counts(), new_lock()))
        driver = Opening(
            Target.of("http://127.0.0.1:1", None), plan, Timeouts(), recorder, Watch(lambda _: None, "told")
        )
        driver.outcome = (
            Connection(plan, 1, recorder, Watch(lambda _: None, "told"), driver)
            if opens
            else ConnectionRefusedError(111, "no")
        )
        seen: list[int] = []
        heard = asyncio.Event()

        def hears(*_what: object) -> None:
            seen.append(driver.opening)
            heard.set()

        driver.connect(hears, hears)
        seen.append(driver.opening)
        async with asyncio.timeout(10):
            await heard.wait()
        return seen

    assert asyncio.run(opening()) == [1, 0]


def test_one_opening_that_hangs_holds_up_no_other_when_warming_up() -> None:
    """As many are opened at one time as may be, and whoever is open lets the next begin."""

    async def warms() -> tuple[int, int]:
        plan, recorder = Plan("told", b""), Recorder("told", Ledger(Counts(), new_lock()))
        driver = Hanging(Target.of("http://127.0.0.1:1", None), plan, Timeouts(), recorder, Watch(lambda _: None, "t"))
        warming = asyncio.get_running_loop().create_task(driver.warm(100))
        async with asyncio.timeout(10):
            await driver.all_begun.wait()
        warming.cancel()
        return driver.begun, driver.most

    assert asyncio.run(warms()) == (100, 32)


class Hanging(Driver):
    """Opens all but the first, and notes how many are opened at one time."""

    begun = most = under_way = 0

    @cached_property
    def all_begun(self) -> asyncio.Event:
        return asyncio.Event()

    async def _open(self) -> Connection:
        self.begun += 1
        if self.begun == 100:
            self.all_begun.set()
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(60 if self.begun == 1 else 0)
        self.under_way -= 1
        return Connection(self.plan, 1, self.recorder, self._watch, self)
