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
def _signals_reach_children() -> Iterator[None]:
    """Give what a test starts the usual reaction to SIGINT and SIGHUP.

    A job in the background of a script ignores the one, what nohup starts the other, and so would every process below.
    A handler is not inherited by what is executed, whatever it does, and one that does nothing leaves the tests
    themselves as their starter wanted them.
    """
    ignored = [number for number in (signal.SIGINT, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, lambda *_: None)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.fixture(scope="session", autouse=True)
def _what_a_test_starts_is_no_worker() -> Iterator[None]:
    """Keep from it what xdist says of the process that the test itself is in: pytest would believe it."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PYTEST_XDIST_WORKER", "PYTEST_XDIST_WORKER_COUNT", "PYTEST_XDIST_TESTRUNUID"):
            patch.delenv(name, raising=False)
        yield
