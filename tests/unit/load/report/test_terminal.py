"""What a load run says in the terminal."""

import math
import re
from dataclasses import replace

import pytest
from jsonschema import Draft202012Validator

from fixtures.runs.redaction import register_secret
from loadtests.counts import NEVER
from loadtests.judging import Answer
from loadtests.profiles.quantities import DURATION
from loadtests.report.advice import meaning, steps
from loadtests.report.document import NOBODY
from loadtests.report.page import page
from loadtests.report.terminal import closing_lines, live_lines, opening_line, worst_of
from loadtests.soundness import Cause
from loadtests.verdict import PROVES_NOTHING, Outcome
from tests.unit.load.judged import SOUND, UNSOUND
from tests.unit.load.report import runs
from tests.unit.load.report.test_verdict import ALL, EMPTY, RUNS, SCHEMA, written


def closing(name: str) -> str:
    return "\n".join(closing_lines(ALL[name], "runs/x"))


@pytest.mark.parametrize("name", ALL)
def test_the_last_lines_say_what_the_exit_code_says(name: str) -> None:
    """Verdict, exit code, meaning, reasons, what to do next and the folder are there, whatever became of the run."""
    run, text = ALL[name], closing(name)
    assert f"VERDICT  {run.verdict.outcome}  (exit code {run.verdict.exit_code})" in text
    assert meaning(run) in text
    assert text.index("why:") < text.index("next:") < text.index(f"run {run.run}: runs/x")


def test_a_run_says_what_it_does_to_whom_before_and_afterwards() -> None:
    """Whoever has named the wrong environment sees it while nothing is done yet."""
    run = RUNS[Outcome.GO]
    told = "release for 1 min against local (https://127.0.0.1:8443); 400 people are made first"
    assert opening_line(run.profile, run.environment) == told
    assert "people" not in opening_line(replace(run.profile, people=0), run.environment)
    assert "\nrelease against local (https://127.0.0.1:8443): 1 min, 100 arrivals a second" in closing(Outcome.GO)


def test_causes_come_before_reasons() -> None:
    """Of a broken budget the sick service is named first, and whom the guide says to call."""
    text = closing(Outcome.NO_GO)
    assert text.index("1. chat:") < text.index("why:")
    assert "call (deployment guide, Contact Information): on-call engineer +1-555-0100" in text
    assert "call (" not in closing(Outcome.GO)


def test_people_who_are_mixed_up_are_no_matter_of_the_budget() -> None:
    """The report does not say that the budget is broken, nor where to look for what broke it."""
    text = "\n".join(closing_lines(ALL["mixed up"], "runs/x"))
    assert "VERDICT  NO-GO  (exit code 1)  The platform gives people what is somebody else's." in text
    assert "browsing: somebody else's email (1 time)" in text
    assert "incident of security" in text
    assert live_lines(ALL["mixed up"])[-1] == f"  {NOBODY}: broken: browsing: somebody else's email (1 time)"
    assert re.search(f"{NOBODY}.*?browsing: somebody else's email.*?>broken<", page(ALL["mixed up"]))
    assert "Look first at" not in text


def test_what_was_simulated_is_not_proven() -> None:
    """GO on a platform with simulated parts says which; on one that is real throughout there is nothing to say."""
    real = replace(RUNS[Outcome.GO], environment={**runs.ENVIRONMENT, "provenance": {"kafka": "real"}})
    assert "Do not take it as proof of what was simulated here: kafka." in closing(Outcome.GO)
    assert "simulated" not in "\n".join(closing_lines(real, "runs/x"))


def test_what_did_not_count_is_told() -> None:
    """Refused and missing arrivals, lost workers and subjects without samples are told."""
    text = closing(Outcome.INVALID)
    assert "arrivals that were due and had no place" in text
    assert "what worker-2 counted while it was away" in text
    assert "  nothing at all was counted\n" in closing("empty")
    run = RUNS[Outcome.GO]
    first, second, *rest = run.verdict.answers
    silent = (replace(first, samples=0), replace(second, samples=0), *rest)
    some = replace(run, verdict=replace(run.verdict, answers=silent))
    assert "  nothing at all was counted of: all operations\n" in "\n".join(closing_lines(some, "runs/x"))
    late = replace(EMPTY, facts=replace(EMPTY.facts, arrivals_asked=12_000, arrivals_started=2))
    assert "11,998 arrivals that were asked for and not started" in "\n".join(closing_lines(late, None))


