"""A run that its leader may end when it is decided: by what, and what takes that back."""

import pytest

from loadtests.verdict import Outcome, judge
from tests.unit.load.conductor.simulated import BEGAN, ONE, OTHER, Run, Simulated, profile


def test_a_broken_limit_ends_a_run_that_may_end_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """With --stop-when-decided a clear NO-GO is not waited for; without it the profile is carried out."""
    early = Run([Simulated(ONE, errors=0.5)], profile(60), stop_when_decided=True)
    ended = early.conduct(monkeypatch)
    assert ended.verdict.outcome is Outcome.NO_GO
    assert ended.ended - ended.began < 15
    assert not ended.facts.interrupted
    assert any("--stop-when-decided" in note for note in ended.notes)
    whole = Run([Simulated(ONE, errors=0.5)], profile(60))
    ended = whole.conduct(monkeypatch)
    assert ended.verdict.outcome is Outcome.NO_GO
    assert ended.ended - ended.began > 59
    assert not any("--stop-when-decided" in note for note in ended.notes)


def test_nothing_is_decided_before_every_user_has_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the missing ones are to send is in no count yet, and asked for by nobody."""
    late = Simulated(ONE, errors=0.5, missing=lambda second: int(second < BEGAN + 20))
    ended = Run([late, Simulated(OTHER)], profile(60), stop_when_decided=True).conduct(monkeypatch)
    assert ended.verdict.outcome is Outcome.NO_GO
    assert 19 < ended.ended - ended.began < 25


def test_a_budget_that_holds_ends_such_a_run_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """GO comes as soon as it is certain."""
    run = Run([Simulated(ONE)], profile(300), stop_when_decided=True)
    ended = run.conduct(monkeypatch)
    assert ended.verdict.outcome is Outcome.GO, ended.verdict.reasons
    assert ended.ended - ended.began < 140


@pytest.mark.parametrize(("errors", "outcome"), [(0.0, Outcome.GO), (0.5, Outcome.NO_GO)])
def test_nothing_is_decided_by_a_generator_that_is_late(
    monkeypatch: pytest.MonkeyPatch, errors: float, outcome: Outcome
) -> None:
    """Two seconds in which it stood still are more than a hundredth until the two hundredth, and then no more."""
    member = Simulated(ONE, errors=errors)
    run = Run([member], profile(300), stop_when_decided=True)
    run.after(3, lambda _: setattr(member, "lag", 0.2))
    run.after(5, lambda _: setattr(member, "lag", 0.001))
    ended = run.conduct(monkeypatch)
    assert ended.verdict.outcome is outcome, ended.verdict.reasons
    assert 195 < ended.ended - ended.began < 210


@pytest.mark.parametrize("stop_when_decided", [False, True])
def test_a_run_that_had_its_whole_time_is_asked_how_it_ended(
    monkeypatch: pytest.MonkeyPatch, *, stop_when_decided: bool
) -> None:
    """Half a minute of twice as many errors as are allowed is no end of a GO, though it might have ended before."""
    member = Simulated(ONE)
    watched = profile(600, "each: errors <= guide\neach: share over guide, proven from 1 h")
    run = Run([member], watched, stop_when_decided=stop_when_decided)
    run.after(571, lambda _: setattr(member, "errors", 0.02))
    ended = run.conduct(monkeypatch)
    assert ended.ended - ended.began > 599
    assert ended.verdict.outcome is Outcome.INCONCLUSIVE
    assert "did not end as it ran" in str(ended.verdict.reasons)


def test_what_fails_in_the_drain_takes_a_decision_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that ended as decided is no GO if what was under way then failed."""
    run = Run([Simulated(ONE, errors_at_the_end=1.0)], profile(300), stop_when_decided=True)
    ended = run.conduct(monkeypatch)
    assert ended.ended - ended.began < 140
    assert ended.verdict.outcome is Outcome.INCONCLUSIVE, ended.verdict.reasons
    assert "decided, and is not any more" in str(ended.verdict.reasons)
    assert judge(run.profile.plan, ended.counts.tallies, ended.facts).outcome is not Outcome.GO


def test_a_run_that_might_have_ended_has_no_second_chance_at_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one look at the end would prove, a look every second did not: it stays open."""
    run = Run([Simulated(ONE, errors=0.5)], profile(5), stop_when_decided=True)
    ended = run.conduct(monkeypatch)
    assert judge(run.profile.plan, ended.counts.tallies, ended.facts).outcome is Outcome.NO_GO
    assert ended.verdict.outcome is Outcome.INCONCLUSIVE, ended.verdict.reasons
