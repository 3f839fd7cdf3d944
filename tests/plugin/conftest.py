import pytest

from tests.plugin.verdicts import REPOSITORY, Suite


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Suite:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    for name in ("VERIFY_RUN_FOLDER", "CI", "BUILD_NUMBER"):  # where pytest sees one of the last it says more
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # half of each process's start is plugins unused here
    pytester.makeini("[pytest]\naddopts = --import-mode=importlib\nmarkers =\n  smoke: s\n  guide: g\n")
    return Suite(pytester)
