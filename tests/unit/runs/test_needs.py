"""What a check needs against what an environment declares."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.environments import Capability, Effect
from fixtures.runs.evidence import NOT_APPLICABLE
from fixtures.runs.needs import left_out, undeclared
from fixtures.runs.record import PHASES, CheckRecord, Phase
from tests.unit.clients.make import environment

HERE = environment("https://127.0.0.1:1")
NEEDED = st.lists(st.sampled_from(Capability) | st.sampled_from(Effect), max_size=6)


@given(st.frozensets(st.sampled_from(Capability)), st.frozensets(st.sampled_from(Effect)), NEEDED)
def test_only_what_is_not_declared_is_told(
    capabilities: frozenset[Capability], effects: frozenset[Effect], needed: list[Capability | Effect]
) -> None:
    """A check applies where all is declared that it needs, an effect as an effect, and else each lack is told once."""
    declares = replace(HERE, capabilities=frozenset(map(str, capabilities)), effects=frozenset(map(str, effects)))
    told = undeclared(declares, needed)
    lacking = {f'"{one}" in capabilities' for one in needed if isinstance(one, Capability) and one not in capabilities}
    lacking |= {f'"{one}" in effects' for one in needed if isinstance(one, Effect) and one not in effects}
    assert set(filter(None, told.removeprefix("test does not declare ").split(", "))) == lacking
    assert told.count(" in ") == len(lacking)


def test_a_need_of_no_known_name_leaves_nothing_out() -> None:
    """A mistyped need is an error where it stands, and no check that silently does not apply."""
    with pytest.raises(ValueError, match="cdm"):
        undeclared(HERE, ["cdm"])  # type: ignore[list-item]  # a mark may say anything


def test_each_lack_is_told_with_the_number_of_checks() -> None:
    """Whoever mends the environment's file sees all of it at once, what most checks need first."""
    reasons = ["no cdn", "no people", "", "no people"]
    checks = [CheckRecord(f"suites/smoke/test_a.py::test_{number}", "smoke") for number in range(5)]
    checks[-1].add(Phase("setup", "skipped", reason="no time"))
    for one, reason in zip(checks, reasons, strict=False):
        for phase in PHASES:
            one.add(Phase(phase, "skipped", reason=NOT_APPLICABLE + reason) if reason else Phase(phase, "passed"))
    assert list(left_out(checks)) == ["2 checks: no people", "1 check: no cdn"]
