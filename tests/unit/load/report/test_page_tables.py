"""Tables of a load run's page: each number is that of its row, and stands below its title."""

import math
import re
from collections.abc import Iterable
from dataclasses import replace
from xml.etree.ElementTree import Element

import pytest

from fixtures.statistics.histogram import RELATIVE_ERROR
from loadtests.budgets.model import ALL as EVERYTHING
from loadtests.counts import NEVER, Counts
from loadtests.numbers import count, share
from loadtests.report.document import finding_of, outcome_of
from loadtests.report.metrics import CPU, FAILED, REQUESTS, SECONDS, SOCKETS
from loadtests.report.model import LoadRun, Reading
from loadtests.report.page.budget import budget
from loadtests.report.page.curves import curves
from loadtests.report.page.errors import errors
from loadtests.report.page.generator import generator
from loadtests.report.page.platform import platform
from loadtests.report.words import what, who
from loadtests.verdict import Outcome
from tests.unit.load.judged import SOUND
from tests.unit.load.report import runs
from tests.unit.load.report.test_verdict import ALL, EMPTY, RUNS

UNITS = {"ms": 1e-3, "s": 1.0}


def words(element: Element) -> str:
    return " ".join(part for part in element.itertext() if part)


def rows(section: Iterable[Element]) -> list[dict[str, Element]]:
    """The cells of the one table of a section, by their titles; a narrow page has each title beside its cell."""
    root = Element("main")
    root.extend(section)
    (table,) = root.iter("table")
    titles = [words(cell) for cell in table.iterfind("thead/tr/th")]
    found = []
    for row in table.iterfind("tbody/tr"):
        name, *cells = row
        assert [cell.get("data-label") for cell in cells] == titles[1:]
        found.append(dict(zip(titles, [name, *cells], strict=True)))
    return found


def texts(section: Iterable[Element]) -> list[dict[str, str]]:
    return [{title: words(cell) for title, cell in row.items()} for row in rows(section)]


def seconds(text: str) -> float:
    """What a latency as people read it is."""
    number, unit = text.split()
    return float(number.replace(",", "")) * UNITS[unit]


@pytest.mark.parametrize("name", ALL)
def test_a_line_of_the_budget_has_the_counts_of_its_subject(name: str) -> None:
    """What was seen, what is allowed, how many samples there were and what settles them are of the row's question."""
    run = ALL[name]
    found, drawn = texts(budget(run)), rows(budget(run))
    for answer in run.verdict.answers:
        question = answer.question
        names = run.profile.called if question.name == EVERYTHING else {question.name}
        tallies = [run.counts.tallies[name] for name in names if name in run.counts.tallies]
        asked = f"{who(question)} {what(question)} {question.line}"
        ((row, cells),) = ((row, cells) for row, cells in zip(found, drawn, strict=True) if asked in row["Line"])
        assert row["Finding"] == finding_of(answer)
        assert cells["Finding"][0].get("class") == f"finding {outcome_of(answer).replace(' ', '-')}"
        assert row["Allowed"] == share(question.allowed)
        samples = sum(tally.requests for tally in tallies)
        if not samples:
            assert (row["Samples"], row["To settle it"]) == ("0", "\N{EN DASH}")
            assert row["From 0 to twice what is allowed"].endswith("nothing was counted")
            continue
        bad = sum(tally.failed if question.limit is None else tally.over(question.limit) for tally in tallies)
        assert row["Seen"] == f"{share(bad / samples)} {count(bad)} bad"
        assert row["Samples"].split(" worth ")[0] == count(samples)
        assert f" {share(answer.lower)} to {share(answer.upper)}" in row["From 0 to twice what is allowed"]
        assert (row["To settle it"] == f"{count(answer.more or 0)} more") is bool(answer.more and answer.judged)


