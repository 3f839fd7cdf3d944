"""The form of a profile file, as smoke.toml documents it: which keys, of which type, in which units.

Only the form is judged here, key by key; what keys mean together is judged in `load`. The description of a field is
what messages call allowed where the key is missing.
"""

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from fixtures.environments.reading import closest
from loadtests.profiles.quantities import DURATION, RATE, SHARE, Mistake, Whole, level

ARRIVALS: Final = ("constant", "poisson", "closed")
MOST: Final = 1_000_000
"""Of whatever is counted: people, users, connections, weights."""
_COUNTED: Final = Whole(1, MOST)
PEOPLE: Final = Whole(2, MOST)
_SEED: Final = Whole(0, 2**63 - 1)
_TEXT: Final = "text"


def _words(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Mistake(f"{value!r} says nothing", _TEXT)
    return value


def _arriving(value: object) -> str:
    if value not in ARRIVALS:
        raise Mistake(f"unknown word {value!r}", ", ".join(ARRIVALS), closest(str(value), ARRIVALS))
    return str(value)


Words = Annotated[str, BeforeValidator(_words)]
Duration = Annotated[float, BeforeValidator(DURATION.parse)]
Span = Annotated[float, BeforeValidator(DURATION.positive)]
Rate = Annotated[float, BeforeValidator(RATE.parse)]
Share = Annotated[float, BeforeValidator(SHARE.positive)]
Counted = Annotated[int, BeforeValidator(_COUNTED.parse)]
People = Annotated[int, BeforeValidator(PEOPLE.parse)]
Probability = Annotated[float, BeforeValidator(level)]


class Strict(BaseModel):
    """No unknown keys, and nothing is converted."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class PhaseForm(Strict):
    """One phase: `to` makes it a ramp, `peak` and `peak_for` a spike."""

    lasts: Span = Field(alias="for", description=DURATION.allowed_positive)
    rate: Rate = Field(description=RATE.allowed)
    to: Rate | None = None
    peak: Rate | None = None
    peak_for: Span | None = None


class RateForm(Strict):
    """One operation that the engine sends."""

    operation: Words = Field(description="'<service> <operationId>'")
    phases: list[PhaseForm] = Field(description="a list of phases")


class LevelsForm(Strict):
    """How often the verdict may be wrong."""

    false_no_go: Probability | None = None
    false_go: Probability | None = None


class SoundnessForm(Strict):
    """What the run itself must keep to."""

    cpu: Share | None = None
    lag: Share | None = None
    clocks: Span | None = None
    rate: Share | None = None


class Form(Strict):
    """The keys of one file; None or empty where the file says nothing."""

    summary: Words = Field(description=_TEXT)
    environment: Words | None = None
    seed: Annotated[int, BeforeValidator(_SEED.parse)] = 1
    arrivals: Annotated[str, BeforeValidator(_arriving)] = Field(description=", ".join(ARRIVALS))
    phases: list[PhaseForm] = []
    users: Counted | None = None
    think: Duration | None = None
    lasts: Span | None = Field(default=None, alias="for")
    mix: dict[str, Counted] = {}
    people: People | None = None
    rates: list[RateForm] = []
    connections: Counted | None = None
    levels: LevelsForm = LevelsForm()
    soundness: SoundnessForm = SoundnessForm()
    budget: Words = Field(description="lines of text, see docs/load.md#budget")


TABLES: Final[Mapping[str, type[Strict]]] = {
    "": Form,
    "phases": PhaseForm,
    "rates": RateForm,
    "rates.phases": PhaseForm,
    "levels": LevelsForm,
    "soundness": SoundnessForm,
}
"""The form of every table, by its key in the file."""


def keys(table: str) -> dict[str, str]:
    """The keys of a table as the file writes them, each with what is allowed where it has to be there."""
    fields = TABLES[table].model_fields
    return {info.alias or name: info.description or "" for name, info in fields.items()}
