"""Everything that is wrong with a profile is told at once: one mistake hides no other, and is none twice."""

from pathlib import Path

import pytest

from fixtures.environments.errors import ConfigurationErrors
from tests.unit.load.profiles.test_load import OPEN, load

GLOBAL = "*: errors <= guide"
OF_BROWSING = "browsing: errors <= 5 %"


def told(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "own.toml"
    with pytest.raises(ConfigurationErrors) as caught:
        load(file, text)
    return [str(error).removeprefix(f"{file}: ") for error in caught.value.errors]


def test_a_line_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    """Nor a line on what the profile never does, nor one that is missing."""
    text = OPEN.replace(GLOBAL, "*: errors <= 1 percent").replace(OF_BROWSING, "auth getKeySet: errors <= 1 %")
    never, missing, unread = told(tmp_path, text)
    assert unread == "budget, line 6, column 16: expected %, got percent; allowed: %; did you mean %?"
    assert "which the profile never does" in never
    assert "judges no failure of the journey 'browsing'" in missing


@pytest.mark.parametrize("line", ["browsing: errors <= 5 percent", "browsin: errors <= 5 %", "browsing errors <= 5 %"])
def test_a_line_that_cannot_be_read_is_not_told_as_missing(tmp_path: Path, line: str) -> None:
    """Whoever mends it has the line on the journey's failures."""
    [only] = told(tmp_path, OPEN.replace(OF_BROWSING, line))
    assert only.startswith("budget, line 7, column ")


def test_mistakes_come_in_the_order_of_their_lines(tmp_path: Path) -> None:
    """The tenth line comes after the sixth."""
    text = OPEN.replace(GLOBAL, "\n".join([GLOBAL, *["*: errors"] * 6]))
    lines = [int(error.split("line ")[1].split(",")[0]) for error in told(tmp_path, text)]
    assert lines == [7, 8, 9, 10, 11, 12]


def test_an_empty_file_lacks_everything(tmp_path: Path) -> None:
    """Every key that has to be there is named, as for a file that has one of them."""
    assert [error.partition(":")[0] for error in told(tmp_path, "")] == ["arrivals", "budget", "mix", "summary"]
