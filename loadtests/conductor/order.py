"""What a leader is to carry out: which run, of which profile, against which environment, judged how."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fixtures.environments import ConfigurationError, ConfigurationErrors, Environment, load_environment
from loadtests.conductor.messages import Prepare
from loadtests.profiles.load import load_profile
from loadtests.profiles.model import Profile

_MEND: Final = "the same files and variables everywhere, and Locust started anew when one was changed"


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
            digest=digest(self.profile, self.platform),
            environment=self.environment_source,
            rate=self.rate,
            lasting=self.lasting,
            share=share,
            of=of,
        )


def digest(profile: Profile, platform: Environment) -> str:
    """Tells one version of what a profile's and an environment's files said, when they were read, from another.

    Files refer to variables, which every process has for itself: where they lead is part of it. Raises `OSError` if the
    environment's certificates cannot be read.
    """
    told = (platform.name, platform.slot, platform.build, platform.api, platform.live_api, platform.plain_api)
    more = (platform.cdn, platform.issuer, platform.reported_environment, platform.time_scale)
    trusted = b"" if platform.ca_file is None else platform.ca_file.read_bytes()
    resolved = hashlib.sha256(repr((told, more, trusted)).encode()).hexdigest()
    return f"{profile.digest} {platform.digest} {resolved}"


def received(message: Prepare) -> tuple[Profile, Environment]:
    """Profile and environment as the leader has them.

    Raises ConfigurationErrors if they cannot be read here, or do not say here and now what the leader has read.
    """
    profile = load_profile(message.profile)
    platform = load_environment(message.environment)
    if digest(profile, platform) != message.digest:
        where = f"{profile.source} and {platform.source}"
        why = "do not say the same here as at the leader, which read them when it was started"
        raise ConfigurationErrors([ConfigurationError(where, "", why, _MEND)])
    return profile.scaled(rate=message.rate, lasting=message.lasting), platform
