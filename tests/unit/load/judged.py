"""Plans, facts and counts that tests of the verdict judge."""

from dataclasses import replace
from decimal import Decimal
from random import Random

from fixtures.statistics.tally import Tally
from loadtests.budgets.grammar import parse_budget
from loadtests.budgets.model import GuideNumbers
from loadtests.budgets.questions import limits
from loadtests.kinds import IDLE
from loadtests.soundness import Cause, Facts
from loadtests.verdict import Plan

GUIDE = GuideNumbers(slow=Decimal(1), slow_share=Decimal(5), error_share=Decimal(1), availability=Decimal("99.9"))
TWENTY = frozenset(f"chat operation{index}" for index in range(20))
SOUND = Facts(
    workers_expected=2,
    workers_lost=(),
    arrivals_asked=10_000,
    arrivals_started=10_000,
    arrivals_refused=0,
    arrivals_due=0,
    generator_cpu=0.4,
    start_lag=0.0001,
    loop_lag=0.0001,
    clock_disagreement=0.001,
    clock_moved=0.001,
    target_changes=(),
)
UNSOUND = {
    Cause.NOT_PREPARED: replace(SOUND, unable=("worker-2: no people: status 503",)),
    Cause.TARGET_CHANGED: replace(SOUND, target_changes=("chat: slot green, then blue",)),
    Cause.WORKER_LOST: replace(SOUND, workers_lost=("worker-2",)),
    Cause.GENERATOR_EXHAUSTED: replace(SOUND, exhausted=("no port left (12 times)",)),
    Cause.GENERATOR_CPU: replace(SOUND, generator_cpu=0.97),
    Cause.GENERATOR_LAG: replace(SOUND, start_lag=0.02),
    Cause.CLOCKS_DISAGREE: replace(SOUND, clock_disagreement=0.5),
    Cause.NOT_STARTED: replace(SOUND, arrivals_refused=1),
    Cause.RATE: replace(SOUND, arrivals_started=9_800),
}


def plan(text: str, called: frozenset[str] = frozenset({"chat sendMessage"})) -> Plan:
    budget = parse_budget(text, operations=called, journeys=("delivery", IDLE), guide=GUIDE)
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


def counted(*parts: tuple[int, int, int]) -> Tally:
    """So many seconds of so many requests each, of which so many fail; one part after the other."""
    tally = Tally()
    for seconds, requests, failed in parts:
        for _ in range(seconds):
            tally.add(len(tally.seconds()), [0.05] * requests, failed)
    return tally
