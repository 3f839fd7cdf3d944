"""What every test starts from, whoever started the tests."""

import signal
from collections.abc import Iterator

import pytest

SIMULATIONS = "tests/unit/statistics/"
"""Tests that take a processor for a minute and more."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with simulations, beside which others wait: behind all others they would be alone, one after the other."""
    items.sort(key=lambda item: not item.nodeid.startswith(SIMULATIONS))


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_reaches_children() -> Iterator[None]:
    """Give what a test starts the usual reaction to SIGINT.

    A job in the background of a script ignores it, and so would every process below. A handler is not inherited by what
    is executed, whatever it does, and one that does nothing leaves the tests themselves as their starter wanted them.
    """
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        yield
        return
    signal.signal(signal.SIGINT, lambda *_: None)
    yield
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@pytest.fixture(scope="session", autouse=True)
def _what_a_test_starts_is_no_worker() -> Iterator[None]:
    """Keep from it what xdist says of the process that the test itself is in: pytest would believe it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID"):
            patch.delenv(name, raising=False)
        yield