def test_what_clumps_is_said_to_be_worth_less() -> None:
    """Beside the samples of a line whose bad ones come in bursts stands how many independent ones they are worth."""
    run = RUNS[Outcome.NO_GO]
    clumped = [answer for answer in run.verdict.answers if answer.effect > 1.05 and answer.samples]
    worth = [row["Samples"].partition(" worth ")[2] for row in texts(budget(run))]
    assert sorted(one for one in worth if one) == sorted(count(answer.worth) for answer in clumped) != []


def test_what_is_far_beyond_its_limit_is_told_by_how_much() -> None:
    """Where the picture ends it does not show how bad it was: the cell has the number."""
    run = runs.load_run(replace(runs.BRIEF, errors=0.25))
    failing = next(row for row in texts(budget(run)) if row["Line"].startswith("all operations at most 1 % fail"))
    (times,) = re.findall(r"seen (\d+) times what is allowed", failing["From 0 to twice what is allowed"])
    assert float(times) == pytest.approx(25, abs=2)
    within = [row for row in texts(budget(run)) if row["Line"].startswith("delivery")]
    assert "times what is allowed" not in within[0]["From 0 to twice what is allowed"]


LATENCIES = [number / 1000 for number in range(1, 1000)] + [9.0]
"""A thousand, of which no two quantiles are alike."""


def one_run(**subjects: tuple[list[float], int]) -> LoadRun:
    """A run that counted these latencies and so many failures, by the last word of the operation."""
    names = {f"chat {name}": counted for name, counted in subjects.items()}
    run = runs.load_run(runs.EMPTY, runs.profile(operations=frozenset(names)))
    counts = Counts(run.counts.limits)
    for name, (latencies, failed) in names.items():
        counts.add(name, runs.BEGAN, latencies, ["status 503"] * failed)
    return replace(run, counts=counts, ended=run.began + 1)


def test_latencies_of_a_subject_are_its_own() -> None:
    """Samples and those over a limit are counted, quantiles are what so many took at most, whatever others took."""
    never = [0.002] * 97 + [1.2, 1.2, NEVER]
    run = one_run(sendMessage=(LATENCIES, 30), listMessages=(never, 1))
    run.counts.add("delivery", runs.BEGAN, [0.5] * 4)
    run.counts.add("a journey", runs.BEGAN, [0.5] * 4)
    others, message, *beside = texts(curves(run))
    assert [row["Subject"] for row in (others, message, *beside)] == [
        *("chat listMessages", "chat sendMessage", "a journey", "delivery"),
    ]
    assert (message["Samples"], message["Failed"]) == ("1,000", "30 (3 %)")
    assert (others["Over 1 s"], others["Over 1.5 s"], message["Over 1.5 s"]) == ("3 (3 %)", "1 (1 %)", "1 (0.1 %)")
    expected = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p99.9": 0.999, "slowest": 9.0}
    got = {name: seconds(message[name]) for name in expected}
    assert got == pytest.approx(expected, rel=2 * RELATIVE_ERROR)
    assert others["slowest"] == "never came"
    assert beside[0]["Failed"] == beside[0]["Over 1 s"] == "0"


def test_the_curve_of_all_is_that_of_operations_and_others_are_the_slowest() -> None:
    """Journeys wait for several answers, and are no part of it; it is the tail that makes an operation one of them."""
    tails = {"quickest": 0.1, "quick": 0.2, "slow": 0.3, "slowest": 0.4}
    run = one_run(**{name: ([1.0 / (10 * tail)] * 60 + [tail * 10] * 40, 0) for name, tail in tails.items()})
    run.counts.add("chat rare", runs.BEGAN, [60.0] * 5)
    run.counts.add("delivery", runs.BEGAN, [0.001] * 50)
    root = Element("main")
    root.extend(curves(run))
    (title,) = (text for text in map(words, root.iter("title")) if text.startswith("Distribution"))
    assert title.startswith("Distribution of all, 400 samples: ")
    named = {text.get("class", ""): words(text) for text in root.iter("text") if "label" in text.get("class", "")}
    assert named == {
        "label main": "all",
        "label other": "chat slowest",
        "label other dashed": "chat slow",
        "label other dash-dot": "chat quick",
    }


