"""What a leading process has as long as it lives: the choice, the target and the lock on it, a sandbox if it is that.

Everything that can be wrong before a run is found here, and nothing is left behind by what was found.
"""

import contextlib
import os
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from fixtures.environments import (
    Cause,
    Environment,
    EnvironmentInvalid,
    Unusable,
    environment_file,
    known_environments,
    load_environment,
    require_usable,
)
from fixtures.runs.folder import prepare
from fixtures.runs.redaction import register_secrets
from fixtures.runs.run_id import new_run_id
from fixtures.sandbox import Sandbox, SandboxError
from loadtests.conductor.configuring import Choice, choose, is_text
from loadtests.conductor.lock import Hold, TargetBusyError, hold
from loadtests.conductor.order import Order
from loadtests.options import asked
from loadtests.profiles.load import known_profiles, profile_file

RUNS: Final = "runs"
FOLDER: Final = "VERIFY_RUN_FOLDER"


class RunFolderError(Exception):
    """The folder of a run cannot be written."""


@dataclass(slots=True)
class Stage:
    """Where the runs of a process take place."""

    choice: Choice
    platform: Environment
    environment_source: str
    stop_when_decided: bool
    folder: Path | None
    """Of the first run, if it was named."""
    run: str
    """Of the first run, which the lock is held for."""
    held: Hold
    sandbox: Sandbox | None = None
    notes: list[str] = field(default_factory=list)
    made: tuple[Path, ...] = ()
    """Folders that were not there before, the innermost first."""
    _runs: int = 0

    def order(self) -> Order:
        """The next run. Raises `RunFolderError`."""
        self._runs += 1
        run = self.run if self._runs == 1 else new_run_id()
        folder = self.folder or Path(RUNS).absolute() / run
        if self.folder is not None and self._runs > 1:
            folder = self.folder.with_name(f"{self.folder.name}-{self._runs}")
        _writable(folder)
        choice = self.choice
        source = choice.profile_source
        return Order(
            run=run,
            folder=folder,
            profile=choice.profile,
            profile_source=source if source in known_profiles() else str(profile_file(source)),
            rate=choice.rate,
            lasting=choice.lasting,
            platform=self.platform,
            environment_source=self.environment_source,
            stop_when_decided=self.stop_when_decided,
            notes=tuple(self.notes),
        )

    def close(self) -> None:
        """End the sandbox, let others have the target, and leave no empty folder; harmless when done already."""
        if self.sandbox is not None:
            self.sandbox.stop()
        self.held.release()
        _unmake(self.made)


def set_up(options: Namespace, variables: Mapping[str, str] = os.environ) -> Stage:
    """Make everything ready. Raises `EnvironmentInvalid` and `RunFolderError`; then nothing is left of it."""
    choice = choose(asked(options), variables)
    run = new_run_id()
    named = options.run_folder or variables.get(FOLDER)
    folder = Path(named).absolute() if named else None
    first = folder or Path(RUNS).absolute() / run
    made = tuple(place for place in (first, *first.parents) if not os.access(place, os.F_OK))
    sandbox: Sandbox | None = None
    try:
        _writable(first)
        if choice.sandbox:
            sandbox = _sandbox()
        source = str(sandbox.environment_file) if sandbox else choice.environment
        if source not in known_environments():
            source = str(environment_file(source))
        platform = load_environment(source)
        if sandbox is None:
            require_usable(platform)
        # It needs none itself, and prints what workers tell it: a platform may have answered with what it was asked by.
        register_secrets(platform.secrets.values())
        held = _hold(platform.api, run, options.alongside)
    except BaseException:
        if sandbox is not None:
            sandbox.stop()
        _unmake(made)
        raise
    stage = Stage(choice, platform, source, options.stop_when_decided, folder, run, held, sandbox, made=made)
    if held.beside:
        stage.notes.append(f"made alongside run {', '.join(held.beside)}: both measure each other")
    for absent in dict.fromkeys(options.alongside):
        if absent not in held.beside:
            stage.notes.append(f"no run {absent} was under way against this target, though --alongside names it")
    if not choice.profile.open:
        stage.notes.append("users were closed: who would have come while one waited is not in the latencies")
    return stage


def _unmake(made: tuple[Path, ...]) -> None:
    """Remove those of these folders in which nothing is: no run has left anything there."""
    with contextlib.suppress(OSError):
        for folder in made:
            folder.rmdir()


def _hold(address: str, run: str, alongside: list[str]) -> Hold:
    try:
        return hold(address, run, alongside)
    except TargetBusyError as busy:
        options = " ".join(f"--alongside {holder}" for holder in busy.holders)
        problem = Unusable(str(busy), "locks of this machine", f"wait until it has ended, or allow it by {options}")
    except OSError as error:
        how = "set TMPDIR to a folder of your own"
        problem = Unusable(f"the target cannot be locked: {error}", "locks of this machine", how)
    raise EnvironmentInvalid(Cause.UNUSABLE, [problem])


def _sandbox() -> Sandbox:
    try:
        return Sandbox.start()
    except SandboxError as error:
        how = "`python -m fixtures.sandbox up` shows it outside of Locust"
        raise EnvironmentInvalid(Cause.UNUSABLE, [Unusable(str(error), "the local sandbox", how)]) from None


def _writable(folder: Path) -> None:
    if not is_text(str(folder)):
        raise RunFolderError(f"{folder} is no name in UTF-8; name another with --run-folder or {FOLDER}")
    try:
        prepare(folder)
    except OSError as error:
        why = f"{folder} cannot be written: {error.strerror or error}"
        raise RunFolderError(f"{why}; name another with --run-folder or {FOLDER}") from None
