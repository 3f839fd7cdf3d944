"""The platform on which people are made, and a clock by which nobody waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures.checks.time_scale import forget_time_scale
from loadtests.people import pool
from tests.unit.clients.peer import web_server
from tests.unit.load.people.village import Clock, Village

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    made = Clock()
    monkeypatch.setattr(pool, "MONOTONIC", made)
    yield made
    forget_time_scale()


@pytest.fixture
def village() -> Village:
    return Village()


@pytest.fixture
def base(village: Village) -> Iterator[str]:
    with web_server(village) as address:
        yield address
