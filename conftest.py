"""Registers the plugins of `fixtures`, and nothing else."""

import pytest

# Helpers below fixtures/ would show bare AssertionErrors unless they are rewritten before their first import.
pytest.register_assert_rewrite("fixtures")

pytest_plugins = [
    "fixtures.interruption.plugin",  # first: what is interrupted while the others are imported has a word, too
    "fixtures.clients.plugin",
    "fixtures.environments.plugin",
    "fixtures.runs.plugin",
    "fixtures.workers.plugin",
    "fixtures.sandbox.plugin",
]