def test_the_limits_in_the_distribution_are_those_of_all_operations() -> None:
    """Its main line is held against them: a limit of one operation has another line to pass."""
    root = Element("main")
    root.extend(curves(RUNS[Outcome.GO]))
    assert [words(text) for text in root.iter("text") if text.get("class") == "limit-text"] == ["95 % within 1 s"]


def test_errors_are_told_by_how_often_they_came() -> None:
    """The most frequent is first, with its subject, and its part of all that the subject was asked."""
    run = one_run(sendMessage=([0.01] * 200, 4), listMessages=([0.01] * 50, 1))
    run.counts.causes.add(("chat sendMessage", "time-out"), 40)
    run.counts.traced("chat sendMessage", "time-out", 1, "5c4e")
    assert [list(row.values()) for row in texts(errors(run))] == [
        ["chat sendMessage", "time-out", "40", "20 %", "5c4e"],
        ["chat sendMessage", "status 503", "4", "2 %", ""],
        ["chat listMessages", "status 503", "1", "2 %", ""],
    ]


@pytest.mark.parametrize("more", [0, 1, 7])
def test_no_error_is_left_out_without_being_counted(more: int) -> None:
    """Those that are told one by one, and the number of the others, are all that failed."""
    run = one_run(sendMessage=([0.01] * 500, 0))
    for number in range(40 + more):
        run.counts.causes.add(("chat sendMessage", f"cause {number}"), 2)
    section = list(errors(run))
    told = sum(int(row["Times"]) for row in texts(section))
    counted = re.findall(r"And (\d+) failures? of rarer causes", " ".join(map(words, section)))
    assert told + sum(map(int, counted)) == run.counts.causes.total()
    assert len(counted) == bool(more)


def test_that_nothing_failed_is_said_only_where_something_was_counted() -> None:
    """A run that counted nothing had no failures either, and is not praised for that."""
    for run, told in ((EMPTY, "Nothing was counted."), (one_run(sendMessage=([0.01], 0)), "Nothing failed.")):
        assert [words(part) for part in errors(run)] == ["Errors by cause", told]


def test_the_generator_is_held_against_its_allowance() -> None:
    """What was measured, what is allowed, and the part that was used are told of each; what is not kept stands out."""
    run = runs.load_run(runs.BRIEF, facts=replace(SOUND, generator_cpu=0.45, start_lag=0.02))
    found = {words(row["Measure"]): row for row in rows(generator(run))}
    processor, late = found["processor of the busiest worker"], found["arrivals started late, p99.5"]
    for row, cells, kept, used, width in (
        (processor, ["45 %", "at most 90 %"], "kept", "50%", "50.0%"),
        (late, ["20 ms", "at most 10 ms"], "not kept", "200%", "100.0%"),
    ):
        assert [words(row["Measured"]), words(row["Allowed"]), words(row[""])] == [*cells, kept]
        (meter,) = (part for part in row["Used of it"].iter("span") if "meter" in part.get("class", ""))
        assert (meter.get("aria-label"), meter[0].get("style")) == (used, f"width:{width}")
        assert (meter.get("class") == "meter over") is (kept == "not kept")
        (finding,) = row[""]
        assert finding.get("class") == f"finding {'held' if kept == 'kept' else 'failed'}"


def test_how_late_arrivals_were_is_told_whole() -> None:
    """Not only the worst, and not only the usual lateness makes a generator one that can be trusted."""
    run = runs.load_run(runs.EMPTY)
    assert "started late:" not in " ".join(map(words, generator(run)))
    run.counts.begun([0.001] * 900 + [0.002] * 95 + [0.004] * 4 + [0.008])
    (told,) = (text for text in map(words, generator(run)) if "started late:" in text)
    late = re.findall(r"(half|[\d.]+ %|all) within ([\d.]+ ms)", told)
    assert [name for name, _ in late] == ["half", "99 %", "99.9 %", "all"]
    assert [seconds(text) for _, text in late] == pytest.approx([0.001, 0.002, 0.004, 0.008], rel=2 * RELATIVE_ERROR)


