"""How connections of a plan are opened."""

import asyncio

import pytest

from fixtures.http1.target import Target
from loadtests.client.timeouts import Timeouts
from loadtests.counts import Counts
from loadtests.engine.connection import Connection
from loadtests.engine.driver import Driver
from loadtests.engine.native import new_lock
from loadtests.engine.plan import Plan
from loadtests.engine.recording import Ledger, Recorder
from loadtests.engine.watch import Watch


class Opening(Driver):
    """Opens what it is given, or fails by it."""

    outcome: Connection | OSError

    async def _open(self) -> Connection:
        await asyncio.sleep(0)
        if isinstance(self.outcome, OSError):
            raise self.outcome
        return self.outcome


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

        def hears(_what: object) -> None:
            seen.append(driver.opening)
            heard.set()

        driver.connect(hears, hears)
        seen.append(driver.opening)
        async with asyncio.timeout(10):
            await heard.wait()
        return seen

    assert asyncio.run(opening()) == [1, 0]
