"""What tests of websockets share."""

import pytest

from tests.unit.load.sockets.events import Events


@pytest.fixture
def events() -> Events:
    return Events()
