"""The order in which checks are dealt to the workers."""

from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fixtures.clients.plugin import pytest_collection_modifyitems


def _item(name: int, *, waits: bool) -> Any:  # noqa: ANN401  # as little of an item as is asked for
    return SimpleNamespace(name=name, waits=waits, get_closest_marker=lambda mark: waits and mark == "waits")


@given(st.lists(st.booleans()))
def test_checks_that_wait_come_first_and_none_is_lost(kinds: list[bool]) -> None:
    """Every check is dealt once, those that wait before the others, and never two together while there are others."""
    items = [_item(number, waits=waits) for number, waits in enumerate(kinds)]
    dealt = list(items)
    pytest_collection_modifyitems(dealt)
    assert sorted(item.name for item in dealt) == list(range(len(items)))
    waiting, others = kinds.count(True), kinds.count(False)
    paired = min(waiting, others)
    if waiting:
        assert [item.waits for item in dealt[: 2 * paired]] == [True, False] * paired
