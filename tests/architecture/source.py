"""The repository's own source: what the architecture tests look at, parsed when one does."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
FOLDERS = ("suites", "fixtures", "loadtests", "tests")
TESTS = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One Python file."""

    path: Path

    @cached_property
    def text(self) -> str:
        """What is written in it."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        """The same as statements; collecting tests needs none of them."""
        return ast.parse(self.text)

    @property
    def place(self) -> str:
        """Its path below the root, with slashes."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def name(self) -> str:
        """Its dotted name."""
        return self.place.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def imports(self) -> Iterator[tuple[int, str]]:
        """Yield line and full name of everything that it imports, wherever in the file."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                module = node.module or ""
                if node.level:
                    package = self.name.split(".")
                    package = package[: len(package) - node.level + (self.path.name == "__init__.py")]
                    module = ".".join([*package, *([module] if module else [])])
                yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)

    def tests(self) -> Iterator[TESTS]:
        """Yield its test functions."""
        for node in ast.walk(self.tree):
            if isinstance(node, TESTS) and node.name.startswith("test_"):
                yield node


@cache
def _of(folder: str) -> tuple[Module, ...]:
    return tuple(map(Module, sorted((ROOT / folder).rglob("*.py"))))


def modules(*folders: str) -> tuple[Module, ...]:
    """Every module of the given folders; who asks for one twice is given the same."""
    return tuple(module for folder in folders for module in _of(folder))


def texts() -> Iterator[tuple[str, str]]:
    """Yield place and text of every text file of the repository, as far as it is ours to write."""
    own = [path for path in ROOT.iterdir() if path.is_file() and not path.name.startswith(".coverage")]
    for folder in (*FOLDERS, "docs", "benchmarks", ".ci"):
        own += [path for path in sorted((ROOT / folder).rglob("*")) if path.is_file()]
    for path in own:
        if "__pycache__" in path.parts:
            continue
        try:
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
