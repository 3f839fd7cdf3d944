"""A member that a test tells what to do."""

from pathlib import Path

import pytest

from tests.unit.load.conductor.correspondent import Told


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(tmp_path)
