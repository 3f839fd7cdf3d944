"""The order in which checks are dealt to the workers."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.clients.plugin import BETWEEN, pytest_collection_modifyitems


class _Item:
    """As little of an item as is asked for; `seconds` that it waits, None for one that has something to do."""

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds

    def get_closest_marker(self, name: str) -> Any:  # noqa: ANN401  # as little of a mark
        return None if self.seconds is None or name != "waits" else SimpleNamespace(args=(self.seconds,))


_ITEMS = st.lists(st.one_of(st.none(), st.floats(0, 60)), max_size=60).map(
    lambda kinds: [_Item(kind) for kind in kinds]
)


def _dealt(items: list[_Item]) -> list[_Item]:
    dealt: list[Any] = list(items)
    pytest_collection_modifyitems(dealt)
    return dealt


@given(_ITEMS)
def test_none_is_lost_and_those_at_work_keep_their_order(items: list[_Item]) -> None:
    """Every check is dealt once, and those that do not wait in the order in which they were collected."""
    dealt = _dealt(items)
    assert sorted(map(id, dealt)) == sorted(map(id, items))
    assert [item for item in dealt if item.seconds is None] == [item for item in items if item.seconds is None]


@given(_ITEMS)
def test_those_that_wait_come_early_and_the_longest_first(items: list[_Item]) -> None:
    """Those that wait are dealt longest first, with the same number of others between each two while there are any."""
    dealt = _dealt(items)
    waits = [item.seconds for item in dealt if item.seconds is not None]
    others = len(dealt) - len(waits)
    assert waits == sorted(waits, reverse=True)
    places = [place for place, item in enumerate(dealt) if item.seconds is not None]
    assert places == [turn + min(turn * BETWEEN, others) for turn in range(len(waits))]


def test_a_mark_without_seconds_is_a_mistake_that_is_named() -> None:
    """Whoever forgets for how long a check waits is told which check, and what to write."""
    bare: Any = SimpleNamespace(nodeid="suites/a.py::test_b", get_closest_marker=lambda _: SimpleNamespace(args=()))
    with pytest.raises(pytest.UsageError, match=r"suites/a.py::test_b: .* write for example `waits\(2\)`"):
        pytest_collection_modifyitems([bare])
