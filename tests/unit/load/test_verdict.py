"""The verdict of a load run: what it takes for each outcome, and what prevails."""

from dataclasses import replace
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.statistics.tally import Tally, merged
from loadtests.budgets.grammar import parse_budget
from loadtests.budgets.model import GuideNumbers
from loadtests.budgets.questions import limits
from loadtests.judging import Finding
from loadtests.verdict import Cause, EarlyStop, Facts, Outcome, Plan, Soundness, Verdict, judge

GUIDE = GuideNumbers(slow=Decimal(1), slow_share=Decimal(5), error_share=Decimal(1), availability=Decimal("99.9"))
TWENTY = frozenset(f"chat operation{index}" for index in range(20))
SOUND = Facts(
    workers_expected=2,
    workers_lost=(),
    arrivals_asked=10_000,
    arrivals_started=10_000,
    arrivals_refused=0,
    generator_cpu=0.4,
    start_lag_p99=0.0001,
    loop_lag_p99=0.0001,
    clock_disagreement=0.001,
    target_changes=(),
)
UNSOUND = {
    Cause.NOT_PREPARED: replace(SOUND, unable=("worker-2: no people: status 503",)),
    Cause.TARGET_CHANGED: replace(SOUND, target_changes=("chat: slot green, then blue",)),
    Cause.WORKER_LOST: replace(SOUND, workers_lost=("worker-2",)),
    Cause.GENERATOR_CPU: replace(SOUND, generator_cpu=0.97),
    Cause.GENERATOR_LAG: replace(SOUND, start_lag_p99=0.02),
    Cause.CLOCKS_DISAGREE: replace(SOUND, clock_disagreement=0.5),
    Cause.NOT_STARTED: replace(SOUND, arrivals_refused=1),
    Cause.RATE: replace(SOUND, arrivals_started=9_800),
}


def plan(text: str, called: frozenset[str] = frozenset({"chat sendMessage"})) -> Plan:
    budget = parse_budget(text, operations=called, journeys=("delivery",), guide=GUIDE)
    return Plan(budget, called)


ERRORS = plan("*: errors <= guide")
BOTH = plan("each: errors <= guide\neach: share over guide")


def run(  # noqa: PLR0913 - a platform has that many sides
    judged: Plan, *, seconds: int = 60, rate: int = 100, errors: float = 0.0, slow: float = 0.0, seed: int = 1
) -> dict[str, Tally]:
    """What a platform with these shares does to every operation."""
    random, tallies = Random(seed), {}
    for name in sorted(judged.called):
        tally = tallies[name] = Tally(limits(judged.budget))
        for second in range(seconds):
            tally.add(
                second,
                [1.5 if random.random() < slow else 0.05 for _ in range(rate)],
                sum(random.random() < errors for _ in range(rate)),
            )
    return tallies


@pytest.mark.parametrize(
    ("errors", "slow", "outcome"),
    [
        (0.0, 0.0, Outcome.GO),
        (0.002, 0.02, Outcome.GO),
        (0.015, 0.02, Outcome.NO_GO),
        (0.002, 0.06, Outcome.NO_GO),
        (1.0, 0.0, Outcome.NO_GO),
        (0.01, 0.02, Outcome.INCONCLUSIVE),
    ],
)
def test_shares_are_judged_by_the_guide(errors: float, slow: float, outcome: Outcome) -> None:
    """1.5 % errors or 6 % slow are NO-GO, less than the limits GO, and at the limit itself nobody knows."""
    verdict = judge(BOTH, run(BOTH, errors=errors, slow=slow, rate=500), SOUND)
    assert verdict.outcome is outcome
    assert verdict.exit_code == {Outcome.GO: 0, Outcome.NO_GO: 1, Outcome.INCONCLUSIVE: 75}[outcome]


def test_nothing_sent_is_never_a_pass() -> None:
    """With no requests at all every limit is kept, and the run is INVALID."""
    for tallies in ({}, {"chat sendMessage": Tally((1.0,))}):
        verdict = judge(BOTH, tallies, SOUND)
        assert verdict.outcome is Outcome.INVALID
        assert verdict.exit_code == Cause.MINIMUM_EVIDENCE.code
    assert judge(ERRORS, {}, replace(SOUND, arrivals_asked=0, arrivals_started=0)).outcome is Outcome.INVALID


def test_a_budget_that_asks_nothing_of_the_run_is_invalid() -> None:
    """`each` of no operation is no question."""
    verdict = judge(plan("each: errors <= 1 %", frozenset()), {}, SOUND)
    assert (verdict.outcome, verdict.exit_code) == (Outcome.INVALID, Cause.MINIMUM_EVIDENCE.code)


