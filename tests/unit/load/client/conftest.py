"""A visitor who leaves in the end."""

from collections.abc import Iterator

import pytest

from tests.unit.load.client.visitor import Visitor


@pytest.fixture
def visitor() -> Iterator[Visitor]:
    one = Visitor()
    yield one
    one.leaves()
