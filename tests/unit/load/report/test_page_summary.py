"""The head of a load run's page: the verdict, why, what to do next, and which run this was."""

import re
from dataclasses import replace
from types import MappingProxyType
from xml.etree.ElementTree import Element

import pytest

from fixtures.runs.evidence import Sighting
from loadtests.profiles.model import OperationRate
from loadtests.profiles.phases import Segment
from loadtests.report.advice import meaning, steps
from loadtests.report.findings import doubts, troubles
from loadtests.report.model import LoadRun
from loadtests.report.page import page
from loadtests.report.page.method import method
from loadtests.report.page.summary import facts, summary
from loadtests.report.page.timelines import latencies
from loadtests.report.words import unproven_lines, why
from loadtests.verdict import Outcome
from tests.unit.load.judged import SOUND
from tests.unit.load.report import runs
from tests.unit.load.report.test_verdict import ALL, RUNS


def text(element: Element) -> str:
    return "".join(element.itertext())


def told(run: LoadRun) -> dict[str, str]:
    """What is told of a run, by its name; notes are one."""
    root = Element("main")
    root.extend(facts(run))
    return {text(row[0]): text(row[1]) for row in root.iterfind("dl/div")}


def verdict(run: LoadRun) -> tuple[Element, dict[str, list[str]]]:
    """The section, and what is listed in it below each heading."""
    title, section = summary(run)
    assert title.tag == "h1"
    lists: dict[str, list[str]] = {}
    heading = ""
    for part in section:
        if part.tag == "h3":
            heading = text(part)
        elif part.tag in {"ul", "ol"}:
            lists[heading] = [text(item) for item in part]
    return section, lists


@pytest.mark.parametrize("name", ALL)
def test_the_summary_says_what_the_verdict_is(name: str) -> None:
    """The word, its colour, what it means, why it is so and what to do are those of the verdict, and nothing is cut."""
    run = ALL[name]
    section, lists = verdict(run)
    assert [text(part) for part in section[:2]] == [run.verdict.outcome.value, meaning(run)]
    assert section.get("class") == f"verdict {run.verdict.outcome.value.lower()}"
    assert lists["Why"] == why(run)
    assert lists["What to do next"] == list(steps(run))
    whole = page(run)
    assert whole.count(f"<title>{run.verdict.outcome.value}: load run release ") == 1
    assert whole.index('<meta charset="utf-8">') < whole.index("<title>")
    (open_lines,) = [items for head, items in lists.items() if head.startswith("Not proven")] or [[]]
    assert open_lines == list(unproven_lines(run))
    assert ("Call (deployment guide" in text(section)) is (run.verdict.outcome is Outcome.NO_GO)


def test_what_broke_the_budget_is_told_with_its_time_and_what_is_only_doubted_is_not_called_a_cause() -> None:
    """A burst of a proven NO-GO is a cause; as many failures that prove nothing are what is suspected."""
    run = RUNS[Outcome.NO_GO]
    causes = verdict(run)[1]["Causes"]
    assert len(causes) == len(troubles(run)) > 0
    assert "from 0:22 to 0:31" in causes[0]
    doubted = runs.load_run(replace(runs.SHORT, burst=range(3, 4), rate=3))
    assert doubted.verdict.outcome is Outcome.INCONCLUSIVE
    lists = verdict(doubted)[1]
    assert "Causes" not in lists
    (suspected,) = (items for head, items in lists.items() if head.startswith("More was bad"))
    assert len(suspected) == len(doubts(doubted)) > 0


def test_reasons_that_are_left_out_are_counted() -> None:
    """Those that are listed and the number of the others are all that there are."""
    run = RUNS[Outcome.INCONCLUSIVE]
    many = replace(run, verdict=replace(run.verdict, reasons=run.verdict.reasons * 20))
    *listed, last = verdict(many)[1]["Why"]
    assert len(listed) == 12
    assert last == f"and {len(why(many)) - 12} more, line by line below"
    twelve = replace(run, verdict=replace(run.verdict, reasons=(run.verdict.reasons * 20)[:12]))
    assert len(verdict(twelve)[1]["Why"]) == len(why(twelve)) == 12


