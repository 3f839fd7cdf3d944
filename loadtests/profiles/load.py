"""From a name or a file to a checked `Profile`, or to everything that is wrong with it at once."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Final, cast

from fixtures.environments.errors import ConfigurationErrors, by_place
from fixtures.environments.reading import Reading, closest, named_file, names_in
from fixtures.environments.toml_file import digest
from fixtures.guide import load_guide
from loadtests.budgets.grammar import BudgetErrors, parse_budget
from loadtests.budgets.guide import numbers
from loadtests.budgets.model import ALL, EACH, Budget, Errors, Good, Rate
from loadtests.journeys import JOURNEYS
from loadtests.judging import Levels
from loadtests.kinds import IDLE
from loadtests.profiles.form import Form, PhaseForm
from loadtests.profiles.model import Arriving, OperationRate, Profile
from loadtests.profiles.operations import labels
from loadtests.profiles.phases import Segment, spike, steady
from loadtests.profiles.reading import read
from loadtests.profiles.together import called, judge_together, measured, mixed, names_known, rated
from loadtests.soundness import Soundness

_FOLDER: Final = Path(__file__).parent
_LINE: Final = re.compile(r"line (\d+)(.*)")


def known_profiles() -> tuple[str, ...]:
    """Names of the profiles that come with the suite."""
    return names_in(_FOLDER)


def profile_file(name_or_path: str) -> Path:
    """Find the file of a profile: a known name, or a path (anything with a slash or ending in .toml).

    Raises ConfigurationErrors for a name that is not known, and a file that is not there.
    """
    return named_file(name_or_path, option="--profile", noun="profile", folder=_FOLDER)


def load_profile(name_or_path: str) -> Profile:
    """Load a known profile or a file of one's own.

    Raises ConfigurationErrors with every mistake at once. Touches no network.
    """
    reading = read(profile_file(name_or_path))
    if all(error.key for error in reading.errors):
        # Of a file that is no TOML there is no more to say; an empty one lacks every key.
        judge_together(reading)
    budget = _budget(reading)
    if reading.form is None or budget is None or reading.errors:
        raise ConfigurationErrors(sorted(set(reading.errors), key=by_place))
    return _made(reading.form, reading, budget)


def _budget(reading: Reading[Form]) -> Budget | None:
    """The budget; its mistakes are noted with the line of the file where that can be told."""
    text = reading.raw.get("budget")
    if not isinstance(text, str) or not text.strip():
        return None
    before = reading.text.count("\n", 0, reading.text.find(text)) if text in reading.text else None
    nouns = {*JOURNEYS, IDLE, *(name for journey in JOURNEYS.values() for name in journey.measures)}
    unread: frozenset[str] = frozenset()
    try:
        budget = parse_budget(text, operations=labels(), journeys=nouns, guide=numbers(load_guide()))
    except BudgetErrors as errors:
        for error in errors.errors:
            reading.wrong(_placed(error.key, before), error.message, error.allowed, error.suggestion)
        budget, unread = errors.understood, errors.unread
    operations = called(reading.raw)
    subjects = operations | measured(reading.raw)
    if not names_known(reading.raw):
        # A misspelt name in the mix or the rates is the mistake, not what the budget says of it.
        return budget
    for line in budget.lines:
        if line.subject not in {ALL, EACH, *subjects}:
            reading.wrong(
                "budget",
                f"'{line}' is of {line.subject!r}, which the profile never does",
                ", ".join([ALL, EACH, *sorted(subjects)]),
                closest(line.subject, subjects),
            )
        elif line.subject in {ALL, EACH} and subjects and not operations and not isinstance(line, Rate):
            reading.wrong(
                "budget",
                f"'{line}' asks nothing, since the profile calls no operation",
                f"lines on {', '.join(sorted(subjects))}",
            )
    if unread <= {ALL, EACH, *labels()}:
        # Any other line that is wrong may be the one that judges a journey.
        _judge_failures(reading, budget, unread)
    return budget


def _judge_failures(reading: Reading[Form], budget: Budget, unread: frozenset[str]) -> None:
    """What fails has to count: of each journey, of idle connections, and of each operation that is in no journey's.

    A journey fails with its requests, and with what is in no other figure. An operation at a rate of its own fails
    alone, quickly perhaps, and may be too few among all operations together for a line on these.
    """
    judged = {line.subject for line in budget.lines if isinstance(line, Errors | Good)}
    for journey in mixed(reading.raw):
        if journey not in judged:
            reading.wrong(
                "budget",
                f"judges no failure of the journey {journey!r}, such as a welcome or a mail that never comes",
                "a line of errors or succeeded for each journey of the mix",
                f"{journey}: errors <= 10 %",
            )
    alone = {ALL} if called(reading.raw) == rated(reading.raw) and len(rated(reading.raw)) == 1 else set()
    for operation in sorted(rated(reading.raw)):
        if (judged | unread).isdisjoint({operation, EACH, *alone}):
            reading.wrong(
                "budget",
                f"judges no failure of {operation!r}, which is sent at a rate of its own",
                f"a line of errors or succeeded for each operation of [[rates]], by its name or by {EACH!r}",
                f"{operation}: errors <= guide",
            )
    if reading.raw.get("connections") and IDLE not in judged:
        reading.wrong(
            "budget",
            "judges no loss of idle connections",
            f"a line of errors or succeeded for {IDLE!r}, where there are connections",
            f"{IDLE}: succeeded >= 99 %",
        )


def _placed(place: str, before: int | None) -> str:
    """`line 2, column 3` of a budget as that of the file; both lines are counted from 1."""
    match = _LINE.fullmatch(place)
    if match is None or before is None:
        return f"budget, {place}" if place else "budget"
    return f"budget, line {before + int(match[1])}{match[2]}"


def _made(form: Form, reading: Reading[Form], budget: Budget) -> Profile:
    return Profile(
        name=reading.file.stem,
        summary=form.summary,
        source=str(reading.file),
        digest=digest(reading.text),
        arrivals=cast("Arriving", form.arrivals),
        phases=tuple(_segments(form.phases)),
        users=form.users or 0,
        think=form.think or 0.0,
        closed_lasts=form.lasts or 0.0,
        mix=MappingProxyType(dict(form.mix)),
        people=form.people or 0,
        rates=tuple(OperationRate(rate.operation, tuple(_segments(rate.phases))) for rate in form.rates),
        connections=form.connections or 0,
        budget=budget,
        environment=form.environment,
        seed=form.seed,
        levels=replace(Levels(), **_said(alpha=form.levels.false_no_go, beta=form.levels.false_go)),
        soundness=replace(Soundness(), **_said(**form.soundness.model_dump())),
        called=called(reading.raw),
        measured=measured(reading.raw),
    )


def _segments(phases: Iterable[PhaseForm]) -> Iterator[Segment]:
    for form in phases:
        if form.to is not None:
            yield Segment(form.lasts, form.rate, form.to)
        elif form.peak is not None and form.peak_for is not None:
            yield from spike(form.lasts, form.rate, form.peak, form.peak_for)
        else:
            yield steady(form.lasts, form.rate)


def _said(**values: float | None) -> dict[str, float]:
    """Those that the file gives; the others keep their defaults."""
    return {name: value for name, value in values.items() if value is not None}
