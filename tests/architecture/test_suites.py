"""The rules of checks: they cite the guide, never sleep, never assert, and write no number of their own."""

import ast
import re
from collections.abc import Iterator

import pytest

from fixtures.guide import load_catalogue
from tests.architecture.source import TESTS, Module, modules

CATALOGUE = load_catalogue()
SUITES = modules("suites")
CHECKS = [module for module in SUITES if module.path.name.startswith("test_")]
ID = re.compile(r"[A-Z0-9]{2,3}-\d\d")
SMALLEST_NUMBER = 10


def _ids(nodes: list[ast.expr]) -> set[str]:
    constants = (inner.value for node in nodes for inner in ast.walk(node) if isinstance(inner, ast.Constant))
    return {value for value in constants if isinstance(value, str) and ID.fullmatch(value)}


def _cited(module: Module, check: TESTS) -> set[str]:
    """Collect the IDs of a check's own decorators and of its module's pytestmark."""
    marks = [
        node.value
        for node in module.tree.body
        if isinstance(node, ast.Assign) and any(ast.unparse(target) == "pytestmark" for target in node.targets)
    ]
    return _ids([*marks, *check.decorator_list])


@pytest.mark.parametrize("module", CHECKS, ids=lambda module: module.name)
def test_every_check_cites_the_catalogue(module: Module) -> None:
    """Every check cites IDs of the catalogue that its tier judges."""
    tier = module.path.parent.name
    wrong = []
    for check in module.tests():
        cited = _cited(module, check)
        fitting = {found for found in cited if found in CATALOGUE and tier in CATALOGUE[found].tiers}
        if not cited or fitting != cited:
            wrong.append(f"{module.place}:{check.lineno}: {check.name} cites {sorted(cited) or 'nothing'}")
    assert wrong == []


def _bare(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield what a check must leave to must, eventually, the guide and the promises."""
    excused = {id(inner) for node in ast.walk(tree) for inner in _excused(node)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt | ast.expr):
            continue
        if isinstance(node, ast.Assert):
            yield node.lineno, "assert: use must or eventually, which write the message"
        elif isinstance(node, ast.Compare) and any(
            _number(side) is not None for side in [node.left, *node.comparators]
        ):
            yield node.lineno, f"compares with a number: {ast.unparse(node)}"
        elif (number := _number(node)) is not None and number >= SMALLEST_NUMBER and id(node) not in excused:
            yield node.lineno, f"a number of its own: {number}"


def _number(node: ast.AST) -> float | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return node.value
    return None


def _excused(node: ast.AST) -> Iterator[ast.AST]:
    # HTTP's own vocabulary, the text of test data and its length, and ten as the base of decimal digits.
    if isinstance(node, ast.keyword) and node.arg == "status":
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield from ast.walk(node)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        yield node.left
    elif isinstance(node, ast.BinOp) and isinstance(node.left, ast.Constant) and isinstance(node.left.value, str):
        yield node.right


@pytest.mark.parametrize("module", SUITES, ids=lambda module: module.name)
def test_checks_have_no_numbers_and_no_assertions(module: Module) -> None:
    """A check states neither a threshold nor a bare comparison of its own."""
    assert [f"{module.place}:{line}: {what}" for line, what in _bare(module.tree)] == []


@pytest.mark.parametrize("module", SUITES, ids=lambda module: module.name)
def test_checks_never_sleep(module: Module) -> None:
    """Waiting in a check belongs to eventually."""
    calls = [node for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
    assert [f"{module.place}:{call.lineno}" for call in calls if ast.unparse(call.func).endswith("sleep")] == []


@pytest.mark.parametrize(
    "text",
    ["assert x", "if got > 3:\n  pass", "within = 30", "must(x, below(12.5))", "ok = x == 0"],
)
def test_the_rule_sees_numbers_and_assertions(text: str) -> None:
    """The rule above turns red for each kind of number and comparison."""
    assert list(_bare(ast.parse(text)))


def test_the_rule_lets_through_what_is_no_threshold() -> None:
    """Statuses of HTTP, text, and filters by identity are no thresholds."""
    text = "has(status=401)\nf'{50000 + n}'\n10**n\n'0' * 64\n[e for e in events if e.user == alice.user]\nx[1]"
    assert not list(_bare(ast.parse(text)))


@pytest.mark.parametrize("module", SUITES, ids=lambda module: module.name)
def test_objects_are_put_by_acts_alone(module: Module) -> None:
    """No check puts an object itself: an act writes it into the ledger first, and removes it."""
    nodes = (node for node in ast.walk(module.tree) if isinstance(node, ast.Attribute))
    assert [f"{module.place}:{node.lineno}" for node in nodes if ast.unparse(node) == "objects.put"] == []
