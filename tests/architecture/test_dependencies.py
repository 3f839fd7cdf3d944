"""What is installed: every package has its reason, and a load generator has what it imports and no more."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator

from tests.architecture.source import FOLDERS, ROOT, Module, modules

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
GROUPS = PROJECT["dependency-groups"]
RUNNERS = {"tox", "tox-uv"}  # installed by who runs them: in no group
PROVIDERS = {"yaml": "pyyaml", "gevent": "locust", "flask": "locust", "pydantic_core": "pydantic"}
ON_REQUEST = {"boto3", "botocore"}  # for secrets of AWS alone: docs/load.md says which group brings them


def packages(*groups: str) -> Iterator[str]:
    """Yield the names of what these groups install, those that they include too."""
    for entry in (entry for group in groups for entry in GROUPS[group]):
        if isinstance(entry, dict):
            yield from packages(entry["include-group"])
        else:
            yield re.split(r"[\[=]", entry, maxsplit=1)[0]


def reached_by_load_tests() -> Iterator[Module]:
    """Yield the modules of load tests and all of ours that they import, also late, but not for types alone."""
    known = {module.name: module for module in modules(*FOLDERS)}
    waiting = [name for name in known if name.startswith("loadtests")]
    while waiting:
        if module := known.pop(waiting.pop(), None):
            yield module
            for name in imported(module):
                parts = name.split(".")
                waiting += [".".join(parts[: end + 1]) for end in range(len(parts))]


def imported(module: Module) -> Iterator[str]:
    """Yield what a module imports when it runs."""
    for_types = {
        node.lineno
        for branch in ast.walk(module.tree)
        if isinstance(branch, ast.If) and ast.unparse(branch.test) == "TYPE_CHECKING"
        for statement in branch.body
        for node in ast.walk(statement)
        if isinstance(node, ast.stmt)
    }
    yield from (name for line, name in module.imports() if line not in for_types)


def test_every_dependency_has_its_line() -> None:
    """Each package that a group installs has a line in docs/dependencies.md, and no other has one."""
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    cells = [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")]
    lines = [name for cell in cells if cell != "package" for name in cell.split(", ")]
    assert set(lines) == {*packages(*GROUPS), *RUNNERS}


def test_a_load_generator_has_what_it_imports() -> None:
    """The group load, all that is installed where load is made, is what load tests import: nothing less and no more."""
    found = {name.partition(".")[0] for module in reached_by_load_tests() for name in imported(module)}
    foreign = found - sys.stdlib_module_names - set(FOLDERS) - ON_REQUEST
    assert {PROVIDERS.get(name, name) for name in foreign} == set(packages("load"))
