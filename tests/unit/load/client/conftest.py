"""A visitor who leaves in the end, and certificates."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.sandbox.tls import write_certificates
from tests.unit.load.client.visitor import Visitor


@pytest.fixture
def visitor() -> Iterator[Visitor]:
    one = Visitor()
    yield one
    one.leaves()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    write_certificates(folder)
    return folder