def test_what_is_only_watched_is_no_praise() -> None:
    """A GO that proves a part of the budget says which part it leaves open, line by line, and how to prove it."""
    text = closing("watched")
    assert "holds what so short a run can prove" in text
    assert "1 of 6 questions of the budget hold; 5 are not proven either way" in text
    assert "not proven either way, and need not be in 4 s:" in text
    assert "each: errors <= guide, proven from 3 min (4 operations, rarest " in text
    assert "0 of 400 bad, in truth at most 1.71 %; 288 more samples would prove it" in text
    assert "let a run last 3 min or more" in text
    assert "not proven" not in closing(Outcome.GO)


def test_long_lists_are_counted() -> None:
    """More reasons than a screen holds are counted."""
    run = replace(EMPTY, verdict=replace(EMPTY.verdict, reasons=EMPTY.verdict.reasons * 3))
    assert "more, in the run's folder" in "\n".join(closing_lines(run, "runs/x"))


def test_a_folder_that_could_not_be_written_is_told() -> None:
    """Without a folder the last line says so, and the one step is to mend that, unless the platform is broken."""
    assert closing_lines(EMPTY, None)[-1].endswith("no folder could be written")
    step = "1. Make room for the evidence, or name another folder (--run-folder), then run again."
    unwritten = "\n".join(closing_lines(RUNS[Outcome.GO], None))
    assert step in unwritten
    assert "  2. " not in unwritten
    assert "Make room" not in "\n".join(closing_lines(RUNS[Outcome.NO_GO], None)) + closing(Outcome.GO)


@pytest.mark.parametrize(("outcome", "code"), [(Outcome.GO, 0), (Outcome.INCONCLUSIVE, 75)])
def test_without_its_evidence_a_verdict_is_what_the_process_ends_with(outcome: Outcome, code: int) -> None:
    """The line has the code of a folder that cannot be written, and what it would have been; NO-GO stays NO-GO."""
    line = next(line for line in closing_lines(RUNS[outcome], None) if line.startswith("VERDICT"))
    assert line.startswith("VERDICT  INVALID  (exit code 70)  ")
    assert line.endswith(f"it would have been {outcome} (exit code {code}).")
    assert "VERDICT  NO-GO  (exit code 1)" in "\n".join(closing_lines(RUNS[Outcome.NO_GO], None))


@pytest.mark.parametrize("cause", Cause, ids=lambda cause: cause.label)
def test_every_cause_has_a_next_step(cause: Cause) -> None:
    """Whatever made a run INVALID, there is something to do about it, and it is said in the report."""
    world = {Cause.NOT_STARTED: runs.STARVED, Cause.RATE: runs.STARVED, Cause.MINIMUM_EVIDENCE: runs.EMPTY}
    run = runs.load_run(replace(world.get(cause, runs.HEALTHY), metrics=False), facts=UNSOUND.get(cause, SOUND))
    text = "\n".join(closing_lines(run, "runs/x"))
    assert run.verdict.outcome is Outcome.INVALID
    assert f"{cause.label}: " in text
    assert Draft202012Validator(SCHEMA).is_valid(written(run))
    assert "next:\n  1. " in text


@pytest.mark.parametrize(
    "stopped",
    [{"unable": ("local: no answer from https://127.0.0.1:1",)}, {"workers_lost": ("worker-2: no heartbeat",)}],
)
def test_what_follows_from_a_run_that_never_began_is_folded_under_its_cause(stopped: dict[str, tuple[str]]) -> None:
    """Who could not begin asked nothing and counted nothing: there is one reason, and one thing to do."""
    run = runs.load_run(runs.EMPTY, facts=replace(SOUND, **stopped))  # type: ignore[arg-type]  # both are texts
    told = "\n".join(closing_lines(run, "runs/x"))
    assert "rate-not-reached" not in told
    assert "minimum-evidence" not in told
    assert "  so no arrival was asked for, and too little was counted\n" in told
    assert "  nothing at all was counted\nnext:" in told
    assert len(steps(run)) == 1
    assert len(written(run)["reasons"]) > 2


