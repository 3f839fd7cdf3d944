"""Nothing of the guide is written anywhere but in the guide."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from fixtures.guide import load_guide
from tests.architecture.source import ROOT, Module, modules

GUIDE = load_guide()
DATA = [
    path
    for folder in ("fixtures", "suites", "loadtests")
    for kind in ("*.toml", "*.yaml", "*.yml", "*.json")
    for path in sorted((ROOT / folder).rglob(kind))
    if (ROOT / "fixtures/guide") not in path.parents
]
DOCUMENTS = ROOT / "fixtures/contract/documents"


def _names() -> frozenset[str]:
    """Collect the names that nobody writes by chance."""
    values = GUIDE.variables
    host = str(urlsplit(GUIDE.addresses.base).hostname)
    blue_green, canary = GUIDE.strategies.blue_green, GUIDE.strategies.canary
    return frozenset(
        {
            host,
            host.partition(".")[2],
            GUIDE.kubernetes.context,
            GUIDE.kubernetes.namespace,
            values.avatars_bucket,
            values.attachments_bucket,
            values.recordings_bucket,
            values.database_host,
            values.redis_url,
            *(broker.host for broker in values.brokers),
            GUIDE.contacts.slack,
            GUIDE.contacts.on_call,
            GUIDE.contacts.incident_commander,
            blue_green.overlay,
            blue_green.switch,
            blue_green.preflight,
            GUIDE.rollback.previous,
            GUIDE.after.smoke,
            canary.manifest,
            *(step.manifest for step in canary.steps),
        }
    )


NAMES = _names()
NUMBERS = frozenset(service.port for service in GUIDE.services) | {b.port for b in GUIDE.variables.brokers}


def repeated(value: object) -> list[str]:
    """Return what of the guide `value` repeats."""
    if isinstance(value, str):
        return sorted(name for name in NAMES if name in value) + ([value] if value in map(str, NUMBERS) else [])
    if isinstance(value, int) and not isinstance(value, bool):
        return [str(value)] if value in NUMBERS else []
    return []


def _leaves(value: Any) -> Iterator[object]:  # noqa: ANN401 - walks parsed data
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value


def _parsed(path: Path) -> object:
    text = path.read_text(encoding="utf-8")
    return tomllib.loads(text) if path.suffix == ".toml" else yaml.safe_load(text)


@pytest.mark.parametrize("module", modules("fixtures", "suites", "loadtests"), ids=lambda module: module.name)
def test_no_module_repeats_the_guide(module: Module) -> None:
    """No module writes a host, name, path or port that the guide has."""
    if module.name.startswith("fixtures.guide"):
        return
    found = [
        f"{module.place}:{node.lineno}: {what}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant)
        for what in repeated(node.value)
    ]
    assert found == []


@pytest.mark.parametrize("path", DATA, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_data_repeats_the_guide(path: Path) -> None:
    """No data file writes what the guide has; the API documents may name the public host, which others need in them."""
    if path.suffix == ".json":
        return
    found = {what for leaf in _leaves(_parsed(path)) for what in repeated(leaf)}
    if path.is_relative_to(DOCUMENTS):
        host = str(urlsplit(GUIDE.addresses.base).hostname)
        found -= {host, host.partition(".")[2]}
    assert found == set()


def test_the_rule_sees_repetitions() -> None:
    """The rule above turns red for a host inside an address, a port as number or text, and a bucket."""
    assert repeated(f"https://{urlsplit(GUIDE.addresses.base).hostname}/x")
    assert repeated(GUIDE.services[0].port)
    assert repeated(str(GUIDE.services[0].port))
    assert repeated(GUIDE.variables.avatars_bucket)
    assert not any(map(repeated, (True, 1)))
    assert not repeated("social-platform")
