"""Which environment and which tiers a command line means."""

from pathlib import Path

import pytest
from _pytest.mark.expression import Expression
from hypothesis import given
from hypothesis import strategies as st

from fixtures.environments import EnvironmentInvalid
from fixtures.environments.selection import name_environment, tiers_in_paths, tiers_named, tiers_possible, time_scale

TIERS = ("preflight", "smoke")


def _tiers(text: str) -> frozenset[str]:
    expression = Expression.compile(text)
    return tiers_named(TIERS, expression.idents(), lambda markers: expression.evaluate(lambda n, /, **_: n in markers))


@pytest.mark.parametrize(
    ("expression", "tiers"),
    [
        ("smoke", {"smoke"}),
        ("smoke or preflight", {"smoke", "preflight"}),
        ("smoke and not slow", {"smoke"}),
        ("smoke and slow", {"smoke"}),
        ("(smoke or preflight) and slow and not quick", {"smoke", "preflight"}),
        ('smoke and guide(service="auth")', {"smoke"}),
        ("preflight and not smoke", {"preflight"}),
        ("not smoke", set()),
        ("not smoke and slow", set()),
        ("slow", set()),
        ("smok", set()),
        ("smoke and a1" + "".join(f" and not a{number}" for number in range(2, 12)), {"smoke"}),
        ("smoke and not a1" + "".join(f" and a{number}" for number in range(2, 12)), {"smoke"}),
    ],
)
def test_the_tiers_that_an_expression_asks_for(expression: str, tiers: set[str]) -> None:
    """A tier is asked for when its marker can make the expression true, and not when it is only excluded."""
    assert _tiers(expression) == tiers


def test_no_check_is_of_two_tiers() -> None:
    """What only a check of both could satisfy is asked of neither."""
    expression = Expression.compile("smoke and preflight")
    possible = tiers_possible(
        TIERS, expression.idents(), lambda markers: expression.evaluate(lambda n, /, **_: n in markers)
    )
    assert possible == frozenset()


NAMES = st.sampled_from(["smoke", "preflight", "slow", "quick"])
EXPRESSIONS = st.recursive(
    NAMES,
    lambda inner: st.one_of(
        inner.map(lambda text: f"not ({text})"),
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(
            lambda parts: f"({parts[0]}) {parts[1]} ({parts[2]})"
        ),
    ),
    max_leaves=6,
)


@given(EXPRESSIONS)
def test_negation_of_all_asks_for_nothing_it_excludes(text: str) -> None:
    """A tier that is asked for is possible: some check of it can satisfy the expression."""
    expression = Expression.compile(text)

    def holds(markers: frozenset[str]) -> bool:
        return expression.evaluate(lambda name, /, **_: name in markers)

    assert _tiers(text) <= tiers_possible(TIERS, expression.idents(), holds) | _together(text)


def _together(text: str) -> frozenset[str]:
    # An expression may ask for both tiers on one check, which no check has: it is asked for, and selects nothing.
    return frozenset(TIERS) if all(tier in text for tier in TIERS) else frozenset()


@pytest.mark.parametrize(
    ("option", "variables", "named", "origin"),
    [
        ("blue", {"VERIFY_ENV": "green", "CI": "1"}, "blue", "--env"),
        (None, {"VERIFY_ENV": " green ", "CI": "true"}, "green", "VERIFY_ENV"),
        (None, {}, "local", "default"),
        (None, {"CI": "false", "VERIFY_ENV": ""}, "local", "default"),
        (None, {"CI": "0"}, "local", "default"),
        (None, {"CI": ""}, "local", "default"),
    ],
)
def test_which_environment_is_meant(option: str | None, variables: dict[str, str], named: str, origin: str) -> None:
    """--env goes before VERIFY_ENV, which goes before the sandbox."""
    found = name_environment(option, variables, ("local",))
    found.require()
    assert (found.named, found.origin, found.source) == (named, origin, named)


@pytest.mark.parametrize("option", ["", "  "])
def test_an_empty_option_names_no_environment(option: str) -> None:
    """--env with a variable that is not set is a mistake, and never the sandbox."""
    with pytest.raises(EnvironmentInvalid, match="--env: is empty"):
        name_environment(option, {"VERIFY_ENV": "green"}, ("local",)).require()


@pytest.mark.parametrize("value", ["1", "true", "yes"])
def test_in_ci_the_environment_has_to_be_named(value: str) -> None:
    """Where CI is set no environment is guessed."""
    with pytest.raises(EnvironmentInvalid, match="has to be named"):
        name_environment(None, {"CI": value}, ("local",)).require()


@given(st.one_of(st.text(max_size=10), st.floats().map(str)))
def test_a_time_scale_is_read_or_refused(text: str) -> None:
    """Every text is a positive, finite factor or a ValueError."""
    try:
        scale = time_scale(text)
    except ValueError:
        return
    assert 0 < scale < float("inf")


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        (["smoke"], {"smoke"}),
        (["smoke/test_chat.py"], {"smoke"}),
        (["smoke", "preflight/test_slot.py"], {"smoke", "preflight"}),
        (["."], {"smoke", "preflight"}),
        (["../tests"], set()),
    ],
)
def test_paths_ask_for_the_tiers_in_or_around_them(tmp_path: Path, paths: list[str], expected: set[str]) -> None:
    """Each of several paths asks for its tier, be it the folder, something in it or what it lies in."""
    assert tiers_in_paths(tmp_path, ("smoke", "preflight"), [tmp_path / path for path in paths]) == expected
