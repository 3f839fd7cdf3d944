"""The known traps of a repository that is run and not installed."""

import ast
import importlib
import itertools
import tomllib
from configparser import ConfigParser

import pytest

from tests.architecture.source import FOLDERS, ROOT, modules

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PYTEST = PROJECT["tool"]["pytest"]


@pytest.mark.parametrize("name", FOLDERS)
def test_each_folder_is_the_repositorys_own(name: str) -> None:
    """Each of the four names resolves inside the repository, whatever packages are installed."""
    file = importlib.import_module(name).__file__
    assert file == str(ROOT / name / "__init__.py")


def test_the_four_names_are_not_used_below() -> None:
    """No folder below the four has one of their names."""
    below = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_dir()]
    assert [path for path in below if path.name in FOLDERS] == []


def test_every_package_has_its_init() -> None:
    """Every folder with modules has an __init__.py: a namespace package is beaten by any installed one."""
    folders = {module.path.parent for module in modules(*FOLDERS)}
    # Alembic runs these as scripts, from a folder that it is told.
    scripts = {folder for folder in folders if "migrations" in folder.parts}
    assert [folder for folder in sorted(folders - scripts) if not (folder / "__init__.py").is_file()] == []


def test_it_is_run_and_not_installed() -> None:
    """There is no build system, and pytest imports from the root by importlib."""
    assert "build-system" not in PROJECT
    assert PYTEST["pythonpath"] == ["."]
    assert "--import-mode=importlib" in PYTEST["addopts"]


def test_pytest_is_strict() -> None:
    """Markers, configuration and expected failures are strict, warnings are errors, and a bare run is the own tests."""
    assert PYTEST["strict"] is True
    assert PYTEST["filterwarnings"][0] == "error"
    assert PYTEST["testpaths"] == ["tests"]


def test_locusts_plugin_stays_out() -> None:
    """Locust's pytest plugin, which takes --host and two fixture names, is not loaded."""
    options = PYTEST["addopts"]
    assert ("-p", "no:locust") in list(itertools.pairwise(options))


def test_helpers_are_rewritten_before_they_are_imported() -> None:
    """The root conftest registers the rewriting of fixtures before it imports or names any of them."""
    body = ast.parse((ROOT / "conftest.py").read_text(encoding="utf-8")).body
    kinds = [ast.unparse(statement) for statement in body]
    rewriting = next(i for i, text in enumerate(kinds) if "register_assert_rewrite('fixtures')" in text)
    first_use = [i for i, text in enumerate(kinds) if "fixtures." in text]
    assert all(i > rewriting for i in first_use)


def test_the_root_conftest_only_registers() -> None:
    """The root conftest has no function, class or fixture of its own."""
    body = ast.parse((ROOT / "conftest.py").read_text(encoding="utf-8")).body
    assert not [node for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.If | ast.Try)]


def test_every_tier_has_a_marker() -> None:
    """Each folder of suites has a marker of its name."""
    markers = {line.split(":")[0] for line in PYTEST["markers"]}
    tiers = {path.parent.name for path in (ROOT / "suites").glob("*/__init__.py")}
    assert tiers <= markers


def test_constraints_are_found_wherever_the_repository_is() -> None:
    """The lists of constraint files name a file by no path that could have a blank in it, which would part it."""
    tox = ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    assigned = [line.split(" = ") for line in tox["testenv"]["set_env"].splitlines() if "_CONSTRAINT" in line]
    assert [(name, (ROOT / file).is_file()) for name, file in assigned] == [
        ("UV_CONSTRAINT", True),
        ("PIP_CONSTRAINT", True),
    ]
