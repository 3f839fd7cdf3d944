"""From the command line to what is to be run, or to everything that is wrong with it at once. Starts nothing."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from fixtures.environments import (
    Cause,
    ConfigurationError,
    ConfigurationErrors,
    Effect,
    EnvironmentInvalid,
    load_environment,
)
from fixtures.environments.load import known_environments, read_form
from fixtures.environments.selection import VARIABLE, Selection, name_environment
from loadtests.numbers import count, significant
from loadtests.profiles.form import MOST
from loadtests.profiles.load import load_profile
from loadtests.profiles.model import Profile
from loadtests.profiles.quantities import DURATION, Mistake

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The command line, as it was written."""

    profile: str | None
    env: str | None = None
    lasting: str | None = None
    rate: str | None = None
    host: str | None = None
    folder: str | None = None
    locusts: tuple[str, ...] = ()
    """Options of Locust that a profile stands in for, as far as they were given: `--users` and the like."""
    processes: int = 1
    """That make load, by `--processes` or `--expect-workers`."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be run, checked as far as that is possible without reaching out."""

    profile: Profile
    """Scaled."""
    profile_source: str
    rate: float
    lasting: float | None
    environment: str
    """Name or path."""
    sandbox: bool
    """The environment is one that has to be started first."""


def choose(asked: Asked, variables: Mapping[str, str]) -> Choice:
    """Decide what is meant. Raises `EnvironmentInvalid` with every mistake in options, profile and environment."""
    wrong: list[ConfigurationError] = []

    def attempt(step: Callable[[], T]) -> T | None:
        try:
            return step()
        except ConfigurationErrors as errors:
            wrong.extend(errors.errors)
            return None

    if asked.folder is not None and not asked.folder.strip():
        # As of `--env`: `--run-folder "$EVIDENCE"` with EVIDENCE unset meant some folder.
        wrong.append(ConfigurationError("--run-folder", "", "is empty, so it names no folder"))
    if asked.host:
        wrong.append(_locusts("--host", "the target is the environment's: name one by --env"))
    what = "what is done, by how many and when is the profile's: scale it by --rate-scale and --for"
    wrong += [_locusts(option, what) for option in asked.locusts]
    profile = attempt(lambda: load_profile(asked.profile or ""))
    lasting = attempt(lambda: _duration(asked.lasting))
    rate = attempt(lambda: _factor(asked.rate))
    selection = _selected(asked, variables, profile)
    wrong += selection.problems
    named = {"--profile": profile.source if profile is not None else "", selection.origin: selection.named}
    wrong += [_no_text(option) for option, name in named.items() if not is_text(name)]
    if profile is not None and rate is not None:
        attempt(partial(_fits, profile, rate, asked))
    sandbox = None if selection.problems else attempt(lambda: _is_sandbox(selection, profile))
    if profile is None or rate is None or sandbox is None or wrong:
        raise EnvironmentInvalid(Cause.CONFIGURATION, list(dict.fromkeys(wrong)))
    scaled = profile.scaled(rate=rate, lasting=lasting)
    return Choice(scaled, asked.profile or "", rate, lasting, selection.named, sandbox)


def is_text(name: str) -> bool:
    """Whether a name can be told to every process: file systems have names that are in no encoding."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _no_text(option: str) -> ConfigurationError:
    return ConfigurationError(option, "", "is no name in UTF-8", "a file with a name that every process can be told")


def _locusts(option: str, why: str) -> ConfigurationError:
    """An option of Locust's that may not be given. Who did not type it has it from elsewhere, and must know where."""
    variable = f"LOCUST_{option.removeprefix('--').replace('-', '_').upper()}"
    return ConfigurationError(
        option, "", f"{why} (it is given there, by {variable} or by a configuration file of Locust)"
    )


def _selected(asked: Asked, variables: Mapping[str, str], profile: Profile | None) -> Selection:
    """The command line before the variable, the variable before the profile, and the profile before the rule for CI."""
    named = profile.environment if profile is not None else None
    if named and asked.env is None and not variables.get(VARIABLE, "").strip():
        return Selection(named=named, origin=profile.source if profile else "")
    return name_environment(asked.env, variables, known_environments())


def _is_sandbox(selection: Selection, profile: Profile | None) -> bool:
    """Whether it has to be started. Raises ConfigurationErrors, named after where the environment was named.

    Also for one that does not allow what the profile does.
    """
    try:
        if read_form(selection.named).sandbox:
            return True
        platform = load_environment(selection.named)
    except ConfigurationErrors as errors:
        renamed = [replace(one, file=selection.origin) if one.file == "--env" else one for one in errors.errors]
        raise ConfigurationErrors(renamed) from None
    if profile is not None and profile.people and not platform.allows(Effect.SYNTHETIC):
        message = (
            f'do not have "{Effect.SYNTHETIC}", and the profile {profile.name} makes {count(profile.people)} people: '
            "allow it there, or name another environment"
        )
        raise ConfigurationErrors([ConfigurationError(platform.source, "effects", message)])
    return False


def _duration(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        seconds = DURATION.parse(text)
    except Mistake as mistake:
        raise _errors("--for", str(mistake), mistake.allowed, mistake.suggestion) from None
    if not seconds:
        raise _errors("--for", f"{text!r} is no time at all", DURATION.allowed)
    return seconds


def _factor(text: str | None) -> float:
    if text is None:
        return 1.0
    try:
        # Python reads 1_0 as ten, which is more likely to have been meant as 1.0.
        factor = float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        factor = math.nan
    if not (math.isfinite(factor) and factor > 0):
        raise _errors("--rate-scale", f"{text!r} is no positive number", "such as 0.1 or 2")
    return factor


def _fits(profile: Profile, rate: float, asked: Asked) -> None:
    """Raises ConfigurationErrors for a load that is too large, or too small for its processes."""
    _within(profile, rate, asked.rate or "1")
    people = profile.scaled(rate=rate).people
    pairs = (people + 1) // 2
    if people and pairs < asked.processes:
        message = f"{people} people of {profile.name} are not a pair for each of {asked.processes} processes"
        allowed = f"at most {pairs}, also of --expect-workers, or a profile with more people"
        raise _errors("--processes", message, allowed)


def _within(profile: Profile, rate: float, text: str) -> None:
    """Raises ConfigurationErrors for a load beyond what a profile may ask for: nobody can make it."""
    loads = {
        "arrivals a second": profile.peak,
        "people": profile.people,
        "idle connections": profile.connections,
    }
    what, most = max(loads.items(), key=lambda load: load[1])
    if most * rate > MOST:
        largest = f"{math.floor(1000 * MOST / most) / 1000:.3f}".rstrip("0").rstrip(".")
        message = f"{text} times {significant(most, 6)} {what} is more than {count(MOST)}"
        raise _errors("--rate-scale", message, f"at most {largest}")


def _errors(option: str, message: str, allowed: str, suggestion: str = "") -> ConfigurationErrors:
    return ConfigurationErrors([ConfigurationError(option, "", message, allowed, suggestion)])
