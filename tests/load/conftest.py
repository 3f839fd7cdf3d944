"""A sandbox with all its services, shared by the tests that leave it as they found it, and a stage for each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures.sandbox import Sandbox
from tests.load.processes import Stage, stage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.start() as sandbox:
        yield sandbox


@pytest.fixture
def staged(tmp_path: Path) -> Iterator[Stage]:
    with stage(tmp_path) as made:
        yield made
