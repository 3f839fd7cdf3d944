"""Imports point down only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.architecture.source import Module, modules

FOUNDATION = frozenset({"environments", "guide", "checks", "statistics"})
MIDDLE = frozenset({"clients", "cluster", "datastores", "edge", "observability", "containers", "runs"})
KNOWN = FOUNDATION | MIDDLE | {"contract", "http1", "sandbox", "interruption", "workers"}
PLUGIN_PARTS = {
    "fixtures.environments.tiers": "reads pytest's options for the plugins of environments and runs",
    "fixtures.runs.hooks": "hook specifications of the plugin beside it",
    "fixtures.runs.reporting": "the report hooks of the plugin beside it",
    "fixtures.runs.selection": "reads pytest's options for the plugin beside it",
    "fixtures.runs.watch": "the hooks of the plugin beside it",
    "fixtures.workers.parent": "a process of its own, in which pytest runs",
}
ALLOWED = {
    "checks": frozenset[str](),
    "guide": frozenset[str](),
    "environments": frozenset({"guide"}),
    "statistics": frozenset[str](),
    "interruption": frozenset[str](),
    "workers": frozenset[str](),
    "contract": FOUNDATION,
    "http1": frozenset({"contract"}),
    "sandbox": frozenset({"guide"}),
    **dict.fromkeys(MIDDLE, FOUNDATION | {"contract", "http1"}),
    # Clients write what they create into the run's ledger; runs know nothing of clients.
    "clients": FOUNDATION | {"contract", "http1", "runs"},
}


def _package(name: str) -> str:
    parts = name.split(".")
    return parts[1] if parts[0] == "fixtures" and len(parts) > 1 else ""


def _is_plugin(name: str) -> bool:
    return name.endswith(".plugin") or ".plugin." in name or name in PLUGIN_PARTS


def offences(module: str, imported: str) -> str:
    """Say why `module` may not import `imported`; nothing when it may."""
    top, target = imported.partition(".")[0], _package(imported)
    match module.partition(".")[0]:
        case "fixtures":
            return _offence_of_fixtures(module, imported)
        case "suites" if top in {"loadtests", "tests"} or target == "sandbox":
            return f"suites never import {target or top}"
        case "loadtests" if top in {"pytest", "suites", "tests"} or _is_plugin(imported):
            return f"load tests never import {imported}"
    return ""


def _offence_of_fixtures(module: str, imported: str) -> str:
    top, own, target = imported.partition(".")[0], _package(module), _package(imported)
    if top in {"suites", "loadtests", "tests"}:
        return f"fixtures never import {top}"
    if _is_plugin(module):
        return ""
    if top in {"pytest", "_pytest", "xdist"}:
        return "only plugins import pytest"
    if own and target and own != target and target not in ALLOWED[own]:
        return f"{own} may import of fixtures only {sorted(ALLOWED[own]) or 'nothing'}"
    if own and own == target and _is_plugin(imported):
        return "only plugins import plugins"
    return ""


@pytest.mark.parametrize("module", modules("fixtures", "suites", "loadtests"), ids=lambda module: module.name)
def test_imports_point_down(module: Module) -> None:
    """No module imports what lies above it or beside it."""
    found = [f"{module.place}:{line}: {why}" for line, name in module.imports() if (why := offences(module.name, name))]
    assert found == []


def test_every_package_of_fixtures_has_a_layer() -> None:
    """A new package below fixtures is given a layer before anything is put into it."""
    assert {_package(module.name) for module in modules("fixtures")} - {""} <= KNOWN


def test_parts_of_plugins_are_used_by_plugins_only() -> None:
    """A module that imports pytest for its plugin is imported by plugins only."""
    users = {
        (module.name, name)
        for module in modules("fixtures")
        for _, name in module.imports()
        if any(name.startswith(part) for part in PLUGIN_PARTS) and not _is_plugin(module.name)
    }
    assert users == set()


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("fixtures.checks.must", "fixtures.guide.load_guide"),
        ("fixtures.guide.load", "fixtures.environments.Environment"),
        ("fixtures.contract.auth", "fixtures.clients.Transport"),
        ("fixtures.runs.causes", "fixtures.clients.transport"),
        ("fixtures.clients.world", "fixtures.clients.plugin"),
        ("fixtures.sandbox.warden", "fixtures.contract.auth"),
        ("fixtures.sandbox.warden", "fixtures.clients.transport"),
        ("fixtures.sandbox.warden", "fixtures.checks.eventually"),
        ("fixtures.runs.verdict", "pytest"),
        ("fixtures.runs.plugin", "suites.smoke"),
        ("suites.smoke.test_chat", "fixtures.sandbox.Sandbox"),
        ("loadtests.users", "pytest"),
        ("loadtests.users", "fixtures.clients.plugin"),
    ],
)
def test_the_rule_sees_each_kind_of_offence(module: str, imported: str) -> None:
    """The rule above turns red for every direction that it forbids."""
    assert offences(module, imported)


@given(st.sampled_from(sorted(KNOWN)), st.sampled_from(sorted(KNOWN)))
def test_no_two_packages_import_each_other(one: str, other: str) -> None:
    """Of two packages at most one may import the other."""
    forth = offences(f"fixtures.{one}.a", f"fixtures.{other}.b")
    back = offences(f"fixtures.{other}.b", f"fixtures.{one}.a")
    assert one == other or forth or back
