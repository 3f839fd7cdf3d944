"""The catalogue: every fault can be found, switched on where it says, and names checks that exist."""

import ast
import fnmatch
import importlib
import re
from pathlib import Path

import pytest

from fixtures.guide import load_guide
from fixtures.sandbox.faults.mangler.rules import Respond, decode, encode
from fixtures.sandbox.faults.model import Fault, Together, Way
from fixtures.sandbox.faults.registry import UnknownFaultError, by_id, faults, find
from fixtures.sandbox.faults.ways.joints import Replaced
from fixtures.sandbox.faults.ways.routes import Mangled, Missing

SUITE = Path(__file__).resolve().parents[3]
SUITES = {
    folder.name: tuple(folder.glob("test_*.py"))
    for folder in (SUITE / "suites").iterdir()
    if any(folder.glob("test_*"))
}
FAULTS = tuple(faults().values())


def ways(fault: Fault) -> tuple[Way, ...]:
    return fault.way.ways if isinstance(fault.way, Together) else (fault.way,)


def checks_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


def test_ids_are_unique() -> None:
    """Two faults of one name are a mistake that is found when the catalogue is read."""
    one = FAULTS[0]
    with pytest.raises(ValueError, match=one.id):
        by_id([one, one])


def test_an_unknown_name_is_met_with_near_ones() -> None:
    """Whoever mistypes a fault is told which one may have been meant."""
    with pytest.raises(UnknownFaultError, match="did you mean otp-reusable"):
        find("otp-reuseable")
    with pytest.raises(UnknownFaultError, match="fault list"):
        find("qqqq")
    assert find("otp-reusable").id == "otp-reusable"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.id)
def test_a_fault_says_what_it_breaks_and_who_must_see_it(fault: Fault) -> None:
    """Every fault has a sentence, lines of the guide, checks that exist, and a part of the platform as cause."""
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", fault.id)
    assert re.fullmatch(r"[A-Z].*\.", fault.breaks)
    assert fault.ids
    assert all(re.fullmatch(r"[A-Z]{2,3}-\d\d", line) for line in fault.ids)
    parts = {service.name for service in load_guide().services} | {"postgres", "redis", "kafka", "object-storage"}
    assert fault.cause in parts | {"public address"}
    assert fault.suite in SUITES
    for pattern in fault.tests:
        file, _, check = pattern.partition("::")
        names = checks_in(SUITE / file)
        wanted = re.split(r"[?*]", check)[0]
        assert any(name == wanted or ("*" in check and name.startswith(wanted)) for name in names), pattern


@pytest.mark.parametrize("suite", SUITES)
def test_every_check_of_a_suite_has_a_fault(suite: str) -> None:
    """Each check of each suite is named by a fault, and not only among others by a pattern that takes many."""
    checks = {f"suites/{suite}/{path.name}::{name}" for path in SUITES[suite] for name in checks_in(path)}
    proven: set[str] = set()
    for pattern in {pattern.partition("?")[0] for fault in FAULTS for pattern in fault.tests}:
        named = fnmatch.filter(checks, pattern)
        if len(named) == 1:
            proven.update(named)
    assert checks - proven == set()


@pytest.mark.parametrize("suite", SUITES)
def test_every_line_that_a_suite_judges_has_a_fault(suite: str) -> None:
    """A line of the guide that a suite's check cites is cited by a fault for it as well: no check is unproven."""
    cited: set[str] = set()
    for path in SUITES[suite]:
        cited |= set(re.findall(r'"([A-Z]{2,3}-\d\d)"', path.read_text(encoding="utf-8")))
    proven = {line for fault in FAULTS for line in fault.ids if fault.suite == suite}
    assert cited - proven == set()


def test_replacements_exist_at_joints_that_exist() -> None:
    """Every replacement names a service's own joint and a factory that can be imported."""
    for fault in FAULTS:
        for way in ways(fault):
            if isinstance(way, Replaced):
                module, _, name = way.make.partition(":")
                assert callable(getattr(importlib.import_module(f"fixtures.sandbox.faults.parts.{module}"), name))
                parts = importlib.import_module(f"fixtures.sandbox.services.parts.{way.service.replace('-', '_')}")
                joints = {
                    joint
                    for kind in vars(parts).values()
                    if isinstance(kind, type)
                    and hasattr(kind, "__dataclass_fields__")
                    and kind.__name__.endswith("Parts")
                    for joint in kind.__dataclass_fields__
                }
                assert way.joint in joints, (fault.id, way.joint)


def test_services_exist_and_rules_survive_their_wire_form() -> None:
    """Every mangler is in front of one of the guide's services, and its rules read back as they were written."""
    services = {service.name for service in load_guide().services}
    for fault in FAULTS:
        for way in ways(fault):
            if isinstance(way, Mangled):
                assert way.service in services
                assert decode(encode(way.rules)) == way.rules
            if isinstance(way, Missing):
                assert way.service in services


def test_rules_of_unknown_kind_are_refused() -> None:
    """A rule with a member that nobody knows is a mistake, not something to pass over."""
    with pytest.raises(ValueError, match="statsu"):
        decode('[{"do":"respond","statsu":500}]')
    assert decode('[{"do":"respond","status":500}]') == (Respond(status=500),)


def test_the_page_is_of_the_faults_that_there_are() -> None:
    """`docs/detection.md` has a row for each, in their order, with what it breaks: or it is of another day."""
    text = (SUITE / "docs" / "detection.md").read_text(encoding="utf-8")
    rows = [line.split(" | ")[:3] for line in text.splitlines() if line.startswith("| `")]
    assert rows == [[f"| `{fault.id}`", fault.suite, fault.breaks] for fault in FAULTS]
