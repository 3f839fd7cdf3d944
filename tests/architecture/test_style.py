"""The habits that a machine can hold: laws as docstrings, one sleep, short modules, no places of this machine."""

import ast
import re

import pytest

from tests.architecture.source import Module, modules, texts

LONGEST_MODULE = 350
ALL = modules("suites", "fixtures", "loadtests", "tests")
WITH_TESTS = [module for module in ALL if "def test_" in module.text]
# Written so that this file does not match itself.
HOMES = re.compile(r"(?<![\w.])/(?:roo[t]|hom[e]/\w+|User[s]/\w+|wor[k])/\w")
REGISTRIES = re.compile(
    r"(?i)artifactor[y]|jfro[g]|pkg\.de[v]|nexus\.\w|index[-_]url\s*=|//[\w.-]*py[p]i[\w.-]*/simple"
)


@pytest.mark.parametrize("module", WITH_TESTS, ids=lambda module: module.name)
def test_every_test_states_its_law(module: Module) -> None:
    """The docstring of every test is one sentence, the law that it defends."""
    lawless = []
    for test in module.tests():
        law = " ".join((ast.get_docstring(test) or "").split())
        if not law.endswith(".") or re.search(r"[.!?]\s+[A-Z]", law):
            lawless.append(f"{module.place}:{test.lineno}: {test.name}: {law!r}")
    assert lawless == []


@pytest.mark.parametrize("module", ALL, ids=lambda module: module.name)
def test_no_module_is_long(module: Module) -> None:
    """No module is longer than a reader's patience."""
    assert module.text.count("\n") <= LONGEST_MODULE


@pytest.mark.parametrize("module", modules("fixtures", "loadtests"), ids=lambda module: module.name)
def test_one_place_waits(module: Module) -> None:
    """Only the polling primitive sleeps, and the sandbox, whose processes wait for each other."""
    if module.name == "fixtures.checks.eventually" or module.name.startswith("fixtures.sandbox"):
        return
    assert [line for line, name in module.imports() if name in {"time.sleep", "asyncio.sleep"}] == []
    calls = [node for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
    slept = [call.lineno for call in calls if ast.unparse(call.func) in {"time.sleep", "asyncio.sleep"}]
    assert slept == []


def test_no_place_of_this_machine_is_written_down() -> None:
    """No file names a home folder, a workplace or a package registry."""
    found = [
        f"{place}:{number}"
        for place, text in texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if HOMES.search(line) or REGISTRIES.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    "text", ["/roo" + "t/x", "in /hom" + "e/me/x", "https://x.jfro" + "g.io/y", "https://py" + "pi.org/simple"]
)
def test_the_rule_sees_places_of_machines(text: str) -> None:
    """The rule above turns red for homes and registries."""
    assert HOMES.search(text) or REGISTRIES.search(text)
