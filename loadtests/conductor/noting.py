"""What the leader says besides its verdict: while a run ends, and in notes of its report."""

from collections.abc import Iterator

from fixtures.contract.served_by import HEADER
from fixtures.runs.folder import LEDGER
from loadtests.conductor.order import Order
from loadtests.conductor.roster import Roster
from loadtests.conductor.target import passed_over, replicas, sightings
from loadtests.numbers import several
from loadtests.said import MOST


def ending(roster: Roster, drain: float) -> str:
    """What there is to wait for between the last arrival and the verdict; `drain` in seconds."""
    people = sum(member.people for member in roster.members.values())
    removing = f", then removing {people:,} people" if people else ""
    return f"nothing more is started: waiting up to {several(round(drain), 'second')} for what is under way{removing}"


def noted(order: Order, roster: Roster, drain: float, *, decided: bool) -> Iterator[str]:
    """What a reader of the report should know besides; `decided` if it was ended for that and nothing else."""
    if decided:
        yield "it was ended as soon as the verdict was certain (--stop-when-decided)"
    if roster.unfinished:
        yield f"{roster.unfinished} were still under way when {drain:g} s of draining were over"
    if roster.good and not sightings(roster.sightings):
        yield f"no answer said by {HEADER} who it came from: another build or slot would not be noticed"
    for service, number in replicas(roster.sightings).items():
        if number == MOST:
            yield f"{service} named {MOST} instances or more by {HEADER}: bad answers of most are laid to none"
    yield from passed_over(roster.counts.passed_over)
    yield from (f"people were left behind, or may have been: {left}" for left in roster.left)
    ledger = order.folder / LEDGER
    for member in roster.members.values():
        # It was making its people, or had them, and nobody knows what became of them.
        if member.done is None and order.profile.people:
            people = f"{member.people} people" if member.ready else "people"
            yield f"{people} of {member.label} may be there: its ledger names them ({ledger}, where it ran)"
    yield from roster.notes