def test_of_a_run_ended_before_anything_was_asked_only_that_is_told() -> None:
    """As by Ctrl-C while people are made: what is missing then follows, for each subject, and is no news."""
    run = runs.load_run(runs.EMPTY, facts=replace(SOUND, interrupted="Ctrl-C"))
    told = "\n".join(closing_lines(run, "runs/x"))
    follows = "so no arrival was asked for, and too little was counted"
    assert f"why:\n  the run was ended early: Ctrl-C\n  {follows}\n" in told
    assert "asked for" not in told.replace("no arrival was asked for", "")
    assert len(written(run)["reasons"]) > 2


def test_a_run_ended_early_is_to_be_repeated() -> None:
    """Whoever interrupts is told that nothing is proven and to run again; what is open then only follows."""
    text = closing("interrupted")
    assert "why:\n  the run was ended early: Ctrl-C\n  beside that, 2 questions of the budget are open\n" in text
    assert "next:\n  1. Run again to the end: it was ended early.\n" in text
    assert "  2. " not in text


def test_a_platform_that_is_broken_is_asked_for_no_longer_run() -> None:
    """What was never seen of it may be missing by what broke it."""
    asked = runs.profile("*: errors <= guide\nchatting: samples >= 9000")
    run = runs.load_run(replace(runs.HEALTHY, errors=0.5), asked)
    assert run.verdict.outcome is Outcome.NO_GO
    told = "\n".join(closing_lines(run, "runs/x"))
    assert "INVALID, minimum-evidence: " in told
    assert "Run longer" not in told


def test_a_run_that_its_own_cause_ended_was_ended_by_nobody() -> None:
    """Of a run that a lost worker ended, the worker is told; that it ended early, and what is missing, is no news."""
    facts = replace(SOUND, workers_lost=("worker-2: no heartbeat",), interrupted=PROVES_NOTHING)
    asked = runs.profile("*: errors <= guide\nchatting: samples >= 9000")
    run = runs.load_run(replace(runs.HEALTHY, seconds=9), asked, facts)
    told = "\n".join(closing_lines(run, "runs/x"))
    assert "worker-lost" in told
    assert "ended early" not in told
    assert "asked for" not in told