def test_one_operation_without_samples_makes_the_run_invalid() -> None:
    """What was asked of an operation that was never sent is not answered by the others."""
    judged = plan("each: errors <= guide", frozenset({"chat sendMessage", "chat listMessages"}))
    tallies = run(judged)
    del tallies["chat listMessages"]
    verdict = judge(judged, tallies, SOUND)
    assert verdict.outcome is Outcome.INVALID
    assert "chat listMessages: 0 samples" in str(verdict.reasons[0])


@pytest.mark.parametrize("cause", UNSOUND, ids=lambda cause: cause.label)
def test_an_unsound_run_is_invalid_and_names_its_cause(cause: Cause) -> None:
    """Each thing that makes counts meaningless has an outcome, a cause and an exit code of its own."""
    verdict = judge(BOTH, run(BOTH, rate=500), UNSOUND[cause])
    assert verdict.outcome is Outcome.INVALID
    assert verdict.exit_code == cause.code
    assert [reason.cause for reason in verdict.reasons] == [cause]


def test_every_cause_has_an_exit_code_of_its_own() -> None:
    """From 64 up, none twice, none that means something else."""
    codes = [cause.code for cause in Cause]
    assert len(set(codes)) == len(codes)
    assert all(code >= 64 and code != 75 for code in codes)
    assert UNSOUND.keys() | {Cause.MINIMUM_EVIDENCE} == set(Cause)


@pytest.mark.parametrize("nan", ["generator_cpu", "start_lag_p99", "loop_lag_p99", "clock_disagreement"])
def test_what_was_not_measured_is_not_sound(nan: str) -> None:
    """A measurement that is not a number fails closed."""
    facts = replace(SOUND, **{nan: float("nan")})  # type: ignore[arg-type]  # each of these is a float
    assert judge(BOTH, run(BOTH, rate=500), facts).outcome is Outcome.INVALID


def test_the_lag_allowed_is_a_share_of_the_smallest_limit() -> None:
    """A generator that is 5 ms late is sound for a limit of a second, not for one of 200 ms."""
    late = replace(SOUND, loop_lag_p99=0.005)
    assert judge(BOTH, run(BOTH, rate=500), late).outcome is Outcome.GO
    strict = plan("*: p99 <= 200 ms")
    assert judge(strict, run(strict, rate=500), late).exit_code == Cause.GENERATOR_LAG.code
    tolerant = replace(strict, soundness=Soundness(lag=0.05))
    assert judge(tolerant, run(strict, rate=500), late).outcome is Outcome.GO


def test_the_rate_asked_is_the_budget_s() -> None:
    """A line of the budget says how much of the asked rate must be reached, instead of 99 %."""
    text = "*: errors <= guide\n*: rate >= 97 % of asked"
    assert judge(plan(text), run(plan(text)), UNSOUND[Cause.RATE]).outcome is Outcome.GO


def test_a_proven_breach_prevails_over_everything() -> None:
    """NO-GO, then INVALID, then INCONCLUSIVE; what is not the outcome is still among the reasons."""
    facts = replace(UNSOUND[Cause.WORKER_LOST], interrupted="Ctrl-C")
    verdict = judge(BOTH, run(BOTH, errors=0.05, slow=0.05, rate=500), facts)
    assert verdict.outcome is Outcome.NO_GO
    outcomes = [reason.outcome for reason in verdict.reasons]
    assert outcomes == sorted(outcomes, key=list(Outcome).index)
    assert set(outcomes) == {Outcome.NO_GO, Outcome.INVALID, Outcome.INCONCLUSIVE}


@pytest.mark.parametrize("cause", [Cause.GENERATOR_CPU, Cause.GENERATOR_LAG])
def test_the_generator_s_own_delay_is_not_the_platform_s_fault(cause: Cause) -> None:
    """What a late generator measured contains its own delay: it breaks nothing, and more samples settle nothing."""
    verdict = judge(BOTH, run(BOTH, errors=0.05, slow=0.5, rate=500), UNSOUND[cause])
    assert verdict.exit_code == cause.code
    assert {answer.finding for answer in verdict.answers} == {Finding.OPEN}
    assert "no number of samples settles it" in str(verdict.answers[0])


def test_what_holds_in_spite_of_the_generator_s_delay_holds() -> None:
    """A delay only adds to latencies, so what is inside its limit with it is inside without."""
    verdict = judge(BOTH, run(BOTH, rate=500), UNSOUND[Cause.GENERATOR_LAG])
    assert verdict.outcome is Outcome.INVALID
    assert {answer.finding for answer in verdict.answers} == {Finding.HOLDS}


