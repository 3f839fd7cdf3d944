"""Connections that are closed in the end."""

from collections.abc import Iterator

import pytest

from fixtures.http1.connections import Connections

LARGEST = 1_000_000


@pytest.fixture
def connections() -> Iterator[Connections]:
    ours = Connections(LARGEST)
    yield ours
    ours.close()
