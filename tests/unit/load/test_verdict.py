"""The verdict of a load run: what it takes for each outcome, and what prevails."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.statistics.bounds import exceeds
from fixtures.statistics.tally import Tally, merged
from loadtests.judging import Finding
from loadtests.soundness import Cause, Facts, Soundness, lag_quantile
from loadtests.verdict import EarlyStop, Outcome, judge
from tests.unit.load.judged import BOTH, ERRORS, SOUND, TWENTY, UNSOUND, counted, plan, run


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


def test_all_operations_are_called_so() -> None:
    """A reason is a sentence, and `*` stands in budgets only."""
    assert "all operations: 0 samples" in str(judge(ERRORS, {}, SOUND).reasons[0])


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


@pytest.mark.parametrize(
    ("bad", "outcome"),
    [(0, Outcome.GO), (2, Outcome.GO), (3, Outcome.INCONCLUSIVE), (30, Outcome.NO_GO)],
)
def test_what_is_watched_can_break_a_run_but_not_make_it(bad: int, outcome: Outcome) -> None:
    """Of 250 samples at most 1 % may be bad; no more than that is GO, more is open, and what is proven broken NO-GO."""
    judged = replace(plan("*: share over guide\neach: errors <= guide, proven from 3 min"), lasting=60.0)
    tally = Tally((1.0,))
    for second in range(50):
        tally.add(second, [0.1] * 5, int(second * bad / 50) - int((second - 1) * bad / 50) if second else 0)
    tally.add(50, [0.1], bad - tally.failed)
    assert judge(judged, {"chat sendMessage": tally}, SOUND).outcome is outcome


def test_nothing_proven_is_no_go_ahead() -> None:
    """A run that watches its whole budget proves nothing of it, and is INCONCLUSIVE."""
    judged = replace(plan("each: errors <= guide, proven from 3 min"), lasting=60.0)
    verdict = judge(judged, run(judged, seconds=1), SOUND)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert "too short" in str(verdict.reasons[0])


@pytest.mark.parametrize("facts", [SOUND, *UNSOUND.values()])
def test_what_is_somebody_elses_is_no_go_however_rare_it_is(facts: Facts) -> None:
    """That people are mixed up once among thousands is within every share, and no release: sound run or not."""
    mixed = replace(facts, mixed_up=("browsing: somebody else's user_id (1 times)",))
    verdict = judge(BOTH, run(BOTH, rate=500), mixed)
    assert (verdict.outcome, verdict.exit_code) == (Outcome.NO_GO, 1)
    assert verdict.reasons[0].text.endswith("browsing: somebody else's user_id (1 times)")
    assert EarlyStop(BOTH).verdict({}, mixed).outcome is Outcome.NO_GO


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


@pytest.mark.parametrize("nan", ["generator_cpu", "start_lag", "loop_lag", "clock_disagreement", "clock_moved"])
def test_what_was_not_measured_is_not_sound(nan: str) -> None:
    """A measurement that is not a number fails closed."""
    facts = replace(SOUND, **{nan: float("nan")})  # type: ignore[arg-type]  # each of these is a float
    assert judge(BOTH, run(BOTH, rate=500), facts).outcome is Outcome.INVALID


def test_the_lag_allowed_is_a_share_of_the_smallest_limit() -> None:
    """A generator that is 5 ms late is sound for a limit of a second, not for one of 200 ms."""
    late = replace(SOUND, loop_lag=0.005)
    assert judge(BOTH, run(BOTH, rate=500), late).outcome is Outcome.GO
    strict = plan("*: p99 <= 200 ms")
    assert judge(strict, run(strict, rate=500), late).exit_code == Cause.GENERATOR_LAG.code
    tolerant = replace(strict, soundness=Soundness(lag=0.05))
    assert judge(tolerant, run(strict, rate=500), late).outcome is Outcome.GO


@pytest.mark.parametrize(
    ("text", "quantile", "called"),
    [
        ("each: errors <= 0.1 %", 0.99, "p99"),
        ("each: share over guide", 0.99, "p99"),
        ("each: p99 <= 1 s", 0.995, "p99.5"),
        ("each: share over guide\n*: p99.9 <= 500 ms", 0.9995, "p99.95"),
    ],
)
def test_lag_is_judged_as_far_out_as_the_budget_asks(text: str, quantile: float, called: str) -> None:
    """A generator that is late half as often as a line allows answers to be slow is no judge of that line."""
    judged = plan(text)
    assert lag_quantile(judged.budget) == pytest.approx(quantile)
    [reason] = judge(judged, run(judged, rate=500), replace(SOUND, start_lag=2.4)).reasons
    assert f"2.4 s late ({called})" in reason.text


def test_how_late_it_was_is_told_as_people_read_it() -> None:
    """Seconds are seconds, and no number is written with an exponent."""
    [reason] = judge(BOTH, run(BOTH, rate=500), replace(SOUND, start_lag=2.4)).reasons
    assert reason.text == "arrivals were started 2.4 s late (p99), allowed 10 ms"
    [reason] = judge(BOTH, run(BOTH, rate=500), UNSOUND[Cause.CLOCKS_DISAGREE]).reasons
    assert reason.text == "the workers' clocks disagree by 500 ms, allowed 100 ms"


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


@pytest.mark.parametrize("cause", [Cause.GENERATOR_EXHAUSTED, Cause.GENERATOR_CPU, Cause.GENERATOR_LAG])
def test_the_generator_s_own_delay_is_not_the_platform_s_fault(cause: Cause) -> None:
    """What a late generator measured contains its own delay: it breaks nothing, and is not judged at all."""
    verdict = judge(BOTH, run(BOTH, errors=0.05, slow=0.5, rate=500), UNSOUND[cause])
    assert verdict.exit_code == cause.code
    assert {answer.finding for answer in verdict.answers} == {Finding.OPEN}
    assert str(verdict.answers[0]).endswith("allowed 1.000%: not judged: the generator was late or had run out")


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
    assert ended.reasons[0].text == "the run was ended early: SIGTERM"
    before_it_began = replace(SOUND, arrivals_asked=0, arrivals_started=0, interrupted="Ctrl-C")
    assert judge(judged, {}, before_it_began).outcome is Outcome.INCONCLUSIVE


def test_an_undecided_run_says_how_many_more() -> None:
    """INCONCLUSIVE comes with the number of samples that would settle it, and they do."""
    tallies = run(ERRORS, seconds=5, rate=60)
    verdict = judge(ERRORS, tallies, SOUND)
    [answer] = verdict.answers
    assert (verdict.outcome, answer.bad) == (Outcome.INCONCLUSIVE, 0)
    assert answer.more is not None
    assert f"{answer.more} more samples would settle it" in str(verdict.reasons[0])
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


def test_what_one_question_alone_would_prove_twenty_do_not() -> None:
    """Nine of 200 against 1 % come about once in five thousand: too often for one of twenty, and not for one."""
    tallies = {name: Tally() for name in TWENTY}
    for second in range(10):
        for name, tally in tallies.items():
            tally.add(second, [0.1] * 20, int(name == "chat operation7" and second > 0))
    one = frozenset({"chat operation7"})
    p_value = exceeds(9, 200, 0.01)
    assert 0.001 / 20 < p_value < 0.001
    assert judge(plan("each: errors <= guide", one), tallies, SOUND).outcome is Outcome.NO_GO
    assert judge(plan("each: errors <= guide", TWENTY), tallies, SOUND).outcome is not Outcome.NO_GO


def test_a_proof_for_which_others_left_the_level_says_that_the_share_is_outside() -> None:
    """Where nineteen are proven broken, none shares the level with the last, and its interval begins at its limit."""
    tallies = {name: counted((10, 20, 20)) for name in TWENTY}
    tallies["chat operation7"] = counted((1, 20, 0), (9, 20, 1))
    answers = judge(plan("each: errors <= guide", TWENTY), tallies, SOUND).answers
    assert {(answer.finding, answer.more) for answer in answers} == {(Finding.BROKEN, 0)}
    assert min(answer.lower for answer in answers) == 0.01


def test_clumped_errors_are_worth_less() -> None:
    """The same 2 % prove nothing when they came in two seconds of sixty."""
    even, clumped = Tally(), Tally()
    for second in range(60):
        even.add(second, [0.1] * 100, 2)
        clumped.add(second, [0.1] * 100, 60 if second in {20, 40} else 0)
    assert judge(ERRORS, {"chat sendMessage": even}, SOUND).outcome is Outcome.NO_GO
    verdict = judge(ERRORS, {"chat sendMessage": clumped}, SOUND)
    assert verdict.outcome is Outcome.INCONCLUSIVE
    assert str(verdict.answers[0]) == (
        "*: errors <= guide: 120 of 6000 (2.000%), between 0.045% and 10.745%, allowed 1.000%: open; "
        "bad ones clump 60.2 times; 70901 more samples would settle it"
    )


@pytest.mark.parametrize(
    ("parts", "outcome", "more"),
    [
        ([(1, 3, 3)], Outcome.INCONCLUSIVE, 10),
        ([(9, 1, 1)], Outcome.INCONCLUSIVE, 10),
        ([(1, 1000, 1000)], Outcome.INCONCLUSIVE, 10),
        ([(1, 9, 4)], Outcome.INCONCLUSIVE, 10),
        ([(1, 10, 10), (1, 4, 4)], Outcome.NO_GO, 0),
        ([(1, 10, 10), (1, 10, 9)], Outcome.NO_GO, 0),
    ],
)
def test_one_block_breaks_nothing(parts: list[tuple[int, int, int]], outcome: Outcome, more: int) -> None:
    """What fails in one second is one event, however much it is; two blocks can be compared."""
    verdict = judge(ERRORS, {"chat sendMessage": counted(*parts)}, SOUND)
    [answer] = verdict.answers
    assert (verdict.outcome, answer.more) == (outcome, more)
    assert (answer.lower <= answer.question.allowed) == (outcome is Outcome.INCONCLUSIVE)


def test_at_the_limit_itself_no_number_of_samples_settles_it() -> None:
    """Nobody is told to run longer for what would stay open."""
    [answer] = judge(ERRORS, {"chat sendMessage": counted((100, 100, 1))}, SOUND).answers
    assert str(answer).endswith("allowed 1.000%: open; no number of samples settles it")


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
