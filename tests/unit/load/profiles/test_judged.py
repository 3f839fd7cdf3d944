"""What a profile's budget has to judge: whatever may fail and is in no other figure."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.environments.errors import ConfigurationErrors
from loadtests.journeys import JOURNEYS
from tests.unit.load.profiles.test_load import JUDGED, OPEN, load, mistakes

RATED = """
[[rates]]
operation = "chat getHealth"
phases = [{ for = "20 s", rate = "50 /s" }]
"""


def test_a_rate_that_no_line_of_its_own_judges_is_told(tmp_path: Path) -> None:
    """Whoever fails at once is quick, and one operation's failures may be few among all: a line on it must see them."""
    for judged in ("chat getHealth: errors <= guide", "each: errors <= guide", "chat getHealth: succeeded >= 99 %"):
        load(tmp_path / "own.toml", OPEN.replace("errors <= guide", f"errors <= guide\n{judged}", 1) + RATED)
    found = mistakes(
        tmp_path / "own.toml", OPEN.replace("errors <= guide", "errors <= guide\nchat getHealth: p99 <= 1 s", 1) + RATED
    )
    assert found == {
        "budget": ": judges no failure of 'chat getHealth', which is sent at a rate of its own; "
        "allowed: a line of errors or succeeded for each operation of [[rates]], by its name or by 'each'; "
        "did you mean chat getHealth: errors <= guide?"
    }


def test_the_only_operation_is_all_of_them(tmp_path: Path) -> None:
    """A line on all operations judges one that is alone, and not one of two."""
    alone = OPEN[: OPEN.index("[[phases]]")].replace(JUDGED, "*: errors <= guide") + RATED
    load(tmp_path / "own.toml", alone)
    two = alone + RATED.replace("chat", "auth")
    assert "getHealth', which is sent at a rate of its own" in mistakes(tmp_path / "own.toml", two)["budget"]


def test_a_journey_that_nothing_judges_is_told_with_the_line_that_does(tmp_path: Path) -> None:
    """What goes wrong between a journey's requests is in no other figure, so that silence would be GO."""
    found = mistakes(tmp_path / "own.toml", OPEN.replace("browsing: errors <= 5 %\n", ""))
    assert found == {
        "budget": ": judges no failure of the journey 'browsing', such as a welcome or a mail that never comes; "
        "allowed: a line of errors or succeeded for each journey of the mix; did you mean browsing: errors <= 10 %?"
    }
    load(tmp_path / "own.toml", OPEN.replace("browsing: errors <= 5 %", "browsing: errors <= 10 %"))


@pytest.mark.parametrize("subject", ["each", "*"])
def test_a_line_on_operations_of_a_profile_that_calls_none_is_told(subject: str, tmp_path: Path) -> None:
    """Who reads the budget believes that requests are judged, and there are only websockets."""
    file, line = tmp_path / "own.toml", f"{subject}: errors <= guide\n"
    budget = "*: rate >= 99 % of asked\nconnecting: errors <= 5 %\n"
    only = OPEN.partition("[mix]")[0].replace(JUDGED, budget) + "[mix]\nconnecting = 1\n"
    load(file, only)
    with pytest.raises(ConfigurationErrors) as told:
        load(file, only.replace(budget, line + budget))
    [mistake] = told.value.errors
    assert mistake.message == f"'{line.strip()}' asks nothing, since the profile calls no operation"
    assert mistake.allowed == "lines on connecting, connection"


TWICE = {"errors <= 5 %", "errors <= 1 %, proven from 3 min"}
"""What may not be asked twice of one subject."""
LINES = st.sampled_from([*sorted(TWICE), "succeeded >= 90 %", "p99 <= 2 s", "share over 1 s <= 5 %"])
ASKING = st.sampled_from([name for name, journey in JOURNEYS.items() if journey.operations])
"""Journeys that call operations."""


@given(
    st.sets(ASKING, min_size=1),
    st.dictionaries(ASKING, st.sets(LINES, min_size=1).filter(lambda c: len(c & TWICE) < 2)),
)
def test_each_journey_of_the_mix_needs_a_line_on_its_failures(mix: set[str], lines: dict[str, set[str]]) -> None:
    """Proven or only watched, as errors or their reverse; how long it takes is another question."""
    judged = {name for name, clauses in lines.items() if any("errors" in c or "succeeded" in c for c in clauses)}
    budget = "*: errors <= guide\n" + "".join(
        f"{name}: {clause}\n" for name in sorted(lines.keys() & mix) for clause in sorted(lines[name])
    )
    text = OPEN.partition("[mix]")[0].replace(JUDGED, f"\n{budget}") + "[mix]\n"
    text += "".join(f"{name} = 1\n" for name in sorted(mix))
    told: list[str] = []
    with TemporaryDirectory() as folder:
        file = Path(folder, "own.toml")
        try:
            load(file, text)
        except ConfigurationErrors as errors:
            told = [error.message for error in errors.errors]
    assert [name for name in sorted(mix) if any(f"the journey {name!r}" in message for message in told)] == sorted(
        mix - judged
    )
    assert len(told) == len(mix - judged)
