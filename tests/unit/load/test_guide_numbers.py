"""The guide's numbers in a budget."""

import pytest

from fixtures.guide import load_guide
from fixtures.guide.alerts import Threshold
from fixtures.guide.model import Guide
from loadtests.budgets.guide import numbers
from tests.unit.load.judged import GUIDE


def without(**changes: object) -> Guide:
    """The guide with its threshold alerts changed."""
    guide = load_guide()
    alerts = tuple(
        alert.model_copy(update=changes) if isinstance(alert, Threshold) else alert for alert in guide.alerts
    )
    return guide.model_copy(update={"alerts": alerts})


def test_they_are_those_of_the_guide() -> None:
    """More than 1 s for more than 5 %, errors above 1 %, 99.9 % available."""
    assert numbers(load_guide()) == GUIDE


@pytest.mark.parametrize("changes", [{"name": "other"}, {"unit": "hours"}, {"of_requests_percent": None}])
def test_a_guide_that_does_not_say_is_refused(changes: dict[str, object]) -> None:
    """No number is made up where the guide has none."""
    with pytest.raises(LookupError, match="the guide"):
        numbers(without(**changes))
