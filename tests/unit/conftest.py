"""What unit tests of clients share."""

from pathlib import Path

import pytest

from fixtures.sandbox.tls import write_certificates


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    write_certificates(folder)
    return folder