def test_a_service_is_shown_by_its_own_metrics() -> None:
    """Each in the unit of its column, with its peak and its last value, in the order of time, however they came."""
    told = {
        ("chat", SECONDS): ((0.012, 0.5, 0.02), ("500 ms", "20 ms")),
        ("chat", FAILED): ((0.0, 0.25, 0.01), ("25 %", "1 %")),
        ("chat", REQUESTS): ((10.0, 40.0, 30.0), ("40 /s", "30 /s")),
        ("chat", CPU): ((0.1, 0.9, 0.3), ("0.9 cores", "0.3 cores")),
        ("auth", SECONDS): ((0.001, 0.003, 0.002), ("3 ms", "2 ms")),
        ("auth", REQUESTS): ((5.0, 7.0, 6.0), ("7 /s", "6 /s")),
        ("auth", SOCKETS): ((100.0, 1200.0, 1100.0), ("1,200", "1,100")),
        ("idler", REQUESTS): ((0.0, 0.0, 0.0), ("0 /s", "0 /s")),
    }
    run = RUNS[Outcome.GO]
    readings = [
        Reading(run.began + second, service, name, value)
        for (service, name), (values, _) in told.items()
        for second, value in zip((5.0, 30.0, 60.0), values, strict=True)
    ]
    found = {row["Service"]: row for row in texts(platform(replace(run, readings=tuple(reversed(readings)))))}
    assert list(found) == ["auth", "chat"]
    for service, row in found.items():
        assert list(row)[1:] == [name[0].upper() + name[1:] for name in (SECONDS, FAILED, REQUESTS, CPU, SOCKETS)]
        for title, cell in list(row.items())[1:]:
            name = title[0].lower() + title[1:]
            if (service, name) in told:
                peak, last = told[service, name][1]
                assert cell == f"{name}: at most {peak}, at the end {last} {peak}"
            else:
                assert cell == "\N{EN DASH}"


def test_a_line_of_a_service_lies_in_its_time() -> None:
    """What happened in the middle of the run is in the middle of the picture, and higher where it was more."""
    run = RUNS[Outcome.GO]
    middle = (run.began + run.ended) / 2
    readings = [
        Reading(at, "chat", REQUESTS, value) for at, value in ((middle, 10.0), (middle + 10, 30.0), (middle + 20, 20.0))
    ]
    (row,) = rows(platform(replace(run, readings=tuple(readings))))
    (line,) = (part for part in row["Requests a second"].iter("path"))
    points = [tuple(map(float, point.split())) for point in line.get("d", "").removeprefix("M").split("L")]
    across, down = zip(*points, strict=True)
    assert across[0] == pytest.approx(75, abs=1)
    assert across[2] - across[1] == pytest.approx(across[1] - across[0], abs=0.2)
    assert down[1] < down[2] < down[0]
    assert math.isclose(28 - 3 - down[0], (28 - 3 - down[1]) / 3, abs_tol=0.2)


@pytest.mark.parametrize(
    ("second", "shown"),
    [(4.4, False), (4.6, True), (60.4, True), (60.6, False)],
)
def test_what_lies_mostly_outside_the_run_is_not_shown(second: float, shown: bool) -> None:  # noqa: FBT001
    """A look tells of the five seconds before it: of which most are the run's own, or making and removing people."""
    run = RUNS[Outcome.GO]
    readings = (Reading(run.began + second, "chat", REQUESTS, 40.0),)
    assert ("40 /s" in " ".join(map(words, platform(replace(run, readings=readings))))) is shown
