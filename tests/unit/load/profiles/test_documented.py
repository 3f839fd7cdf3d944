"""docs/load.md says of load tests what is true, and docs/statistics.md of their profiles."""

import re
from collections import Counter

import pytest

from fixtures.guide import load_guide
from fixtures.statistics.bounds import stays_below
from loadtests.arrivals import arrivals
from loadtests.budgets.grammar import parse_budget
from loadtests.budgets.guide import numbers
from loadtests.journeys import JOURNEYS
from loadtests.numbers import share
from loadtests.profiles.load import known_profiles, load_profile
from loadtests.profiles.operations import labels
from loadtests.soundness import Cause, Soundness
from tests.architecture.source import ROOT

PAGE = (ROOT / "docs/load.md").read_text(encoding="utf-8")
STATISTICS = (ROOT / "docs/statistics.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("cause", Cause, ids=lambda cause: cause.label)
def test_every_cause_has_its_code(cause: Cause) -> None:
    """The page names every cause of INVALID with its exit code."""
    assert f"| `{cause.label}` | {cause.code} |" in PAGE


@pytest.mark.parametrize("name", [*known_profiles(), *JOURNEYS])
def test_every_profile_and_journey_is_there(name: str) -> None:
    """The page has a line for every profile and every journey."""
    assert f"\n| `{name}` | " in PAGE


@pytest.mark.parametrize(
    ("allowed", "bad", "samples"),
    [(0.05, 0, 135), (0.01, 0, 688), (0.001, 0, 6905), (0.05, 1, 181), (0.01, 1, 920), (0.001, 1, 9230)],
)
def test_what_a_line_takes_to_be_proven(allowed: float, bad: int, samples: int) -> None:
    """The numbers of samples on the page are the smallest that prove their share at a level of 0.001."""
    assert f"{samples:,}" in PAGE
    assert stays_below(bad, samples, allowed) <= 0.001 < stays_below(bad, samples - 1, allowed)


@pytest.mark.parametrize(
    ("name", "seconds", "journey", "said"),
    [
        ("release", 60, "registering", "get 260 samples"),
        ("release", 60, "chatting", "111 samples of chatting"),
        ("release", 180, "registering", "836 registrations"),
        ("release", 600, "registering", "2,900 requests in ten minutes"),
        ("smoke", 20, "registering", "16 registrations in `smoke`"),
    ],
)
def test_as_many_samples_come_as_is_said(name: str, seconds: float, journey: str, said: str) -> None:
    """What the pages say a run proves, or can miss, rests on the arrivals that the profile has."""
    come = Counter(arrival.journey for arrival in arrivals(load_profile(name).scaled(lasting=seconds)))[journey]
    assert said in PAGE + STATISTICS
    assert 0 <= come - int("".join(re.findall(r"\d", said))) < 10


@pytest.mark.parametrize(
    ("cause", "limit"),
    [
        (Cause.GENERATOR_CPU, f"more than {share(Soundness().cpu)} of a core"),
        (Cause.GENERATOR_LAG, f"than {share(Soundness().lag)} of the smallest latency limit"),
        (Cause.CLOCKS_DISAGREE, f"more than {Soundness().clocks:g} s"),
        (Cause.RATE, f"less than {share(Soundness().rate)} of the arrivals"),
    ],
)
def test_the_limits_of_soundness_are_the_defaults(cause: Cause, limit: str) -> None:
    """The limits of the generator that the page tells are those of a profile that says nothing."""
    assert limit in next(row for row in PAGE.splitlines() if row.startswith(f"| `{cause.label}` | "))


def test_the_budget_on_the_page_is_one() -> None:
    """Every line of the page's example of a budget can be read."""
    text = PAGE.partition("## Budget")[2].split("```")[1]
    names = {name for journey in JOURNEYS.values() for name in (journey.name, *journey.measures)}
    budget = parse_budget(text, operations=labels(), journeys=names, guide=numbers(load_guide()))
    assert len(budget.lines) == 9
