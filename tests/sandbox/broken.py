"""A pytest plugin that has a run's sandbox started with a program of one's choice in place of the wheel's.

Loaded by `-p tests.sandbox.broken`; the variable says which part and which program, as `part=path`.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

PROGRAM = "BROKEN_PROGRAM"


def pytest_configure() -> None:
    """Choose the program before the sandbox's plugin begins to start it."""
    # Not before: a plugin is imported ahead of the root conftest, which has assertions below fixtures/ rewritten.
    from fixtures.sandbox import Options, Sandbox  # noqa: PLC0415

    part, _, path = os.environ[PROGRAM].partition("=")
    begin = Sandbox.begin

    def broken(options: Options) -> Sandbox:
        return begin(replace(options, binaries={part: Path(path)}))

    Sandbox.begin = broken  # type: ignore[assignment, method-assign]