def test_which_run_it_was_is_told() -> None:
    """When and where it ran, for how long of its time, how much it asked, and from how many processes."""
    run = runs.load_run(
        replace(runs.HEALTHY, seconds=40), runs.profile(lasts=60.0), replace(SOUND, interrupted="Ctrl-C")
    )
    requests = sum(tally.requests for name, tally in run.counts.tallies.items() if name in run.profile.called)
    found = told(run)
    assert found["Began"] == "2025-11-24 16:00:00 UTC"
    assert text(next(summary(run))) == "Load run release against local, 2025-11-24 16:00:00 UTC"
    assert found["Lasted"] == "40 s of 1 min, ended early: Ctrl-C"
    assert found["Requests"] == f"{requests:,}, {requests / 40:,.0f} a second"
    assert found["Processes that made load"] == "2"
    assert (found["Environment"], found["Address"]) == ("local, slot live", "https://127.0.0.1:8443")
    assert found["Run"] == run.run
    assert found["Profile"] == "release: what a release must carry"
    assert found["Parts of the platform"] == "real: postgres, redis; simulated: kafka"
    real = replace(run, environment={**runs.ENVIRONMENT, "provenance": {"postgres": "real"}})
    assert told(real)["Parts of the platform"] == "real: postgres"
    assert "Parts of the platform" not in told(replace(run, environment={**runs.ENVIRONMENT, "provenance": {}}))
    assert told(replace(run, ended=run.began))["Lasted"] == "0 s of 1 min, ended early: Ctrl-C"


def test_every_build_that_answered_is_told() -> None:
    """What answered is told, and not what was meant."""
    seen = (Sighting("chat", "green", "new"), Sighting("auth", "green", "old"), Sighting("otp", "green", ""))
    assert told(replace(RUNS[Outcome.GO], sightings=seen))["Build"] == "new, old"


@pytest.mark.parametrize(
    ("arrivals", "begins"), [("constant", "open, evenly spaced"), ("poisson", "open, at random"), ("closed", "closed")]
)
def test_how_work_arrived_is_told(arrivals: str, begins: str) -> None:
    """Whether a slow platform was asked less is what every latency of the page depends on."""
    run = RUNS[Outcome.GO]
    named = replace(run, profile=replace(run.profile, arrivals=arrivals))  # type: ignore[arg-type]  # one of the three
    assert told(named)["Arrivals"].startswith(begins)


def test_what_people_did_is_told_in_shares_and_rates() -> None:
    """Journeys by their share, the most frequent first, and what is asked at a rate of its own."""
    profile = replace(
        RUNS[Outcome.GO].profile,
        mix=MappingProxyType({"calling": 1, "browsing": 7, "chatting": 4}),
        phases=(Segment(30.0, 1.0, 5.0), Segment(30.0, 5.0, 20.0)),
        rates=(OperationRate("chat sendMessage", (Segment(60.0, 3.0, 3.0),)),),
        connections=1,
        seed=17,
    )
    assert told(replace(RUNS[Outcome.GO], profile=profile))["What people did"] == (
        "browsing 58.3 %; chatting 33.3 %; calling 8.33 %; at most 20 a second of these; at a rate of its own: "
        "chat sendMessage (at most 3 a second); 400 synthetic people; 1 websocket held idle; seed 17"
    )


def test_how_often_the_verdict_may_be_wrong_is_told_of_either_side() -> None:
    """A false NO-GO and a false GO are not as probable as each other, if the profile says so."""
    run = RUNS[Outcome.GO]
    levels = replace(run.profile.levels, alpha=0.01, beta=0.002)
    paragraphs = [text(part) for part in method(replace(run, profile=replace(run.profile, levels=levels)))]
    assert run.verdict.sharing in paragraphs
    wrong = "A false NO-GO of the whole run has probability at most 0.01, a false GO at most 0.002."
    assert any(one.startswith(wrong) for one in paragraphs)


@pytest.mark.parametrize(
    ("lasted", "lead"), [(240, "the second in"), (241, "the 2 seconds in"), (3600, "the 15 seconds in")]
)
def test_how_long_a_moment_of_the_picture_is_told(lasted: int, lead: str) -> None:
    """Of a long run a moment is many seconds, and its p99 that of all of them."""
    run = runs.load_run(replace(runs.SHORT, seconds=lasted, rate=1))
    (found,) = re.findall(r"All operations, by (.*?) which they ended", " ".join(map(text, latencies(run))))
    assert found == lead
