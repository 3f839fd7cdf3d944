"""Borrowed connections: how many there are, which are lent again, and how a transaction ends."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import ParamSpec

import asyncpg
import pytest

from fixtures.sandbox.services import pool
from fixtures.sandbox.services.database import Database
from fixtures.sandbox.services.patience import Patience

P = ParamSpec("P")


def in_a_loop(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """Run a test in an event loop of its own."""

    @wraps(test)
    def run(*args: P.args, **named: P.kwargs) -> None:
        async def whole() -> None:
            await test(*args, **named)

        asyncio.run(whole())

    return run


@dataclass(eq=False)
class Line:
    """A connection that notes what it is told."""

    told: list[str] = field(default_factory=list)
    closed: bool = False
    fails_at: str = ""
    error: type[BaseException] = TimeoutError

    def is_closed(self) -> bool:
        return self.closed

    def is_in_transaction(self) -> bool:
        return self.told[-1:] == ["begin"]

    def terminate(self) -> None:
        self.closed = True

    async def execute(self, sql: str) -> str:
        if sql == self.fails_at:
            raise self.error
        self.told.append(sql)
        return "UPDATE 3"

    async def fetchval(self, sql: str) -> str:
        return sql


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[Line]:
    """Return the connections that will have been opened."""
    opened: list[Line] = []

    async def connect(*_args: object, **_options: object) -> Line:
        await asyncio.sleep(0)
        opened.append(Line())
        return opened[-1]

    monkeypatch.setattr(asyncpg, "connect", connect)
    return opened


def database(factor: float = 1.0) -> Database:
    """Return a database that nobody has used yet."""
    return Database("postgresql://", "a service", Patience().scaled(factor))


@in_a_loop
async def test_connection_is_lent_again(lines: list[Line]) -> None:
    """One after the other are served by one connection."""
    one = database()
    assert await one.value("select 1") == "select 1"
    assert await one.execute("update") == 3
    assert len(lines) == 1


@in_a_loop
async def test_no_more_connections_than_the_pool_has_places(lines: list[Line]) -> None:
    """Who finds all connections lent waits for one to come back, and for a bounded time."""
    one = database(0.1)
    lent = [one.connection() for _ in range(pool.SIZE)]
    for each in lent:
        await each.__aenter__()
    with pytest.raises(TimeoutError):
        await one.value("select 1")
    waiting = asyncio.create_task(one.value("select 2"))
    await asyncio.sleep(0)
    await lent[0].__aexit__(None, None, None)
    assert await waiting == "select 2"
    assert len(lines) == pool.SIZE


@in_a_loop
async def test_closed_connection_is_not_lent(lines: list[Line]) -> None:
    """What the server has closed in the meantime is replaced."""
    one = database()
    await one.value("select 1")
    lines[0].closed = True
    await one.value("select 1")
    assert len(lines) == 2


@in_a_loop
async def test_place_of_a_connection_that_failed_is_free_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often the server cannot be reached, the next one tries."""
    tries = 0

    async def refuse(*_args: object, **_options: object) -> None:
        nonlocal tries
        tries += 1
        await asyncio.sleep(0)
        raise ConnectionRefusedError

    monkeypatch.setattr(asyncpg, "connect", refuse)
    one = database()
    for _ in range(pool.SIZE + 2):
        with pytest.raises(ConnectionRefusedError):
            await one.value("select 1")
    assert tries == pool.SIZE + 2


@in_a_loop
async def test_transaction_is_committed_at_its_end(lines: list[Line]) -> None:
    """What was done in a block is kept when the block ends."""
    one = database()
    async with one.transaction() as connection:
        await connection.execute("insert")
    assert lines[0].told == ["begin", "insert", "commit"]


@in_a_loop
async def test_transaction_is_rolled_back_by_an_exception(lines: list[Line]) -> None:
    """What was done in a block is undone when an exception ends it, and the connection is lent again."""
    one = database()
    with pytest.raises(ValueError, match="no"):
        async with one.transaction():
            raise ValueError("no")
    await one.value("select 1")
    assert lines[0].told == ["begin", "rollback"]
    assert len(lines) == 1


@pytest.mark.parametrize("error", [TimeoutError, asyncio.CancelledError])
@in_a_loop
async def test_connection_whose_statement_was_given_up_is_dropped(
    lines: list[Line], error: type[BaseException]
) -> None:
    """Nobody waits for a statement that somebody else has given up; the server rolls back what it was part of."""
    one = database()
    with pytest.raises(error):
        async with one.transaction():
            raise error
    assert lines[0].closed
    assert lines[0].told == ["begin"]
    await one.value("select 1")
    assert len(lines) == 2


@pytest.mark.parametrize("at", ["begin", "commit"])
@in_a_loop
async def test_connection_that_does_not_begin_or_commit_is_dropped(lines: list[Line], at: str) -> None:
    """A transaction that cannot begin or end says so, and leaves its place to another."""
    one = database()
    await one.value("select 1")
    lines[0].fails_at = at
    with pytest.raises(TimeoutError):
        async with one.transaction():
            pass
    assert lines[0].closed
    await one.value("select 1")
    assert len(lines) == 2


@in_a_loop
async def test_all_connections_are_dropped_at_the_end(lines: list[Line]) -> None:
    """Closing waits for nobody: what is lent is dropped, too."""
    one = database()
    async with one.connection():
        await one.value("select 1")
        one.close()
        assert [line.closed for line in lines] == [True, True]