def test_too_few_samples_are_invalid_and_after_an_interruption_inconclusive() -> None:
    """The minimum evidence is missing; but who ended a run early knows why, and it was sound."""
    judged = plan("*: errors <= guide\n*: samples >= 100000")
    tallies = run(judged, rate=200)
    assert judge(judged, tallies, SOUND).exit_code == Cause.MINIMUM_EVIDENCE.code
    ended = judge(judged, tallies, replace(SOUND, interrupted="SIGTERM"))
    assert ended.outcome is Outcome.INCONCLUSIVE
    assert "SIGTERM" in str(ended.reasons)
    before_it_began = replace(SOUND, arrivals_asked=0, arrivals_started=0, interrupted="Ctrl-C")
    assert judge(judged, {}, before_it_began).outcome is Outcome.INCONCLUSIVE


def test_an_undecided_run_says_how_many_more() -> None:
    """INCONCLUSIVE comes with the number of samples that would settle it, and they do."""
    tallies = run(ERRORS, seconds=5, rate=60)
    verdict = judge(ERRORS, tallies, SOUND)
    [answer] = verdict.answers
    assert (verdict.outcome, answer.bad) == (Outcome.INCONCLUSIVE, 0)
    assert answer.more is not None
    assert f"{answer.more} samples more settle it" in str(verdict.reasons[0])
    tallies["chat sendMessage"].add(5, [0.05] * answer.more)
    assert judge(ERRORS, tallies, SOUND).outcome is Outcome.GO


def test_one_slow_operation_among_twenty_is_found_and_named() -> None:
    """Each operation is judged by itself, and the report names the one."""
    judged = plan("each: share over guide", TWENTY)
    tallies = run(judged, rate=30) | run(plan("each: share over guide", frozenset({"chat operation7"})), slow=0.2)
    verdict = judge(judged, tallies, SOUND)
    assert verdict.outcome is Outcome.NO_GO
    assert [reason.text for reason in verdict.reasons if "chat operation7" in reason.text] == [verdict.reasons[0].text]
    assert "20 questions share the level" in verdict.sharing


def test_twenty_operations_at_their_limit_do_not_multiply_false_alarms() -> None:
    """In 300 runs of twenty operations at exactly 1 % errors, one alarm is already rare."""
    judged = plan("each: errors <= guide", TWENTY)
    alarms = 0
    for seed in range(300):
        random, tallies = Random(seed), {}
        for name in sorted(TWENTY):
            tallies[name] = Tally()
            for second in range(10):
                tallies[name].add(second, [0.1] * 20, sum(random.random() < 0.01 for _ in range(20)))
        alarms += judge(judged, tallies, SOUND).outcome is Outcome.NO_GO
    assert alarms <= 3


def test_clumped_errors_are_worth_less() -> None:
    """The same 2 % prove nothing when they came in two seconds of sixty."""
    even, clumped = Tally(), Tally()
    for second in range(60):
        even.add(second, [0.1] * 100, 2)
        clumped.add(second, [0.1] * 100, 60 if second in {20, 40} else 0)
    assert judge(ERRORS, {"chat sendMessage": even}, SOUND).outcome is Outcome.NO_GO
    verdict = judge(ERRORS, {"chat sendMessage": clumped}, SOUND)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "clump" in str(verdict.reasons[0])


workers = st.lists(
    st.lists(st.tuples(st.integers(0, 20), st.integers(1, 400), st.floats(0, 0.1)), max_size=8), min_size=1, max_size=4
)


@given(workers, st.randoms(use_true_random=False))
def test_the_verdict_does_not_depend_on_who_counted(
    counted: list[list[tuple[int, int, float]]], random: Random
) -> None:
    """One worker or four, in any order: the same counts give the same verdict, digit for digit."""
    parts = []
    for worker in counted:
        tally = Tally()
        for second, n, share in worker:
            tally.add(second, [0.1] * n, int(n * share))
        parts.append(tally)
    verdict = judge(ERRORS, _as_run(parts), SOUND)
    random.shuffle(parts)
    assert judge(ERRORS, _as_run(Tally.decode(part.encode()) for part in parts), SOUND) == verdict


def _as_run(parts: object) -> dict[str, Tally]:
    total = merged(parts)  # type: ignore[arg-type]  # any iterable of tallies
    return {} if total is None else {"chat sendMessage": total}


facts = st.builds(
    replace,
    st.sampled_from([SOUND, SOUND, *UNSOUND.values()]),
    interrupted=st.sampled_from(["", "Ctrl-C"]),
)


