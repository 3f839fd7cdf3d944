"""A load run as the document `verdict.json` (schema: verdict.schema.json).

What the document of the suites has (`fixtures.runs.conclusion`), this has by the same names, so that a pipeline reads
both alike; `load` is what only a load run has. A question of the budget stands where a check stands there.
"""

import math
from typing import Any, Final

from fixtures.runs.document import moment
from fixtures.statistics.histogram import RELATIVE_ERROR, Histogram
from loadtests.budgets.model import Errors, Good, Over, Percentile, ShareLine
from loadtests.judging import Answer, Finding
from loadtests.report.advice import steps
from loadtests.report.findings import Trouble, service_of, troubles
from loadtests.report.model import LoadRun
from loadtests.report.words import FINDINGS
from loadtests.soundness import measures
from loadtests.verdict import Outcome

SCHEMA_VERSION: Final = 1
TIER: Final = "load"
OUTCOMES: Final = ("held", "failed", "not run", "not applicable", "advisory", "undecided", "watched")
"""Those of checks; that of a question whose samples do not settle it; and of one that they need not settle."""
NOBODY: Final = "nobody is given what is somebody else's"
"""What is asked beside the budget, and no question of a share; it is a check of a run in which it failed."""
QUANTILES: Final = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p99.9": 0.999, "max": 1.0}


def document(run: LoadRun) -> dict[str, Any]:
    """The document; not yet redacted."""
    verdict = run.verdict
    judged = checks(run)
    outcomes = [check["outcome"] for check in judged]
    return {
        "schema_version": SCHEMA_VERSION,
        "run": run.run,
        "began_at": moment(run.began),
        "ended_at": moment(run.ended),
        "tiers": [TIER],
        "environment": dict(run.environment),
        "verdict": verdict.outcome.value,
        "exit_code": verdict.exit_code,
        "reasons": [
            f"{reason.cause.label}: {reason.text}" if reason.cause else reason.text for reason in verdict.reasons
        ],
        "counts": {outcome: outcomes.count(outcome) for outcome in OUTCOMES},
        "causes": [_cause(trouble, run) for trouble in troubles(run)],
        "checks": judged,
        "answered": [
            {
                "service": seen.service,
                "slot": seen.slot,
                "build": seen.build,
                "address": seen.address,
                "replicas": run.replicas[seen.service],
            }
            for seen in sorted(set(run.sightings))
        ],
        "health": [],
        "call": dict(run.contacts) if verdict.outcome is Outcome.NO_GO else {},
        "notes": list(run.notes),
        "load": _load(run),
    }


def outcome_of(answer: Answer) -> str:
    """The word that stands for the answer in reports; of a question without samples it is never a pass."""
    if answer.finding is Finding.BROKEN:
        return "failed"
    if not answer.samples:
        return "not run"
    if answer.finding is Finding.HOLDS:
        return "held"
    return "undecided" if answer.unsettled else "watched"


def finding_of(answer: Answer) -> str:
    """The same for people."""
    if not answer.judged:
        return "not judged"
    return FINDINGS[outcome_of(answer)] + (" for a while" if answer.passed else "")


def guide_lines(line: ShareLine) -> list[str]:
    """The lines of the guide whose number a line of the budget takes."""
    match line:
        case Over(limit=limit, share=share) if limit.guide or share.guide:
            return ["LOD-01"]
        case Percentile(limit=limit) if limit.guide:
            return ["LOD-01"]
        case Errors(share=share) if share.guide:
            return ["LOD-02"]
        case Good(share=share) if share.guide:
            return ["SVC-05"]
        case _:
            return []


def checks(run: LoadRun) -> list[dict[str, Any]]:
    """One for each question, after what failed beside the budget; not yet redacted."""
    made = [_check(NOBODY, "failed", "; ".join(run.facts.mixed_up), run)] if run.facts.mixed_up else []
    for answer in run.verdict.answers:
        name, reason = answer.question.name, "" if answer.finding is Finding.HOLDS else str(answer)
        check = _check(str(answer.question), outcome_of(answer), reason, run)
        service = service_of(name, run) if name in run.profile.called else None
        made.append({**check, "guide": guide_lines(answer.question.line), "service": service})
    return made


