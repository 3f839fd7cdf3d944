"""Reads one profile file into its form, and collects everything that is wrong with it, key by key."""

from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from fixtures.environments.reading import Reading, closest
from loadtests.profiles.form import Form, keys
from loadtests.profiles.quantities import Mistake


def read(file: Path) -> Reading[Form]:
    """Read `file`; never raises for anything that is wrong with it."""
    reading: Reading[Form] = Reading(file)
    if reading.opens():
        try:
            reading.form = Form.model_validate(reading.raw)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                _note(reading, detail)
    return reading


def _note(reading: Reading[Form], detail: ErrorDetails) -> None:
    """Translate one of pydantic's findings."""
    place = [step for step in detail["loc"] if step != "[key]"]
    key = dotted(*place)
    last = str(place[-1])
    if detail["type"] in {"extra_forbidden", "missing"}:
        known = keys(".".join(step for step in place[:-1] if isinstance(step, str)))
        if detail["type"] == "missing":
            reading.wrong(key, "is missing", known[last])
        else:
            reading.wrong(key, "unknown key", ", ".join(sorted(known)), closest(last, known))
        return
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, Mistake):
        reading.wrong(key, str(cause), cause.allowed, cause.suggestion)
        return
    what = "a list" if detail["type"] == "list_type" else "a table"
    reading.wrong(key, f"{detail['input']!r} is not {what}", what)


def dotted(*steps: int | str) -> str:
    """The key in one piece: `phases[0].rate`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps).removeprefix(".")
