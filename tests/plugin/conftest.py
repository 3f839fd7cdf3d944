import pytest

from tests.plugin.verdicts import REPOSITORY, Suite


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Suite:
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    monkeypatch.delenv("VERIFY_RUN_FOLDER", raising=False)
    pytester.makeini("[pytest]\naddopts = --import-mode=importlib\nmarkers =\n  smoke: s\n  guide: g\n")
    return Suite(pytester)
