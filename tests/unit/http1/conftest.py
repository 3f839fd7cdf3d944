"""Connections that are closed in the end, and certificates."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from fixtures.http1.connections import Connections
from fixtures.sandbox.tls import write_certificates

LARGEST = 1_000_000


@pytest.fixture
def connections() -> Iterator[Connections]:
    ours = Connections(LARGEST)
    yield ours
    ours.close()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    write_certificates(folder)
    return folder
