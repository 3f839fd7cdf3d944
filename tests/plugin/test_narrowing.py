"""What a command leaves out of the tiers that it asks for."""

import pytest

from fixtures.runs.selection import partial_reasons, tier_of

pytest_plugins = ["pytester"]


@pytest.fixture
def tiers(pytester: pytest.Pytester) -> pytest.Pytester:
    """A folder with two tiers."""
    for tier in ("smoke", "preflight"):
        pytester.makepyfile(**{f"suites/{tier}/__init__": "", f"suites/{tier}/test_a": "def test_a(): pass"})
    return pytester


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("suites/smoke",), ()),
        (("suites/preflight", "suites/smoke"), ()),
        (("suites",), ()),
        ((".",), ()),
        (("suites/preflight",), ("only a part of suites/smoke was named",)),
        (("suites/smoke/test_a.py",), ("only a part of suites/smoke was named",)),
        (("suites/smoke/test_a.py::test_a",), ("only a part of suites/smoke was named",)),
        (("suites", "-ktest_a"), ("narrowed by -k",)),
        (("suites", "--lf"), ("narrowed by --last-failed",)),
        (("suites", "--stepwise"), ("narrowed by --stepwise",)),
        (("suites", "--ignore=suites/smoke/test_b.py"), ("narrowed by --ignore",)),
        (("suites", "--ignore-glob=*_b.py"), ("narrowed by --ignore-glob",)),
        (("suites", "--deselect=suites/smoke/test_b.py"), ("narrowed by --deselect",)),
    ],
)
def test_whatever_may_leave_a_check_out_is_told(
    tiers: pytest.Pytester, args: tuple[str, ...], told: tuple[str, ...]
) -> None:
    """A tier is whole if its folder is named, or what it lies in, and nothing is used that could leave a file out."""
    assert partial_reasons(tiers.parseconfig(*args), {"smoke"}, []) == told


def test_what_was_deselected_of_the_tiers_is_counted(tiers: pytest.Pytester) -> None:
    """Checks of other tiers, and tests of our own, are not missed."""
    left_out = [f"suites/smoke/test_a.py::test_{name}" for name in "aab"]
    left_out += ["suites/preflight/test_a.py::test_a", "tests/unit/test_a.py::test_a"]
    assert partial_reasons(tiers.parseconfig("suites"), {"smoke"}, left_out) == ("2 checks deselected",)
    assert partial_reasons(tiers.parseconfig("suites"), {"smoke"}, left_out[3:]) == ()


@pytest.mark.parametrize(
    ("check", "tier"),
    [
        ("suites/smoke/test_a.py::test_a", "smoke"),
        ("suites/smoke/chat/test_a.py::TestA::test_a[x/y]", "smoke"),
        ("suites/test_a.py::test_a[x/y/z]", None),
        ("tests/smoke/test_a.py::test_a", None),
        ("suites/smoke", None),
    ],
)
def test_a_check_is_of_the_tier_of_its_folder(check: str, tier: str | None) -> None:
    """What lies elsewhere is no check, whatever its name is."""
    assert tier_of(check) == tier
