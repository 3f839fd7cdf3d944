"""A town for each test, where every promise is kept or broken within hundredths of a second."""

from collections.abc import Iterator

import pytest

from fixtures.checks.time_scale import forget_time_scale, set_time_scale
from tests.unit.load.journeys.town import Town


@pytest.fixture(autouse=True)
def soon() -> Iterator[None]:
    set_time_scale(0.01)
    yield
    forget_time_scale()


@pytest.fixture
def town() -> Town:
    return Town()