@given(st.integers(0, 20_000), st.floats(0, 0.03), facts)
def test_the_outcome_is_that_of_the_first_reason_and_go_needs_all(n: int, share: float, how: Facts) -> None:
    """GO only when every question holds, the run was sound and nobody ended it; NO-GO only when one is broken."""
    tally = Tally()
    tally.add(0, [0.1] * n, int(n * share))
    verdict = judge(ERRORS, {"chat sendMessage": tally}, how)
    findings = {answer.finding for answer in verdict.answers}
    sound = how == SOUND
    assert (verdict.outcome is Outcome.GO) == (sound and findings == {Finding.HOLDS})
    assert (verdict.outcome is Outcome.NO_GO) == (Finding.BROKEN in findings)
    assert verdict.outcome is verdict.reasons[0].outcome
    assert (verdict.exit_code == 0) == (verdict.outcome is Outcome.GO)
    for answer in verdict.answers:
        assert answer.finding is not Finding.BROKEN or answer.lower >= answer.question.allowed
        assert answer.finding is not Finding.HOLDS or answer.upper <= answer.question.allowed + 1e-9


def follow(judged: Plan, tallies: dict[str, Tally], seconds: int, how: Facts = SOUND) -> tuple[int, Verdict]:
    """When the run could end, and its verdict then."""
    early = EarlyStop(judged)
    for second in range(1, seconds + 1):
        if early.advance(tallies, second):
            return second, early.verdict(tallies, how)
    return seconds, early.verdict(tallies, how)


@pytest.mark.parametrize(
    ("errors", "slow", "outcome", "within"),
    [
        (0.0, 0.0, Outcome.GO, 20),
        (0.001, 0.01, Outcome.GO, 40),
        (0.05, 0.0, Outcome.NO_GO, 15),
        (0.0, 0.2, Outcome.NO_GO, 15),
        (1.0, 0.0, Outcome.NO_GO, 10),
    ],
)
def test_a_run_may_end_when_it_is_decided(errors: float, slow: float, outcome: Outcome, within: int) -> None:
    """Clear cases end in seconds, with the verdict that the whole run has."""
    tallies = run(BOTH, seconds=120, errors=errors, slow=slow)
    second, verdict = follow(BOTH, tallies, 120)
    assert verdict.outcome is outcome is judge(BOTH, tallies, SOUND).outcome
    assert second <= within
    assert "Bounded at every look" in verdict.sharing


def test_an_undecided_run_goes_on_to_its_end() -> None:
    """At the limit itself nothing is decided early, and the report says that nothing would, or how many."""
    tallies = run(ERRORS, seconds=60, errors=0.01)
    second, verdict = follow(ERRORS, tallies, 60)
    assert (second, verdict.outcome) == (60, Outcome.INCONCLUSIVE)
    [answer] = verdict.answers
    assert answer.lower < 0.01 < answer.upper


@pytest.mark.parametrize(("failed", "ends"), [(0, 50), (60, 7)])
def test_good_news_waits_for_the_minimum_and_bad_news_does_not(failed: int, ends: int) -> None:
    """A run that holds everything goes on until its minimum of samples; a broken limit ends it at once."""
    early = EarlyStop(plan("*: errors <= guide\n*: samples >= 5000"))
    tallies, second = {"chat sendMessage": Tally()}, 0
    while not early.advance(tallies, second):
        tallies["chat sendMessage"].add(second, [0.1] * 100, failed)
        second += 1
    assert second == ends


def test_following_a_run_alarms_rarely_at_the_limit() -> None:
    """Looked at every second for a minute, 300 runs at exactly the limit are hardly ever stopped as broken."""
    alarms = 0
    for seed in range(300):
        tallies = run(ERRORS, seconds=60, rate=20, errors=0.01, seed=seed)
        alarms += follow(ERRORS, tallies, 60)[1].outcome is Outcome.NO_GO
    assert alarms <= 2


def test_nothing_followed_is_nothing_proven() -> None:
    """Before the first second, and with no tally, there is no answer and no end."""
    early = EarlyStop(ERRORS)
    assert not early.advance({}, 0)
    verdict = early.verdict({}, SOUND)
    assert verdict.outcome is Outcome.INVALID
    assert "nothing was counted" in str(verdict.reasons)
    assert verdict.answers[0].share is None


def test_a_second_is_bet_on_once() -> None:
    """Looking at the same seconds again adds no evidence."""
    tallies = run(ERRORS, seconds=5, errors=1.0)
    early = EarlyStop(ERRORS)
    assert not any(early.advance(tallies, 5) for _ in range(50))
