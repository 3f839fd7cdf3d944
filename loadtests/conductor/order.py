"""What a leader is to carry out: which run, of which profile, against which environment, judged how."""

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from fixtures.environments import ConfigurationError, ConfigurationErrors, Environment, load_environment
from fixtures.environments.load import environment_file
from loadtests.conductor.messages import Prepare
from loadtests.profiles.load import load_profile, profile_file
from loadtests.profiles.model import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One run as it was ordered, complete and checked."""

    run: str
    folder: Path
    profile: Profile
    """Already scaled."""
    profile_source: str
    """Name or path that a member reads it from, before it is scaled by `rate` and to `lasting` seconds."""
    rate: float
    lasting: float | None
    platform: Environment
    environment_source: str
    """Name or path likewise."""
    stop_when_decided: bool
    notes: tuple[str, ...] = ()
    """What a reader of the report should know from the start."""

    def prepare(self, share: int, of: int) -> Prepare:
        """What a member is told."""
        return Prepare(
            run=self.run,
            folder=str(self.folder),
            profile=self.profile_source,
            digest=digest(self.profile_source, self.environment_source),
            environment=self.environment_source,
            rate=self.rate,
            lasting=self.lasting,
            share=share,
            of=of,
        )


def digest(profile: str, environment: str) -> str:
    """Tells one version of a profile's and an environment's files from another.

    Raises ConfigurationErrors if one is not known or cannot be read.
    """
    hashed = hashlib.sha256()
    for file in (profile_file(profile), environment_file(environment)):
        try:
            hashed.update(file.read_bytes())
        except OSError as error:
            wrong = ConfigurationError(str(file), "", f"cannot be read: {error.strerror or error}")
            raise ConfigurationErrors([wrong]) from None
    return hashed.hexdigest()


def received(message: Prepare) -> tuple[Profile, Environment]:
    """Profile and environment as the leader has them.

    Raises ConfigurationErrors if they cannot be read here, or are not the same here as at the leader.
    """
    if digest(message.profile, message.environment) != message.digest:
        where = f"{profile_file(message.profile)} and {environment_file(message.environment)}"
        raise ConfigurationErrors([ConfigurationError(where, "", "are not the same here as at the leader")])
    profile = load_profile(message.profile).scaled(rate=message.rate, lasting=message.lasting)
    # The digest vouches for the file; the platform's own references are resolved here.
    return replace(profile), load_environment(message.environment)