def test_what_lies_at_its_limit_is_not_sent_to_longer_runs() -> None:
    """Where no number of samples settles a question, that is said instead of a time."""
    run = RUNS[Outcome.INCONCLUSIVE]
    answers = tuple(replace(answer, more=None) for answer in run.verdict.answers)
    text = "\n".join(closing_lines(replace(run, verdict=replace(run.verdict, answers=answers)), "runs/x"))
    assert "no number of samples settles it" in text
    assert "longer at this rate" not in text
    far = tuple(replace(answer, bad=answer.samples // 2) for answer in answers)
    text = "\n".join(closing_lines(replace(run, verdict=replace(run.verdict, answers=far)), "runs/x"))
    assert "Run again without --stop-when-decided, and no shorter: '" in text
    assert "lies at its limit" not in text
    told = r"about (\d+) min (\d+) s longer at this rate \(--for \"(.*?)\"\)"
    longer = re.search(told, closing(Outcome.INCONCLUSIVE))
    assert longer is not None

    def falls_short(seconds: float, answer: Answer) -> bool:
        expected = answer.samples / (run.ended - run.began) * seconds
        return expected - 2 * math.sqrt(expected) < answer.samples + (answer.more or 0)

    still, seconds = [answer for answer in run.verdict.answers if answer.more], DURATION.parse(longer[3])
    assert not any(falls_short(seconds, answer) for answer in still), "one run of two would fall short"
    assert any(falls_short(seconds - 3, answer) for answer in still), "nobody has to wait so long"
    assert DURATION.parse(longer[3]) == int(longer[1]) * 60 + int(longer[2]) + run.profile.duration


def test_who_is_held_throughout_is_not_held_longer() -> None:
    """An idle connection is one sample however long a run lasts: more of them settle what is open."""
    run = RUNS[Outcome.INCONCLUSIVE]
    answers = tuple(
        replace(answer, question=replace(answer.question, name="idle connection"), more=300)
        for answer in run.verdict.answers
        if answer.unsettled
    )
    text = "\n".join(closing_lines(replace(run, verdict=replace(run.verdict, answers=answers)), "runs/x"))
    assert "Hold 300 more connections: each is one sample, and so many settle" in text
    assert "longer at this rate" not in text


def test_live_lines_tell_the_last_whole_second() -> None:
    """How far, what so far, the last second, and the line that stands worst; before anything is known, no more."""
    run = RUNS[Outcome.INVALID]
    head, second, worst = live_lines(run)
    late = replace(run, ended=run.ended + 1)
    assert live_lines(late)[1] == second, "a second of which not all is reported looks like one in which little came"
    assert len(live_lines(replace(run, reported=int(run.began)))) == 2
    assert head.startswith("1:00 of 1:00  so far INVALID (worker-lost)  24,000 requests")
    assert second.startswith("  last second: asked 100, started")
    assert worst.startswith("  worst line: all operations: at least 99.9 % available: holds")
    assert re.search(r": nothing counted, [\d,]+ more samples would settle it\Z", live_lines(EMPTY)[-1])
    assert len(live_lines(EMPTY)) == 2
    nothing = replace(EMPTY, verdict=replace(EMPTY.verdict, answers=()))
    assert len(live_lines(nothing)) == 1


def test_a_stall_is_seen_while_it_lasts() -> None:
    """A second in which nothing ended says so; one with refusals counts them."""
    run = runs.load_run(replace(runs.STALLED, seconds=21, refused=0.2))
    assert "nothing ended" in live_lines(run)[1]
    assert ", refused " in live_lines(run)[1]


def test_a_run_that_calls_no_operation_tells_what_ended() -> None:
    """Of a profile of nothing but connections it is said, while it runs, how many came, and of which some failed."""
    run = runs.connecting()
    assert run.verdict.outcome is Outcome.GO
    head, second, _ = live_lines(run)
    ends = "connecting 132, connection 132; connection p95 40.6 ms"
    assert head == f"0:04 of 0:04  so far GO  no operation is called; ended: {ends}"
    assert second == "  last second: asked 100, started 100; ended: connecting 33, connection 33"
    run.counts.add("connection", run.reported - 1, [NEVER], ["closed unexpectedly 1006"])
    head, second, _ = live_lines(run)
    assert "connection 133 (1 failed); connection p95 " in head
    assert second.endswith("connection 34 (1 failed)")
    stalled = live_lines(runs.connecting(stalls=frozenset({3})))
    assert stalled[1] == "  last second: asked 100, started 100; nothing ended"
    assert "no operation is called; ended: nothing" in live_lines(runs.connecting(seconds=0))[0]


def test_a_second_in_which_only_other_things_ended_is_none_in_which_nothing_did() -> None:
    """Where requests hang and messages still come, both are said."""
    run = runs.load_run(replace(runs.STALLED, seconds=21))
    run.counts.add("delivery", run.reported - 1, [0.05, 0.06])
    assert live_lines(run)[1].endswith("; no request ended, but delivery 2")


def test_the_worst_line_is_the_broken_one() -> None:
    """A broken question stands worst, else an open one, else the one nearest to its limit."""
    broken = worst_of(RUNS[Outcome.NO_GO].verdict.answers)
    assert broken is not None
    assert broken.finding.value == "broken"
    assert worst_of(()) is None


def test_no_secret_is_printed() -> None:
    """A registered secret is hidden in both kinds of lines."""
    register_secret("tok-0815-very-secret")
    run = replace(RUNS[Outcome.GO], notes=("tok-0815-very-secret",), run="tok-0815-very-secret")
    assert "tok-0815-very-secret" not in "\n".join([*live_lines(run), *closing_lines(run, "x")])
