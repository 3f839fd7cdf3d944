"""What unit tests share."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

from fixtures.sandbox.tls import write_certificates
from tests.architecture.source import ROOT

# A machine that stands still for a second says nothing of what an example is about. Here, since suites, which do not
# have Hypothesis, begin at `tests/conftest.py`, too.
settings.register_profile("patient", deadline=None)
if not os.access(ROOT, os.W_OK):  # where a checkout is another's, no example is kept, and no warning is an error
    settings.register_profile("patient", settings.get_profile("patient"), database=None)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    write_certificates(folder)
    return folder