def _check(name: str, outcome: str, reason: str, run: LoadRun) -> dict[str, Any]:
    return {
        "id": f"{run.profile.name}::{name}",
        "tier": TIER,
        "guide": [],
        "service": None,
        "outcome": outcome,
        "at": moment(run.began),
        "seconds": round(max(0.0, run.ended - run.began), 3),
        "reason": reason,
    }


def _cause(trouble: Trouble, run: LoadRun) -> dict[str, Any]:
    return {
        "subject": trouble.subject,
        "state": "down" if trouble.limit is None and trouble.bad == trouble.samples else "wrong",
        "headline": trouble.headline(run.began, run.ended),
        "limit_s": trouble.limit,
        "bad": trouble.bad,
        "samples": trouble.samples,
        "instance": trouble.instance or None,
        "trace": trouble.trace or None,
        "from_at": moment(trouble.first),
        "to_at": moment(trouble.last + 1),
        "checks": list(trouble.lines),
    }


def _load(run: LoadRun) -> dict[str, Any]:
    profile, facts, counts = run.profile, run.facts, run.counts
    return {
        "profile": {
            "name": profile.name,
            "summary": profile.summary,
            "arrivals": profile.arrivals,
            "duration_s": profile.duration,
            "seed": profile.seed,
            "people": profile.people,
            "connections": profile.connections,
            "mix": dict(profile.mix),
        },
        "budget": [_answer(answer) for answer in run.verdict.answers],
        "sharing": run.verdict.sharing,
        "levels": {"alpha": run.profile.levels.alpha, "beta": run.profile.levels.beta},
        "processes": facts.workers_expected,
        "arrivals": {
            "asked": facts.arrivals_asked,
            "started": facts.arrivals_started,
            "refused": facts.arrivals_refused,
            "start_lag_s": _quantiles(counts.lag),
        },
        "soundness": [
            {"what": one.what, "measured": one.measured, "allowed": one.allowed, "kept": one.kept}
            for one in measures(run.profile.soundness, run.profile.budget, run.facts)
        ],
        "interrupted": facts.interrupted or None,
        "latencies": {
            subject: {
                "samples": tally.requests,
                "failures": tally.failed,
                "over": [{"limit_s": limit, "samples": tally.over(limit)} for limit in tally.limits],
                "quantiles_s": _quantiles(tally.latencies),
                "slowest_trace": counts.slowest.get(subject, (0.0, None))[1],
            }
            for subject, tally in sorted(counts.tallies.items())
        },
        "quantile_error": RELATIVE_ERROR,
        "errors": [
            {"subject": key[0], "cause": key[1], "times": times, "trace": counts.traces.get(key, (0, None))[1]}
            for key, times in sorted(counts.causes.items(), key=lambda item: (-item[1], item[0]))
        ],
        "next": list(steps(run)),
    }


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "question": str(answer.question),
        "subject": answer.question.name,
        "limit_s": answer.question.limit,
        "allowed": answer.question.allowed,
        "samples": answer.samples,
        "bad": answer.bad,
        "share": answer.share,
        "lower": answer.lower,
        "upper": answer.upper,
        "clumping": answer.effect,
        "finding": answer.finding.value,
        "watched": answer.question.watched,
        "more": answer.more,
    }


def _quantiles(histogram: Histogram) -> dict[str, float | str | None]:
    """Seconds; JSON has no infinity, so what never came is the word `never`."""
    found = {name: histogram.quantile(quantile) for name, quantile in QUANTILES.items()}
    return {
        name: "never" if value is not None and math.isinf(value) else value and float(f"{value:.6g}")
        for name, value in found.items()
    }
